/** Rounds, medians and what was promised: how the figures of a benchmark are put together. */

/** A figure of ours as a multiple of another server's, taken in the same round. */
export interface Promised {
  readonly what: string;
  /** Of each round. */
  readonly ratios: readonly number[];
  readonly wanted: { readonly atLeast: number } | { readonly atMost: number };
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

export function isKept({ ratios, wanted }: Promised): boolean {
  const value = median(ratios);
  return 'atLeast' in wanted ? value >= wanted.atLeast : value <= wanted.atMost;
}

export function renderPromise(promise: Promised): string {
  const { what, ratios, wanted } = promise;
  const sorted = ratios.toSorted((one, other) => one - other);
  const range = `${ratio(sorted[0])}-${ratio(sorted.at(-1))}`;
  const limit = 'atLeast' in wanted ? `>= ${ratio(wanted.atLeast)}` : `<= ${ratio(wanted.atMost)}`;
  return `| ${what} | ${ratio(median(ratios))} | ${range} | ${limit} | ${isKept(promise) ? 'yes' : '**no**'} |`;
}

const ratio = (value: number | undefined) => (value === undefined ? '' : `${value.toFixed(2)}x`);
