/** One line per event on a stream: logfmt, which journald, grep and people read alike. */
import type { Writable } from 'node:stream';

import type { Log, LogFields } from '../model/log.ts';

/** Whoever reads the log may stand still; what it would read later must not fill the memory. */
const maxWaitingBytes = 1 << 20;

export function logTo(stream: Writable, now: () => Date = () => new Date()): Log {
  let dropped = 0;
  const writeLine = (level: string, event: string, fields: LogFields) =>
    stream.write(`${now().toISOString()} ${level} ${event}${renderFields(fields)}\n`);
  const write = (level: string) => (event: string, fields?: LogFields) => {
    if (stream.writableLength >= maxWaitingBytes) {
      dropped += 1;
      return;
    }
    if (dropped > 0) writeLine('warn', 'log.dropped', { lines: dropped });
    dropped = 0;
    writeLine(level, event, fields ?? {});
  };
  return { info: write('info'), warn: write('warn') };
}

function renderFields(fields: LogFields): string {
  return Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ` ${name}=${renderValue(value)}`)
    .join('');
}

/** Quoted as JSON unless it is one plain word: what a value from the network holds ends no line, and steers no terminal. */
function renderValue(value: LogFields[string]): string {
  const text = Array.isArray(value) ? value.join(',') : String(value);
  return /^[\w.:/@+,-]+$/.test(text) ? text : JSON.stringify(text).replaceAll(steering, escaped);
}

/** Of those JSON escapes only what comes before the space: not C1, line separators, nor what turns the direction of writing. */
// oxlint-disable-next-line no-control-regex -- they are what is looked for
const steering = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

const escaped = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
