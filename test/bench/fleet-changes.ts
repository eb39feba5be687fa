/** Changes of role of many nodes: until every boot plan, export and Slurm file is the new one. No node is rebooted. */
import { setTimeout as sleep } from 'node:timers/promises';

import type { ManyNode } from '../support/many-nodes.ts';
import type { NamespaceProgram } from '../support/namespaces.ts';
import type { FleetSite } from './fleet-site.ts';

const patienceMs = 60_000;

export type SetRoles = (changed: readonly ManyNode[], role: string) => Promise<void>;

export class FleetChanges {
  readonly #set: SetRoles;
  readonly #site: FleetSite;
  readonly #service: NamespaceProgram;

  constructor(site: FleetSite, service: NamespaceProgram, set: SetRoles) {
    this.#set = set;
    this.#site = site;
    this.#service = service;
  }

  /** So that each round begins with the same. @returns milliseconds of both ways */
  async thereAndBack(count: number): Promise<number[]> {
    // The first one is the controller, and stays.
    const changed = this.#site.nodes.slice(1, count + 1);
    return [await this.#change(changed, 'login', 'people'), await this.#change(changed, 'compute', 'computing')];
  }

  /** The NFS server has read its exports again, each node would boot the new role, and slurm.conf has them or not. */
  async #change(changed: readonly ManyNode[], role: string, share: string): Promise<number> {
    const site = this.#site;
    const names = new Set(changed.map(({ name }) => name));
    const before = new Map((await site.answers()).map(({ name, status }) => [name, status.desired?.generation]));
    const told = this.#exportsTold();
    const beganMs = performance.now();
    await this.#set(changed, role);
    for (;;) {
      const mounters = await site.mounters(share);
      const isExported = this.#exportsTold() > told && changed.every(({ address }) => mounters.has(address));
      if (isExported && (await this.#behind(names, role, before)) === 0) break;
      if (performance.now() - beganMs > patienceMs) throw new Error('after a minute not every node has its new role');
      await sleep(5);
    }
    const tookMs = performance.now() - beganMs;
    // Made when a node asks, from the nodes as they are: there is nothing to wait for, and it must be right.
    const isInSlurm = (await site.slurmNodes()).has(changed.at(-1)?.name ?? '');
    if (isInSlurm !== (role === 'compute')) throw new Error(`slurm.conf is not that of the role ${role}`);
    return tookMs;
  }

  async #behind(
    names: ReadonlySet<string>,
    role: string,
    before: ReadonlyMap<string, string | undefined>,
  ): Promise<number> {
    const answers = await this.#site.answers();
    return answers.filter(({ name, role: has, status: { desired } }) => {
      const isNew = has === role && desired !== undefined && desired.generation !== before.get(name);
      return names.has(name) && !isNew;
    }).length;
  }

  #exportsTold(): number {
    return this.#service.lines.filter((line) => line.includes('nfs.exported')).length;
  }
}
