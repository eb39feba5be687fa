/** Boards whose MAC and serial contradict nodes.yaml: DHCP does not answer them, and the doctor tells why. In memory only. */
import type { MacAddress } from '../model/mac.ts';
import type { NodeSpec } from '../model/node.ts';
import { identify, type BoardIds, type IdentityConflict } from './identify.ts';

/** A board that is not answered asks again as long as it has power; a Pi 3 gives up, and stays as it is. */
const rememberedMs = 24 * 60 * 60_000;

/** Whoever makes more of them does it on purpose. */
const mostBoards = 64;

export class IdentityConflicts {
  readonly #boards = new Map<MacAddress, { readonly board: BoardIds; readonly atMs: number }>();

  noted(board: BoardIds, nowMs: number): void {
    // The order is that in which they were heard last.
    this.#boards.delete(board.mac);
    const [oldest] = this.#boards.keys();
    if (oldest !== undefined && this.#boards.size >= mostBoards) this.#boards.delete(oldest);
    this.#boards.set(board.mac, { board, atMs: nowMs });
  }

  /** Those that would still be one: nodes.yaml may have been corrected. */
  current(nodes: readonly NodeSpec[], nowMs: number): IdentityConflict[] {
    return [...this.#boards.values()].flatMap(({ board, atMs }) => {
      const found = identify(board, nodes);
      return found.kind === 'conflict' && nowMs - atMs < rememberedMs ? [found] : [];
    });
  }
}
