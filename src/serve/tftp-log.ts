/** The TFTP server's lines: one for each boot, and a few of those a person should look at. The rest is counted. */
import type { Log, LogFields } from '../model/log.ts';
import { limitedLog } from './limited-log.ts';
import type { TftpClient } from './tftp-clients.ts';

/** One tells of all: they say nothing of a certain board. */
const single: ReadonlySet<string> = new Set(['tftp.ignored', 'tftp.waiting']);

const linesOf = (event: string) => (single.has(event) ? 1 : undefined);

export class TftpLog {
  readonly #log: Log;
  /** For what anybody can provoke. */
  readonly #limited: Log;

  constructor(log: Log, now: () => number) {
    this.#log = log;
    this.#limited = limitedLog(log, now, linesOf);
  }

  listening(fields: LogFields): void {
    this.#log.info('tftp.listening', fields);
  }

  warn(event: string, fields: LogFields): void {
    this.#limited.warn(event, fields);
  }

  /** What a board looked for and did not find is usual; which file it was helps when it is the last thing that is heard. */
  served(client: TftpClient): void {
    const { address, files, bytes, missing, probes, resends, lastMissing } = client;
    const ms = Math.round(client.seenAtMs - client.startedAtMs);
    const what = { address, files, bytes, ms, missing, probes, resends };
    if (files > 0) return this.#log.info('tftp.served', what);
    if (missing + probes > 0) this.#limited.info('tftp.nothing-served', { address, missing, probes, lastMissing });
  }
}
