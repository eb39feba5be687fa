/** Rollouts of the running service: what is known of their nodes, the part that carries them out, and rollbacks. */
import { setTimeout as sleep } from 'node:timers/promises';

import type { RolloutActions } from '../api/actions.ts';
import type { RollbackRequest, RolloutRequest } from '../api/schemas/rollout.ts';
import { rollBack, type PinFleet } from '../fleet/generation-pins.ts';
import { orderRollout, rolloutNamed, type RolloutOrder } from '../fleet/rollout-orders.ts';
import {
  hasOpenRollout,
  lookAtRollouts,
  newChecks,
  type CheckAbout,
  type RolloutsDeps,
} from '../fleet/run-rollouts.ts';
import { unlessHeld } from '../fleet/unless-held.ts';
import { startRollout, type RolloutFleet, type WantedRollout } from '../fleet/start-rollout.ts';
import { runCheck } from '../host/run-check.ts';
import type { ChangeOptions } from '../model/change.ts';
import { ConfigError, NotFoundError } from '../model/errors.ts';
import type { Log } from '../model/log.ts';
import { didYouMean } from '../model/nearest.ts';
import { noNode } from '../plan/edit-nodes.ts';
import { nodeHistory, nodeHistoryKinds, roleHistory, roleHistoryKinds } from '../plan/history.ts';
import { slurmPart } from '../plan/role-change-side.ts';
import { etagOf } from '../plan/etag.ts';
import { taggedRollout } from '../plan/resource-tags.ts';
import { listRollouts } from '../plan/rollout-list.ts';
import type { Part } from '../serve/supervise.ts';
import { nodeAnswers } from './node-answers.ts';
import { serviceFleet } from './wire-up-nodes.ts';
import type { Service } from './wire-up.ts';

const lookMs = 2000;

const now = () => Date.now();

export function rolloutsPart(service: Service, log: Log, lookEveryMs = lookMs): Part {
  const { state, slurm } = service;
  const deps: RolloutsDeps = {
    state,
    gatesOf: (names) => gatesOf(service, new Set(names)),
    slurm,
    runCheck: ({ argv, deadlineMs }, about, signal) => runCheck({ argv, deadlineMs, env: environment(about), signal }),
    now,
    log,
  };
  const run: Part['run'] = async (signal, ready) => {
    ready();
    await unlessHeld(state, signal, (released) => carryOut(deps, released, lookEveryMs));
  };
  return { name: 'rollouts', run };
}

async function carryOut(deps: RolloutsDeps, signal: AbortSignal, lookEveryMs: number): Promise<void> {
  const checks = newChecks(now());
  while (!signal.aborted) {
    if (hasOpenRollout(deps.state.current())) await lookAtRollouts(deps, checks, signal);
    await sleep(lookEveryMs, undefined, { signal }).catch(() => undefined);
  }
  await Promise.allSettled(checks.running.values());
}

/** docs/rollouts.md lists them. */
function environment({ rollout, role, wave, nodes, image }: CheckAbout): Record<string, string> {
  return {
    PI_IMAGE_ROLLOUT: rollout,
    PI_IMAGE_ROLE: role,
    PI_IMAGE_WAVE: String(wave),
    PI_IMAGE_NODES: nodes.join(','),
    ...(image !== undefined && { PI_IMAGE_IMAGE: image }),
  };
}

function gatesOf(service: Service, names: ReadonlySet<string>): ReturnType<RolloutsDeps['gatesOf']> {
  const view = service.site.view();
  const nodes = view.nodes.filter(({ name }) => names.has(name));
  return new Map(
    nodeAnswers(service, nodes).map(({ name, role, status }) => {
      const gate = {
        status,
        lastBoot: service.boots.ofNode(name).at(-1),
        isCompute: slurmPart(role, view) === 'compute',
      };
      return [name, gate] as const;
    }),
  );
}

export function rolloutActions(service: Service): RolloutActions {
  const { state, events } = service;
  const fleet = rolloutFleet(service);
  const order = (kind: RolloutOrder) => (id: string, options: ChangeOptions) =>
    orderRollout(id, kind, { options, fleet, now });
  return {
    rollouts: () => listRollouts(state.current()),
    rollout: (id) => {
      const answer = rolloutNamed(id, state.current());
      return { answer, etag: etagOf(taggedRollout(answer)) };
    },
    startRollout: (wanted, options) => startRollout(wantedRollout(wanted), { options, fleet, now }),
    pauseRollout: order('pause'),
    resumeRollout: order('resume'),
    abortRollout: order('abort'),
    rollBack: (wanted, options) =>
      rollBack({ nodes: namesOf(wanted, service), to: wanted.to }, options, pinFleet(service)),
    nodeHistory: async (name) => {
      const known = await events.ofKinds(nodeHistoryKinds, name, mostEvents);
      // Who removed a node is asked when it is gone.
      if (known.length === 0) requireNode(name, service);
      return nodeHistory(name, known, state.current());
    },
    roleHistory: async (name) => {
      const known = roleHistory(name, await events.ofKinds(roleHistoryKinds, undefined, mostEvents), state.current());
      // As above: when it was removed.
      if (known.length === 0) requireRole(name, service);
      return known;
    },
  };
}

/** Newest ones: years of a cluster that is looked after by people. */
const mostEvents = 2000;

function rolloutFleet(service: Service): RolloutFleet {
  const { viewOf, state } = serviceFleet(service);
  return {
    state,
    viewOf,
    statuses: () => new Map(nodeAnswers(service, service.site.view().nodes).map(({ name, status }) => [name, status])),
    isKept: (generation) => service.frozen.get(generation) !== undefined,
  };
}

function pinFleet(service: Service): PinFleet {
  const { viewOf, state } = serviceFleet(service);
  const { boots, site } = service;
  const generations = boots.generations();
  return {
    state,
    viewOf,
    factsOf: (node) => {
      const desired = site.desired(node);
      return {
        boots: boots.ofNode(node.name),
        generations,
        desired: desired.kind === 'boots' ? desired.frozen.generation.id : undefined,
      };
    },
  };
}

function wantedRollout(wanted: RolloutRequest): WantedRollout {
  const { soakSeconds, deadlineSeconds, drainDeadlineSeconds, maxUnavailable, ...rest } = wanted;
  const most = Number.parseInt(maxUnavailable, 10);
  return {
    ...rest,
    soakMs: soakSeconds * 1000,
    deadlineMs: deadlineSeconds * 1000,
    drainDeadlineMs: drainDeadlineSeconds * 1000,
    maxUnavailable: maxUnavailable.endsWith('%') ? { percent: most } : { count: most },
  };
}

function namesOf({ nodes, role, all }: RollbackRequest, service: Service): string[] {
  if ([nodes, role, all].filter((each) => each !== undefined).length !== 1) {
    throw new ConfigError('which nodes go back is not clear', { hint: 'Give one of: nodes, role, all.' });
  }
  if (nodes !== undefined) return nodes;
  const known = service.site.view().nodes;
  if (role === undefined) return known.map(({ name }) => name);
  requireRole(role, service);
  return known.filter((node) => node.role === role).map(({ name }) => name);
}

function requireNode(name: string, { site }: Service): void {
  const { nodes } = site.view();
  if (!nodes.some((node) => node.name === name)) throw noNode(name, nodes);
}

function requireRole(name: string, { site }: Service): void {
  const { roles } = site.view().cluster;
  if (Object.hasOwn(roles, name)) return;
  const known = Object.keys(roles);
  throw new NotFoundError(`there is no role ${name}${didYouMean(name, known)}`, {
    hint: `Roles are: ${known.join(', ')}.`,
  });
}
