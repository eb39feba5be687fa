/**
 * Which board may begin to load now, and which is better off asking again? The loader of a Pi 4 gives up a file 30 s after
 * it has asked for it even while data flows, so boards that load side by side must not be more than finish in time.
 * Times come in, decisions go out: no clock, no socket.
 */
import type { BoardName } from '../model/board.ts';
import type { Ipv4Address } from '../model/ipv4.ts';
import type { MacAddress } from '../model/mac.ts';

export type AdmissionDecision =
  | {
      readonly kind: 'now';
      /** How long it was held back before. */
      readonly waitedMs: number;
    }
  | { readonly kind: 'later'; readonly reason: string };

export interface AdmissionRequest {
  readonly mac: MacAddress;
  readonly board: BoardName | undefined;
  readonly address: Ipv4Address;
  /** All that its boot loads; undefined: not known. */
  readonly bytes?: number | undefined;
}

/** What the server did lately; TransferLoad of serve/. */
interface Load {
  readonly transfers: number;
  readonly bytes: number;
  readonly overMs: number;
  readonly bytesLeft: number;
  readonly boardBytesPerSecond: number;
  /** Of its time the server was busy: 0 to 1. */
  readonly busyShare: number;
}

/** EEPROM loaders ask at 0, 8 and 24 s, give up after 45 s, and start over. A Pi 3 is dead after 25 s; of others nothing is known. */
const waits: ReadonlySet<BoardName | undefined> = new Set<BoardName>(['pi4', 'pi5']);

/** Kernel, initramfs, firmware and device trees, where the boot's own files are not known. */
const usualBytes = 20_000_000;

/** Gigabit Ethernet, less its headers, until something else was measured. */
const assumedBytesPerSecond = 100_000_000;
const leastBytesPerSecond = 1_000_000;

/** All that was let in is loaded in this time at the measured rate. */
const usualSeconds = 20;

/** For a board that would give up and start over soon: less than the 30 s of its largest file. */
const lateSeconds = 27;
const lateAfterMs = 20_000;

/** However slow everything is: nobody is helped by fewer at once. */
const leastAtOnce = 4;

/** Then what was measured must be wrong. */
const longestWaitMs = 600_000;

/** So long after its first file a board has not shown yet how fast it loads. */
const youngMs = 10_000;

/** Between two files firmware takes a few seconds; a board that has not asked for any by then is not going to. */
const quietMs = 10_000;
const silentMs = 15_000;
const longestLoadMs = 120_000;

/**
 * No board is held back before one has asked for a file: many that only ask for an address cost nothing. But those that ask
 * at the same instant, after a power cut, have had no time for it.
 */
const loadingSeenMs = 60_000;

/** So many at the same instant are no accident. */
const crowd = 64;

/** A look at all boards; not for each message of a storm. */
const tidyMs = 100;

/** A board that waits asks again after at most 21 s. */
const goneMs = 60_000;

/** Boards alone get more than this between two losses, which say nothing of the rate; less is a sign that they share it. */
const pressedBytesPerSecond = 800_000;
/** So busy, the server is what they share; with less to do, the network: then blocks are under way most of the time. */
const busyServer = 0.8;
const busyNetwork = 0.6;
/** What was taken for slow is tried a little faster each time that nobody is pressed. */
const recovery = 1.02;
const largeFileBytes = 1_000_000;

/** Many more than a large cluster: a flood must not grow. */
const mostKnown = 4096;

interface Loading {
  readonly sinceMs: number;
  readonly bytes: number;
  seenMs: number;
  /** undefined: it has asked for no file yet. */
  beganMs: number | undefined;
  transfers: number;
  loadedBytes: number;
}

interface Waiting {
  readonly sinceMs: number;
  seenMs: number;
}

export class Admission {
  /** Let in, and not yet through. */
  readonly #loading = new Map<Ipv4Address, Loading>();
  /** In the order in which they came. */
  readonly #waiting = new Map<MacAddress, Waiting>();
  #bytesPerSecond: number;
  readonly #firstBytesPerSecond: number;
  /** What left lately, in a second. */
  #sentBytesPerSecond = 0;
  /** Boards get less because there are others. */
  #isShared = false;
  #lastAskedMs = Number.NEGATIVE_INFINITY;
  /** How many were let in at the same instant. */
  #letIn = { atMs: Number.NEGATIVE_INFINITY, boards: 0 };
  #tidiedMs = Number.NEGATIVE_INFINITY;

  constructor(bytesPerSecond: number = assumedBytesPerSecond) {
    this.#bytesPerSecond = bytesPerSecond;
    this.#firstBytesPerSecond = bytesPerSecond;
  }

