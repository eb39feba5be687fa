/** What one board of a storm went through; filled while it runs, read when it is over. */

export interface BoardRecord {
  readonly name: string;
  /** As --board names it. */
  readonly kind: string;
  /** All times count from here. */
  powerOnMs: number;
  offerMs: number | undefined;
  firstFileMs: number | undefined;
  kernelMs: number | undefined;
  completeMs: number | undefined;
  /** Complete ones. */
  boots: number;
  readonly restarts: Restart[];
  /** DISCOVERs that reached the service, and whose answer the network did not lose: there was none in time. */
  unanswered: number;
  /** Blocks that came again although the ACK had left and the network had made no copy. */
  needlessRepeats: number;
  /** Files whose bytes were not those of the image. */
  readonly differences: string[];
  /** Why it does nothing any more until its power is cut. */
  dead: string | undefined;
  blocks: number;
  bytes: number;
}

interface Restart {
  readonly reason: string;
  readonly atMs: number;
}

export function newRecord(name: string, kind: string): BoardRecord {
  return {
    name,
    kind,
    powerOnMs: 0,
    offerMs: undefined,
    firstFileMs: undefined,
    kernelMs: undefined,
    completeMs: undefined,
    boots: 0,
    restarts: [],
    unanswered: 0,
    needlessRepeats: 0,
    differences: [],
    dead: undefined,
    blocks: 0,
    bytes: 0,
  };
}
