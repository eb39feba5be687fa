/** Begins rollouts: what nodes keep, what the canary gets, and its operation are one transaction. */
import type { ChangeOptions, Tagged } from '../model/change.ts';
import { ConfigError, RefusedError } from '../model/errors.ts';
import { didYouMean } from '../model/nearest.ts';
import type { DrainPolicy } from '../model/operation.ts';
import type { Rollout, RolloutNode, RolloutTarget } from '../model/rollout.ts';
import type { State } from '../model/state.ts';
import type { ClusterView } from '../model/view.ts';
import { requireFree } from '../plan/operation-guard.ts';
import { whyQuarantined } from '../plan/quarantine.ts';
import { forgetRollouts, nextRolloutId, requireNoRollout } from '../plan/rollout-list.ts';
import { planTarget, type PlannedTarget, type TargetSources, type WantedTarget } from '../plan/rollout-target.ts';
import { completeWaves, planWaves } from '../plan/rollout-waves.ts';
import { commit, type Edited, type Fleet } from './fleet.ts';
import { beginWave, broughtBy, holdAll, withRoleChoice } from './rollout-change.ts';

export interface WantedRollout {
  readonly target: WantedTarget;
  readonly canary: number;
  readonly waves: readonly number[];
  /** Of cluster.yaml, by name. */
  readonly checks: readonly string[];
  /** Nodes that run slurmd must take jobs. */
  readonly slurm: boolean;
  readonly soakMs: number;
  readonly deadlineMs: number;
  readonly drain: DrainPolicy;
  readonly drainDeadlineMs: number;
  /** So many, or so many per cent of all nodes that get it, rounded up. */
  readonly maxUnavailable: { readonly count: number } | { readonly percent: number };
  readonly maxFailed: number;
  /** Also what did not come up before. */
  readonly retry: boolean;
}

export interface StartedRollout {
  readonly dryRun: boolean;
  /** Missing in a dry run. */
  readonly rollout?: string;
  readonly target: RolloutTarget;
  readonly from?: string;
  /** The canary first. */
  readonly waves: string[][];
  readonly leftOut: { readonly node: string; readonly reason: string }[];
}

export interface RolloutFleet extends Pick<Fleet, 'state' | 'viewOf'> {
  readonly statuses: () => TargetSources['statuses'];
  readonly isKept: TargetSources['isKept'];
}

/** @throws NotFoundError, RefusedError, ConfigError */
export async function startRollout(
  wanted: WantedRollout,
  { options, fleet, now }: { options: ChangeOptions; fleet: RolloutFleet; now: () => number },
): Promise<Tagged<StartedRollout>> {
  const nowMs = now();
  const { answer } = await commit(fleet, (before) => start(wanted, { before, options, fleet, nowMs }), options);
  return { answer, etag: undefined };
}

interface Starting {
  readonly before: State;
  readonly options: ChangeOptions;
  readonly fleet: RolloutFleet;
  readonly nowMs: number;
}

function start(wanted: WantedRollout, { before, options, fleet, nowMs }: Starting): Edited<StartedRollout> {
  const { role } = wanted.target;
  requireNoRollout(role, before);
  const view = fleet.viewOf(before);
  const planned = planTarget(wanted.target, {
    view,
    state: before,
    statuses: fleet.statuses(),
    isKept: fleet.isKept,
  });
  if (!wanted.retry) refuseQuarantined(planned, before);
  const names = planned.nodes.map(({ node }) => node);
  requireFree(names, before);
  const { by, dryRun } = options;
  const rollout = describe(wanted, planned, { id: nextRolloutId(before), by, nowMs, view });
  const waves = planWaves(names, wanted.canary, wanted.waves);
  const leftOut = planned.leftOut.map(({ node, reason }) => ({ node, reason }));
  const { target, from } = planned;
  const told = { target, ...(from !== undefined && { from }), waves, leftOut };
  const state = beginWave(holdOthers(forgetRollouts(before), rollout), rollout, 0, nowMs);
  const fields = { rollout: rollout.id, role, from, to: broughtBy(rollout), nodes: names.length, by };
  return {
    state,
    events: [{ kind: 'rollout.started', fields }],
    answer: { dryRun, ...(!dryRun && { rollout: rollout.id }), ...told },
  };
}

/** Until their turn comes nodes boot what they had, also those that reboot meanwhile. */
function holdOthers(state: State, rollout: Rollout): State {
  const { target, from } = rollout;
  if (target.kind === 'overlay') return holdAll(state, rollout);
  return from === undefined ? state : { ...state, imageChoices: withRoleChoice(state.imageChoices, target.role, from) };
}

function refuseQuarantined({ nodes }: PlannedTarget, { quarantine }: State): void {
  for (const { node, after } of nodes) {
    const bad = after === undefined ? undefined : quarantine[after];
    if (bad === undefined) continue;
    throw new RefusedError(whyQuarantined(node, bad), {
      hint: 'Change what is wrong with the image or the overlays; or try the same again with --retry.',
    });
  }
}

function describe(
  wanted: WantedRollout,
  { target, from, nodes, leftOut }: PlannedTarget,
  { id, by, nowMs, view }: { id: string; by: string; nowMs: number; view: ClusterView },
): Rollout {
  const { canary, waves, slurm, soakMs, deadlineMs, drain, drainDeadlineMs, maxUnavailable, maxFailed } = wanted;
  const most =
    'count' in maxUnavailable ? maxUnavailable.count : Math.ceil((nodes.length * maxUnavailable.percent) / 100);
  const waveOf = new Map(
    planWaves(
      nodes.map(({ node }) => node),
      canary,
      waves,
    ).flatMap((names, wave) => names.map((name) => [name, wave] as const)),
  );
  const listed = nodes.map(({ node, before }): RolloutNode => ({
    node,
    wave: waveOf.get(node) ?? 0,
    ...(before !== undefined && { before }),
  }));
  return {
    id,
    by,
    startedAtMs: nowMs,
    target,
    ...(from !== undefined && { from }),
    canary,
    waves: completeWaves(waves),
    gates: { slurm, checks: checksOf(wanted, view), soakMs, deadlineMs },
    drain,
    drainDeadlineMs,
    maxUnavailable: Math.max(1, most),
    maxFailed,
    state: 'running',
    wave: 0,
    operation: '',
    nodes: listed,
    leftOut: [...leftOut],
  };
}

function checksOf({ checks }: WantedRollout, { cluster }: ClusterView): Rollout['gates']['checks'] {
  return checks.map((name) => {
    const known = Object.hasOwn(cluster.checks, name) ? cluster.checks[name] : undefined;
    if (known !== undefined) return { name, argv: known.command, deadlineMs: known.timeout };
    const names = Object.keys(cluster.checks);
    throw new ConfigError(`there is no check ${name}${didYouMean(name, names)}`, {
      hint: names.length === 0 ? 'Write it into cluster.yaml, under "checks".' : `There are: ${names.join(', ')}.`,
    });
  });
}
