/** One line per event on a stream: logfmt, which journald, grep and people read alike. */
import type { Writable } from 'node:stream';

import type { Log, LogFields } from '../model/log.ts';

export function logTo(stream: Writable, now: () => Date = () => new Date()): Log {
  const write = (level: string) => (event: string, fields?: LogFields) => {
    stream.write(`${now().toISOString()} ${level} ${event}${renderFields(fields ?? {})}\n`);
  };
  return { info: write('info'), warn: write('warn') };
}

function renderFields(fields: LogFields): string {
  return Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ` ${name}=${renderValue(value)}`)
    .join('');
}

/** Quoted as JSON unless it is one plain word, so that a value from the network can never end the line. */
function renderValue(value: LogFields[string]): string {
  const text = Array.isArray(value) ? value.join(',') : String(value);
  return /^[\w.:/@+,-]+$/.test(text) ? text : JSON.stringify(text);
}
