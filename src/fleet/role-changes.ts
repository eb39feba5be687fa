/** Gives several nodes another role in one change: all of them or none. */
import type { ChangeOptions, Tagged } from '../model/change.ts';
import type { State } from '../model/state.ts';
import { etagOf, requireMatch } from '../plan/etag.ts';
import { requireFree } from '../plan/operation-guard.ts';
import type { RebootDecision } from '../plan/role-change-running.ts';
import { commit, nodeNamed, type Edited } from './fleet.ts';
import { withoutPin } from './generation-pins.ts';
import { rebootEvents, refusal, roleSet, type RoleChange, type RoleFleet } from './role-change.ts';
import { planRolesAhead, type RolesAhead } from './roles-ahead.ts';

export interface RolesWanted {
  readonly nodes: readonly string[];
  readonly reboot: boolean;
}

export interface RolesChange {
  readonly dryRun: boolean;
  readonly changes: RoleChange[];
}

interface Decided extends RoleChange {
  readonly reboot: RebootDecision;
}

interface Around {
  readonly before: State;
  readonly ahead: RolesAhead;
  readonly fleet: RoleFleet;
}

/** The tag is that of the list of all nodes. @throws NotFoundError, ChangedError, RefusedError */
export async function changeRoles(
  role: string,
  { nodes, reboot }: RolesWanted,
  options: ChangeOptions,
  fleet: RoleFleet,
): Promise<Tagged<RolesChange>> {
  const wanted = { nodes: [...new Set(nodes)], reboot };
  const ahead = await planRolesAhead(wanted.nodes, role, fleet);
  const { state, answer } = await commit(
    fleet,
    (before) => setRoles(role, wanted, options, { before, ahead, fleet }),
    options,
  );
  const { dryRun } = options;
  for (const { node, reboot: decision } of answer) {
    if (decision.kind === 'ssh' && !dryRun) fleet.reboots.begin(node, decision.address);
  }
  const changes = answer.map(({ reboot: _reboot, ...change }) => change);
  return { answer: { dryRun, changes }, etag: etagOf(fleet.viewOf(state).nodes) };
}

function setRoles(
  role: string,
  wanted: RolesWanted,
  { by, dryRun, ifMatch }: ChangeOptions,
  { before, ahead, fleet }: Around,
): Edited<Decided[]> {
  const view = fleet.viewOf(before);
  requireMatch('the list of nodes', view.nodes, ifMatch);
  requireFree(wanted.nodes, before);
  const decide = ahead.planner(view);
  const answer = wanted.nodes.map((name): Decided => {
    const decision = decide(nodeNamed(name, view.nodes));
    if (decision.kind === 'refused') throw refusal(decision);
    const isChanged = decision.kind === 'change';
    // Asked for again after it has rebooted, as a client does whose first answer was lost: once is enough.
    const isWanted = wanted.reboot && (isChanged || !fleet.reboots.isCurrent(name));
    const reboot: RebootDecision = isWanted ? fleet.reboots.decide(name) : { kind: 'off', reason: 'not asked for' };
    return { node: name, dryRun, isChanged, diff: decision.diff, reboots: reboot.kind === 'ssh', reboot };
  });
  const events = answer.flatMap(({ node, isChanged, diff, reboot }) => [
    ...(isChanged ? [roleSet(node, diff, by)] : []),
    ...rebootEvents(node, reboot, by),
  ]);
  return { state: withRoles(before, role, answer), events, answer };
}

function withRoles(state: State, role: string, changes: readonly RoleChange[]): State {
  const changed = new Set(changes.filter(({ isChanged }) => isChanged).map(({ node }) => node));
  if (changed.size === 0) return state;
  // They were held at a generation of the role that they had.
  const held = Object.keys(state.generationPins).filter((node) => changed.has(node));
  return {
    ...state,
    nodes: state.nodes.map((node) => (changed.has(node.name) ? Object.assign({}, node, { role }) : node)),
    generationPins: held.reduce(withoutPin, state.generationPins),
  };
}
