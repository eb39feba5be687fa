/** The site as the thread knows it: what the service told last, and the addresses of boards that are no nodes. */
import { HostError } from '../../model/errors.ts';
import { Leases } from '../../plan/leases.ts';
import type { PlaneSite, ToThread } from './messages.ts';

export class ThreadSite {
  /** Ahead of what the service knows by what is on its way there. */
  readonly leases = new Leases();
  #site: PlaneSite | undefined;

  /** The same object until the service tells another. */
  current(): PlaneSite {
    if (this.#site === undefined) throw new HostError('the site has not been told yet');
    return this.#site;
  }

  become(site: PlaneSite): void {
    this.#site = site;
  }

  change({ seen, gone }: Pick<Extract<ToThread, { kind: 'boards' }>, 'seen' | 'gone'>): void {
    for (const mac of gone) this.leases.forget(mac);
    for (const board of seen) this.leases.learn(board);
  }
}
