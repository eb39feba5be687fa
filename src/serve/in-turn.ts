/** Work that is done one after the other, in the order in which it was asked for. */

export type InTurn = <T>(work: () => Promise<T>, signal: AbortSignal) => Promise<T>;

export function inTurn(): InTurn {
  let last: Promise<unknown> = Promise.resolve();
  return (work, signal) => {
    // Whoever has gone while he waited wants nothing any more.
    const mine = last.then(() => {
      signal.throwIfAborted();
      return work();
    });
    last = mine.catch(() => undefined);
    return mine;
  };
}
