/** A log for what anybody can provoke as fast as the wire goes: so many lines of one kind, and then how many more there were. */
import type { Log, LogFields } from '../model/log.ts';

const periodMs = 10_000;
const usualLines = 20;

/** Only of refusals and troubles there are so many: what is done for each board is told. */
export function withLimitedWarnings(log: Log, now: () => number): Log {
  const limited = limitedLog(log, now);
  return { info: (event, fields) => log.info(event, fields), warn: (event, fields) => limited.warn(event, fields) };
}

interface Kind {
  lines: number;
  untold: number;
  sinceMs: number;
}

type LinesOf = (event: string) => number | undefined;

/** @param linesOf how many lines of this event there may be in ten seconds; 20 where it does not say */
export function limitedLog(log: Log, now: () => number, linesOf: LinesOf = () => undefined): Log {
  const kinds = new Map<string, Kind>();
  const limited = (level: keyof Log) => (event: string, fields?: LogFields) => {
    const nowMs = now();
    const kind = kinds.get(event) ?? { lines: 0, untold: 0, sinceMs: nowMs };
    kinds.set(event, kind);
    if (nowMs - kind.sinceMs >= periodMs) {
      kind.sinceMs = nowMs;
      kind.lines = 0;
    }
    if (kind.lines >= (linesOf(event) ?? usualLines)) {
      kind.untold++;
      return;
    }
    kind.lines++;
    log[level](event, kind.untold > 0 ? { ...fields, untold: kind.untold } : fields);
    kind.untold = 0;
  };
  return { info: limited('info'), warn: limited('warn') };
}
