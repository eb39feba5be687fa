/** Boards that are switched on together, as numbers: DHCP and loading as firmware does it, one server whose rate they share. */
import type { BoardName } from '../../src/model/board.ts';
import { ipv4FromNumber } from '../../src/model/ipv4.ts';
import { parseMac } from '../../src/model/mac.ts';
import type { Admission } from '../../src/plan/admission.ts';

export interface Storm {
  readonly boards: number;
  readonly board: (index: number) => BoardName;
  readonly serverBytesPerSecond: number;
  readonly boardBytesPerSecond: number;
  /** Of a board's time it waits so much for lost packets, whatever the others do. */
  readonly waitingShare: number;
  readonly files: readonly number[];
  /** undefined: everybody is let in. */
  readonly admission: Admission | undefined;
}

export interface StormEnd {
  readonly booted: number;
  /** Files that were given up because 30 s were over. */
  readonly givenUp: number;
  /** Boards that were held so long that they started over, or were dead. */
  readonly startedOver: number;
  readonly dead: number;
  readonly seconds: number;
}

const stepMs = 250;
const fileTimeoutMs = 30_000;
/** DISCOVERs after the begin of a try; then it starts over, or, for a Pi 3, never. */
const asks: Readonly<
  Record<string, { readonly atMs: readonly number[]; readonly overMs: number; readonly isLast: boolean }>
> = {
  pi3: { atMs: [0, 5000, 10_000, 15_000, 20_000], overMs: 25_000, isLast: true },
  pi4: { atMs: [0, 8000, 24_000], overMs: 45_000, isLast: false },
};

class Board {
  readonly name: BoardName;
  readonly mac;
  readonly address;
  phase: 'asking' | 'starting' | 'loading' | 'booted' | 'dead' = 'asking';
  sinceMs: number;
  asked = 0;
  file = 0;
  leftBytes = 0;

  constructor(index: number, name: BoardName) {
    this.name = name;
    this.mac = parseMac(
      `dc:a6:32:00:${[index >> 8, index & 255].map((n) => n.toString(16).padStart(2, '0')).join(':')}`,
    );
    this.address = ipv4FromNumber(0x0a2a0100 + index);
    // Power comes within two seconds.
    this.sinceMs = (index % 8) * 250;
  }
}

export function weather(storm: Storm, mostSeconds = 3600): StormEnd {
  const { admission, files, waitingShare } = storm;
  const bytes = files.reduce((sum, size) => sum + size, 0);
  const all = Array.from({ length: storm.boards }, (_none, index) => new Board(index, storm.board(index)));
  const told = { givenUp: 0, startedOver: 0, dead: 0 };
  const again = (board: Board, atMs: number): void => {
    board.phase = 'asking';
    board.sinceMs = atMs;
    board.asked = 0;
    board.file = 0;
  };
  const begin = (board: Board, nowMs: number): void => {
    board.phase = 'loading';
    board.sinceMs = nowMs;
    board.leftBytes = files[board.file] ?? 0;
    admission?.began(board.address, nowMs);
  };
  const ask = (board: Board, nowMs: number): void => {
    const { atMs, overMs, isLast } = asks[board.name] ?? { atMs: [0], overMs: 1e9, isLast: true };
    const sinceMs = nowMs - board.sinceMs;
    if (sinceMs >= overMs) {
      told[isLast ? 'dead' : 'startedOver']++;
      if (isLast) board.phase = 'dead';
      else again(board, nowMs + 1000);
      return;
    }
    const next = atMs[board.asked];
    if (next === undefined || sinceMs < next) return;
    board.asked++;
    const decision = admission?.decide({ mac: board.mac, board: board.name, address: board.address, bytes }, nowMs);
    if (decision?.kind === 'later') return;
    // It looks for start4.elf under its prefix as soon as it has the OFFER.
    admission?.began(board.address, nowMs);
    admission?.ended(board.address, 0, nowMs);
    board.phase = 'starting';
    board.sinceMs = nowMs + 1000;
  };
  const load = (board: Board, nowMs: number, share: number): void => {
    board.leftBytes -= share;
    if (board.leftBytes <= 0) {
      admission?.ended(board.address, files[board.file] ?? 0, nowMs);
      board.file++;
      board.phase = board.file === files.length ? 'booted' : 'starting';
      board.sinceMs = nowMs + 500;
    } else if (nowMs - board.sinceMs >= fileTimeoutMs) {
      told.givenUp++;
      admission?.ended(board.address, (files[board.file] ?? 0) - board.leftBytes, nowMs);
      again(board, nowMs + 5000);
    }
  };
  let nowMs = 0;
  let sentBytes = 0;
  for (; nowMs < mostSeconds * 1000; nowMs += stepMs) {
    for (const board of all) {
      if (board.phase === 'asking' && nowMs >= board.sinceMs) ask(board, nowMs);
      else if (board.phase === 'starting' && nowMs >= board.sinceMs) begin(board, nowMs);
    }
    const loading = all.filter(({ phase }) => phase === 'loading');
    const busy = loading.length * (1 - waitingShare);
    const rate = Math.min(storm.boardBytesPerSecond, storm.serverBytesPerSecond / Math.max(busy, 1));
    const share = (rate * (1 - waitingShare) * stepMs) / 1000;
    sentBytes += share * loading.length;
    for (const board of loading) load(board, nowMs, share);
    if (nowMs % 1000 === 0) {
      const bytesLeft = loading.reduce((sum, board) => sum + Math.max(board.leftBytes, 0), 0);
      admission?.measured({
        transfers: loading.length,
        bytes: sentBytes,
        overMs: 1000,
        bytesLeft,
        boardBytesPerSecond: rate,
        busyShare: Math.min(sentBytes / storm.serverBytesPerSecond, 1),
      });
      sentBytes = 0;
    }
    if (all.every(({ phase }) => phase === 'booted' || phase === 'dead')) break;
  }
  const booted = all.filter(({ phase }) => phase === 'booted').length;
  return { booted, ...told, seconds: Math.round(nowMs / 1000) };
}
