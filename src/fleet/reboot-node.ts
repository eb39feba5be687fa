/** Tells a running node to reboot, on request: the promise is written down before anybody hears of it. */
import type { ChangeOptions, Tagged } from '../model/change.ts';
import { RefusedError } from '../model/errors.ts';
import { requireMatch } from '../plan/etag.ts';
import { requireFree } from '../plan/operation-guard.ts';
import { commit, nodeNamed, tagOf } from './fleet.ts';
import { rebootEvents, type RoleFleet } from './role-change.ts';

export interface Reboot {
  readonly node: string;
  readonly dryRun: boolean;
}

/** A node that does not run is cycled. @throws RefusedError when nobody can do that: none would hear the order */
export async function rebootNode(name: string, options: ChangeOptions, fleet: RoleFleet): Promise<Tagged<Reboot>> {
  const before = fleet.state.current();
  const node = nodeNamed(name, fleet.viewOf(before).nodes);
  const cycle = fleet.reboots.decide(name).kind === 'off' ? fleet.reboots.cycleOf?.(name) : undefined;
  if (cycle === undefined) return tellNode(name, options, fleet);
  requireMatch(`node ${name}`, node, options.ifMatch);
  requireFree([name], before);
  await cycle({ ...options, ifMatch: undefined });
  return { answer: { node: name, dryRun: options.dryRun }, etag: tagOf(name, fleet.viewOf(before)) };
}

async function tellNode(name: string, options: ChangeOptions, fleet: RoleFleet): Promise<Tagged<Reboot>> {
  const { state, answer } = await commit(
    fleet,
    (before) => {
      const node = nodeNamed(name, fleet.viewOf(before).nodes);
      requireMatch(`node ${name}`, node, options.ifMatch);
      requireFree([name], before);
      const decision = fleet.reboots.decide(name);
      if (decision.kind === 'off') {
        throw new RefusedError(decision.reason, { hint: 'Switch its power on: it boots what it should.' });
      }
      return { state: before, events: rebootEvents(name, decision, options.by), answer: decision.address };
    },
    options,
  );
  if (!options.dryRun) fleet.reboots.begin(name, answer);
  return { answer: { node: name, dryRun: options.dryRun }, etag: tagOf(name, fleet.viewOf(state)) };
}
