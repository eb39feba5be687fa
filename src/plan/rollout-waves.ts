/** Which nodes get a new version when: the canary, then as many as each percentage says. */

/** Ascending, and the last one has all. */
export function completeWaves(percentages: readonly number[]): number[] {
  return [...new Set([...percentages, 100])].toSorted((one, other) => one - other);
}

/** The canary is the first; a wave that would have nobody is none. */
export function planWaves(nodes: readonly string[], canary: number, percentages: readonly number[]): string[][] {
  const others = nodes.slice(canary);
  const ends = completeWaves(percentages).map((percent) => Math.ceil((others.length * percent) / 100));
  const waves = ends.map((end, index) => others.slice(ends[index - 1] ?? 0, end));
  return [nodes.slice(0, canary), ...waves].filter((wave) => wave.length > 0);
}