  /** Called for each DISCOVER of a node's firmware. @param nowMs the same for all that came while the server was busy */
  decide(request: AdmissionRequest, nowMs: number): AdmissionDecision {
    if (nowMs - this.#tidiedMs >= tidyMs) this.#tidy(nowMs);
    // It had begun to load: its firmware asks for an address again only when it starts over.
    if (this.#loading.get(request.address)?.beganMs !== undefined) this.#loading.delete(request.address);
    const before = this.#waiting.get(request.mac);
    const waitedMs = before === undefined ? 0 : nowMs - before.sinceMs;
    const { atMs, boards } = this.#letIn;
    const isSeen = nowMs - this.#lastAskedMs < loadingSeenMs || (atMs === nowMs && boards >= crowd);
    const reason = isSeen ? this.#reasonToWait(request, waitedMs, nowMs) : undefined;
    if (reason === undefined) {
      this.#waiting.delete(request.mac);
      this.#place(request, nowMs);
      return { kind: 'now', waitedMs };
    }
    if (before === undefined) this.#waiting.set(request.mac, { sinceMs: nowMs, seenMs: nowMs });
    else before.seenMs = nowMs;
    return { kind: 'later', reason };
  }

  /** It wants a file, or to know whether there is one. */
  asked(address: Ipv4Address, nowMs: number): void {
    if (this.#loading.has(address)) this.#lastAskedMs = nowMs;
  }

  /** A file is being sent to it; also to boards that were never asked about. */
  began(address: Ipv4Address, nowMs: number): void {
    const loading = this.#loading.get(address) ?? this.#add(address, usualBytes, nowMs);
    this.#lastAskedMs = nowMs;
    loading.beganMs ??= nowMs;
    loading.transfers++;
    loading.seenMs = nowMs;
  }

  ended(address: Ipv4Address, confirmedBytes: number, nowMs: number): void {
    const loading = this.#loading.get(address);
    if (loading === undefined) return;
    loading.transfers = Math.max(0, loading.transfers - 1);
    loading.loadedBytes += confirmedBytes;
    loading.seenMs = nowMs;
  }

  measured(load: Load): void {
    const { transfers, bytes, overMs, bytesLeft } = load;
    if (overMs < 200) return;
    const rate = (bytes * 1000) / overMs;
    this.#sentBytesPerSecond += (rate - this.#sentBytesPerSecond) / 4;
    if (transfers === 0) return;
    this.#isShared = isShared(load, rate);
    const known = this.#bytesPerSecond;
    if (rate > known) this.#bytesPerSecond += (rate - known) / 2;
    else if (!this.#isShared)
      this.#bytesPerSecond = Math.max(known, Math.min(known * recovery, this.#firstBytesPerSecond));
    else if (bytesLeft / transfers >= largeFileBytes) this.#bytesPerSecond += (rate - known) / 4;
    this.#bytesPerSecond = Math.max(this.#bytesPerSecond, leastBytesPerSecond);
  }

  state(nowMs: number): { loading: number; waiting: number; bytesPerSecond: number } {
    this.#tidy(nowMs);
    return { loading: this.#loading.size, waiting: this.#waiting.size, bytesPerSecond: this.#bytesPerSecond };
  }

  /** undefined: it need not. */
  #reasonToWait(
    { mac, board, address, bytes = usualBytes }: AdmissionRequest,
    waitedMs: number,
    nowMs: number,
  ): string | undefined {
    if (!waits.has(board) || this.#loading.has(address) || waitedMs >= longestWaitMs) return undefined;
    const seconds = waitedMs >= lateAfterMs ? lateSeconds : usualSeconds;
    const ahead = this.#aheadOf(mac);
    const places = Math.max(leastAtOnce, Math.floor((seconds * this.#bytesPerSecond) / Math.max(bytes, 1)));
    const loading = this.#bytesToLoad(nowMs) / Math.max(bytes, 1);
    // First come, first served, but for a place that would stay empty until those before it ask again.
    if (loading < places && ahead < places) return undefined;
    return `${this.#loading.size} boards are loading and ${ahead} wait before it; it asks again by itself`;
  }

  /**
   * What those that are let in load in the time that a place is for. On a network that loses packets they wait for most of
   * it, each for itself, and are no load while they do: what they were seen to load then counts instead of what they have
   * before them.
   */
  #bytesToLoad(nowMs: number): number {
    let [all, young] = [0, 0];
    for (const { bytes, beganMs = nowMs } of this.#loading.values()) {
      all += bytes;
      if (nowMs - beganMs < youngMs) young += bytes;
    }
    return this.#isShared ? all : Math.min(all, usualSeconds * this.#sentBytesPerSecond + young);
  }

  #aheadOf(mac: MacAddress): number {
    if (!this.#waiting.has(mac)) return this.#waiting.size;
    let ahead = 0;
    for (const each of this.#waiting.keys()) {
      if (each === mac) break;
      ahead++;
    }
    return ahead;
  }

  #place({ address, bytes = usualBytes }: AdmissionRequest, nowMs: number): void {
    const before = this.#loading.get(address);
    this.#letIn = { atMs: nowMs, boards: this.#letIn.atMs === nowMs ? this.#letIn.boards + 1 : 1 };
    if (before === undefined) this.#add(address, bytes, nowMs);
    else before.seenMs = nowMs;
  }

  #add(address: Ipv4Address, bytes: number, nowMs: number): Loading {
    const loading: Loading = { sinceMs: nowMs, seenMs: nowMs, bytes, beganMs: undefined, transfers: 0, loadedBytes: 0 };
    if (this.#loading.size < mostKnown) this.#loading.set(address, loading);
    return loading;
  }

  #tidy(nowMs: number): void {
    this.#tidiedMs = nowMs;
    for (const [address, loading] of this.#loading) {
      if (isThrough(loading, nowMs)) this.#loading.delete(address);
    }
    for (const [mac, { seenMs }] of this.#waiting) {
      if (nowMs - seenMs >= goneMs || this.#waiting.size > mostKnown) this.#waiting.delete(mac);
    }
  }
}

/** Round trips are long also where the machine is busy with other work: then boards that wait for lost packets share nothing. */
function isShared({ transfers, boardBytesPerSecond, busyShare }: Load, rate: number): boolean {
  if (boardBytesPerSecond >= pressedBytesPerSecond) return false;
  return busyShare >= busyServer || rate >= busyNetwork * transfers * boardBytesPerSecond;
}

function isThrough({ sinceMs, seenMs, bytes, beganMs, transfers, loadedBytes }: Loading, nowMs: number): boolean {
  if (nowMs - sinceMs >= longestLoadMs) return true;
  if (transfers > 0) return false;
  return loadedBytes >= bytes || nowMs - seenMs >= (beganMs === undefined ? silentMs : quietMs);
}
