/** What every path holds to. */

/** Longer datagrams are dropped when they come in: no protocol here sends what needs fragments. */
export const longestDatagramBytes = 2048;

/** @throws RangeError; a caller that counts wrong is a bug */
export function requireInside(start: number, length: number, size: number): void {
  // Also false for NaN.
  if (!(start >= 0 && length >= 0 && start + length <= size)) throw new RangeError('sent from outside its buffer');
}
