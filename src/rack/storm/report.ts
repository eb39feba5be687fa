/** The outcome of a storm as numbers: how long each phase took, why boards began again, what went wrong. Pure. */
import { withoutPrefix } from './contents.ts';
import type { BoardRecord } from './record.ts';
import { whyOf } from './why.ts';

interface Percentiles {
  /** How many boards came so far. */
  readonly boards: number;
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

export const phases = ['offer', 'first file', 'kernel', 'complete'] as const;
type Phase = (typeof phases)[number];

export interface ReasonCount {
  readonly reason: string;
  /** Boards that this happened to. */
  readonly boards: number;
  readonly times: number;
  /** The reason explained; undefined where it says all. */
  readonly why: string | undefined;
}

export interface StormOutcome {
  readonly boards: number;
  readonly complete: number;
  /** More than `complete` where boards were switched off and on again. */
  readonly boots: number;
  readonly seconds: number;
  /** From each board's power-on. */
  readonly phases: Readonly<Record<Phase, Percentiles | undefined>>;
  /** Complete boards by kind, and how long the median took. */
  readonly kinds: readonly {
    readonly kind: string;
    readonly boards: number;
    readonly complete: number;
    readonly p50Ms: number | undefined;
  }[];
  readonly restarts: readonly ReasonCount[];
  /** Not restarts: what boards waited for before they went on. */
  readonly waits: readonly ReasonCount[];
  /** What a service must not do, and boards that are dead. */
  readonly errors: readonly ReasonCount[];
  readonly unfinished: readonly string[];
  readonly blocks: number;
  readonly bytes: number;
}

export function stormOutcome(records: readonly BoardRecord[], seconds: number): StormOutcome {
  const complete = records.filter(({ completeMs }) => completeMs !== undefined);
  return {
    boards: records.length,
    complete: complete.length,
    boots: sum(records, ({ boots }) => boots),
    seconds,
    phases: {
      offer: percentiles(records, ({ offerMs }) => offerMs),
      'first file': percentiles(records, ({ firstFileMs }) => firstFileMs),
      kernel: percentiles(records, ({ kernelMs }) => kernelMs),
      complete: percentiles(records, ({ completeMs }) => completeMs),
    },
    kinds: byKind(records),
    restarts: countReasons(records, ({ restarts }) => restarts.map(({ reason }) => withoutPrefix(reason))),
    waits: countReasons(records, waitsOf),
    errors: countReasons(records, errorsOf),
    unfinished: records.filter(({ completeMs }) => completeMs === undefined).map(({ name }) => name),
    blocks: sum(records, ({ blocks }) => blocks),
    bytes: sum(records, ({ bytes }) => bytes),
  };
}

function waitsOf({ unanswered }: BoardRecord): string[] {
  return Array.from({ length: unanswered }, () => 'DISCOVER reached the service and was not answered: held back');
}

function errorsOf({ needlessRepeats, differences, dead }: BoardRecord): string[] {
  const repeats = Array.from({ length: needlessRepeats }, () => 'block sent again although its ACK had left');
  return [...repeats, ...differences, ...(dead === undefined ? [] : [dead])];
}

function byKind(records: readonly BoardRecord[]): StormOutcome['kinds'] {
  return [...new Set(records.map(({ kind }) => kind))].toSorted().map((kind) => {
    const ours = records.filter((record) => record.kind === kind);
    const times = percentiles(ours, ({ completeMs }) => completeMs);
    return { kind, boards: ours.length, complete: times?.boards ?? 0, p50Ms: times?.p50Ms };
  });
}

function percentiles(
  records: readonly BoardRecord[],
  timeOf: (record: BoardRecord) => number | undefined,
): Percentiles | undefined {
  const times = records.flatMap((record) => timeOf(record) ?? []).toSorted((a, b) => a - b);
  const at = (share: number) => Math.round(times[Math.max(Math.ceil(share * times.length) - 1, 0)] ?? 0);
  if (times.length === 0) return undefined;
  return { boards: times.length, p50Ms: at(0.5), p90Ms: at(0.9), p99Ms: at(0.99), maxMs: at(1) };
}

/** Most frequent first. */
function countReasons(
  records: readonly BoardRecord[],
  reasonsOf: (record: BoardRecord) => readonly string[],
): ReasonCount[] {
  const counts = new Map<string, { boards: number; times: number }>();
  for (const record of records) {
    const reasons = reasonsOf(record);
    for (const reason of reasons) {
      const count = counts.get(reason) ?? { boards: 0, times: 0 };
      counts.set(reason, { ...count, times: count.times + 1 });
    }
    for (const reason of new Set(reasons)) {
      const count = counts.get(reason);
      if (count !== undefined) counts.set(reason, { ...count, boards: count.boards + 1 });
    }
  }
  return [...counts]
    .map(([reason, { boards, times }]) => ({ reason, boards, times, why: whyOf(reason) }))
    .toSorted((a, b) => b.times - a.times);
}

function sum(records: readonly BoardRecord[], valueOf: (record: BoardRecord) => number): number {
  return records.reduce((total, record) => total + valueOf(record), 0);
}
