/** The TFTP server's lines: one for each boot, and a few of those a person should look at. The rest is counted. */
import type { Log, LogFields } from '../model/log.ts';
import type { TftpClient } from './tftp-clients.ts';

/** Anybody can provoke lines as fast as the wire goes: so many of one kind, and then how many there were. */
const periodMs = 10_000;
const linesPerPeriod = 20;

/** One tells of all: they say nothing of a certain board. */
const single: ReadonlySet<string> = new Set(['tftp.ignored', 'tftp.waiting']);

interface Kind {
  lines: number;
  untold: number;
  sinceMs: number;
}

export class TftpLog {
  readonly #log: Log;
  readonly #now: () => number;
  readonly #kinds = new Map<string, Kind>();

  constructor(log: Log, now: () => number) {
    this.#log = log;
    this.#now = now;
  }

  listening(fields: LogFields): void {
    this.#log.info('tftp.listening', fields);
  }

  warn(event: string, fields: LogFields): void {
    this.#limited('warn', event, fields);
  }

  /** What a board looked for and did not find is usual; which file it was helps when it is the last thing that is heard. */
  served(client: TftpClient): void {
    const { address, files, bytes, missing, probes, resends, lastMissing } = client;
    const ms = Math.round(client.seenAtMs - client.startedAtMs);
    const what = { address, files, bytes, ms, missing, probes, resends };
    if (files > 0) return this.#log.info('tftp.served', what);
    if (missing + probes > 0) this.#limited('info', 'tftp.nothing-served', { address, missing, probes, lastMissing });
  }

  #limited(level: keyof Log, event: string, fields: LogFields): void {
    const nowMs = this.#now();
    const kind = this.#kinds.get(event) ?? { lines: 0, untold: 0, sinceMs: nowMs };
    this.#kinds.set(event, kind);
    if (nowMs - kind.sinceMs >= periodMs) {
      kind.sinceMs = nowMs;
      kind.lines = 0;
    }
    if (kind.lines >= (single.has(event) ? 1 : linesPerPeriod)) {
      kind.untold++;
      return;
    }
    kind.lines++;
    this.#log[level](event, kind.untold > 0 ? { ...fields, untold: kind.untold } : fields);
    kind.untold = 0;
  }
}
