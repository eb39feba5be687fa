/** Tells a running node to shut down; its power is another order. */
import type { ChangeOptions } from '../model/change.ts';
import { HostError, RefusedError } from '../model/errors.ts';
import type { Ipv4Address } from '../model/ipv4.ts';
import { requireFreeUnlessHeld } from '../plan/operation-guard.ts';
import { commit, nodeNamed } from './fleet.ts';
import type { RoleFleet } from './role-change.ts';

export interface Shutdown {
  readonly node: string;
  readonly dryRun: boolean;
  /** False: it does not run, as far as is known, so nobody was told. */
  readonly runs: boolean;
}

/** Ends when the node has taken the order. @throws RefusedError when it does not take it */
export async function shutdownNode(
  name: string,
  options: ChangeOptions,
  { fleet, ssh }: { readonly fleet: RoleFleet; readonly ssh: (address: Ipv4Address) => Promise<void> },
): Promise<Shutdown> {
  const { answer: decision } = await commit(
    fleet,
    (before) => {
      nodeNamed(name, fleet.viewOf(before).nodes);
      requireFreeUnlessHeld([name], before);
      const decided = fleet.reboots.decide(name);
      const asked = { kind: 'node.shutdown-asked', node: name, fields: { by: options.by } };
      return { state: before, events: decided.kind === 'ssh' ? [asked] : [], answer: decided };
    },
    options,
  );
  const runs = decision.kind === 'ssh';
  if (runs && !options.dryRun) {
    await tell(decision.address, ssh);
    await fleet.state.update(
      (state) => state,
      [{ kind: 'node.shutting-down', node: name, fields: { by: options.by } }],
    );
  }
  return { node: name, dryRun: options.dryRun, runs };
}

async function tell(address: Ipv4Address, ssh: (address: Ipv4Address) => Promise<void>): Promise<void> {
  try {
    await ssh(address);
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    throw new RefusedError(error.message, { cause: error, ...(error.hint !== undefined && { hint: error.hint }) });
  }
}
