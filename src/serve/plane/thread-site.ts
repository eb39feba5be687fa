/** The site as the thread knows it: what the service told last, and the boards that asked for an address since. */
import { HostError } from '../../model/errors.ts';
import type { MacAddress } from '../../model/mac.ts';
import type { UnknownBoard } from '../../model/state.ts';
import type { PlaneSite, ToThread } from './messages.ts';

export class ThreadSite {
  readonly #boards = new Map<MacAddress, UnknownBoard>();
  #site: PlaneSite | undefined;
  #listed: readonly UnknownBoard[] | undefined;

  /** The same object until the service tells another. */
  current(): PlaneSite {
    if (this.#site === undefined) throw new HostError('the site has not been told yet');
    return this.#site;
  }

  /** The same array until one of them changes. */
  unknownBoards(): readonly UnknownBoard[] {
    this.#listed ??= [...this.#boards.values()];
    return this.#listed;
  }

  become(site: PlaneSite): void {
    this.#site = site;
  }

  change({ seen, gone }: Pick<Extract<ToThread, { kind: 'boards' }>, 'seen' | 'gone'>): void {
    for (const mac of gone) this.#boards.delete(mac);
    for (const board of seen) this.#boards.set(board.mac, board);
    this.#listed = undefined;
  }

  hasBoard({ mac, address }: Pick<UnknownBoard, 'mac' | 'address'>): boolean {
    return this.#boards.get(mac)?.address === address;
  }
}
