/** Gives a node another role: decided, written down with its event, and only then is the node told to reboot. */
import type { ChangeOptions, Tagged } from '../model/change.ts';
import { RefusedError, unreachable } from '../model/errors.ts';
import type { NewEvent } from '../model/event.ts';
import type { RoleDiff } from '../model/role-diff.ts';
import type { State } from '../model/state.ts';
import { requireMatch } from '../plan/etag.ts';
import { requireFree } from '../plan/operation-guard.ts';
import type { RebootDecision } from '../plan/role-change-running.ts';
import { planRoleChange } from '../plan/role-change.ts';
import { commit, nodeNamed, tagOf, type Edited, type Fleet } from './fleet.ts';
import { withoutPin } from './generation-pins.ts';
import type { Reboots } from './reboots.ts';

export interface RoleFleet extends Fleet {
  readonly reboots: RoleReboots;
}

interface RoleReboots extends Pick<Reboots, 'begin'> {
  /** Off and on again, for a node that does not run; undefined: nobody switches its power, or not for this. */
  readonly cycleOf?: (node: string) => ((options: ChangeOptions) => Promise<unknown>) | undefined;
  readonly decide: (node: string) => RebootDecision;
  /** It runs what it should boot: a reboot would change nothing. */
  readonly isCurrent: (node: string) => boolean;
}

export interface RoleChange {
  readonly node: string;
  readonly dryRun: boolean;
  readonly isChanged: boolean;
  readonly diff: RoleDiff;
  readonly reboots: boolean;
}

interface Decided extends RoleChange {
  readonly reboot: RebootDecision;
}

/** A node without power gets its role all the same: it boots it when it is switched on. @throws RefusedError */
export async function changeRole(
  name: string,
  wanted: { readonly role: string; readonly reboot: boolean },
  options: ChangeOptions,
  fleet: RoleFleet,
): Promise<Tagged<RoleChange>> {
  const { state, answer } = await commit(fleet, (before) => setRole(name, wanted, options, { before, fleet }), options);
  const { reboot, ...change } = answer;
  if (reboot.kind === 'ssh' && !options.dryRun) fleet.reboots.begin(name, reboot.address);
  return { answer: change, etag: tagOf(name, fleet.viewOf(state)) };
}

function setRole(
  name: string,
  wanted: { readonly role: string; readonly reboot: boolean },
  { by, dryRun, ifMatch }: ChangeOptions,
  { before, fleet }: { before: State; fleet: RoleFleet },
): Edited<Decided> {
  const view = fleet.viewOf(before);
  const node = nodeNamed(name, view.nodes);
  requireMatch(`node ${name}`, node, ifMatch);
  requireFree([name], before);
  const decision = planRoleChange(node, wanted.role, view, fleet.running());
  if (decision.kind === 'refused') throw refusal(decision);
  const isChanged = decision.kind === 'change';
  // Asked for again after it has rebooted, as a client does whose first answer was lost: once is enough.
  const isWanted = wanted.reboot && (isChanged || !fleet.reboots.isCurrent(name));
  const reboot: RebootDecision = isWanted ? fleet.reboots.decide(name) : { kind: 'off', reason: 'not asked for' };
  const { diff } = decision;
  const answer = { node: name, dryRun, isChanged, diff, reboots: reboot.kind === 'ssh', reboot };
  const events = [...(isChanged ? [roleSet(name, diff, by)] : []), ...rebootEvents(name, reboot, by)];
  return { state: isChanged ? withRole(before, name, wanted.role) : before, events, answer };
}

export function withRole(state: State, name: string, role: string): State {
  return {
    ...state,
    nodes: state.nodes.map((node) => (node.name === name ? Object.assign({}, node, { role }) : node)),
    // It was held at a generation of the role that it had.
    generationPins: withoutPin(state.generationPins, name),
  };
}

export function refusal({ reason, hint }: { reason: string; hint: string | undefined }): RefusedError {
  return new RefusedError(reason, hint === undefined ? {} : { hint });
}

export function roleSet(node: string, { role, image, generation }: RoleDiff, by: string): NewEvent {
  const fields = { from: role.from, to: role.to, image: image.to, generation: generation.to, by };
  return { kind: 'node.role-set', node, fields };
}

export function rebootEvents(node: string, decision: RebootDecision, by: string): NewEvent[] {
  switch (decision.kind) {
    case 'ssh':
      return [{ kind: 'node.reboot-asked', node, fields: { address: decision.address, by } }];
    case 'off':
      return [];
    default:
      return unreachable(decision);
  }
}
