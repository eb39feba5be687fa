/** When is it worth while to let ACKs gather before they are looked at? Decides from what is sent; no ports, no clock. */

/** Lockstep of this rate fills a Gigabit link by two thirds. */
const manyBlocksPerSecond = 50_000;

/** Fewer would wait for each other; one board alone gets its blocks as fast as it can take them. */
const manyTransfers = 16;

/** A look costs as much as some ten blocks; within this time as many come at that rate. */
const microseconds = 150;

export class TftpGathering {
  #sentBlocks = 0;
  #microseconds = 0;

  sent(blocks: number): void {
    this.#sentBlocks += blocks;
  }

  /** @returns how long ACKs are to gather from now on, in microseconds; undefined: as before */
  judge(transfers: number, overMs: number): number | undefined {
    const isBusy = transfers >= manyTransfers && this.#sentBlocks * 1000 >= manyBlocksPerSecond * overMs;
    this.#sentBlocks = 0;
    const wanted = isBusy ? microseconds : 0;
    if (wanted === this.#microseconds) return undefined;
    this.#microseconds = wanted;
    return wanted;
  }
}
