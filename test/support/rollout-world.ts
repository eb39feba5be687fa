/** Rollouts over the nodes of `operation-world.ts`, which run the version before the newest one. */
import { lookAtRollouts, newChecks, type RolloutsDeps } from '../../src/fleet/run-rollouts.ts';
import { startRollout, type RolloutFleet, type WantedRollout } from '../../src/fleet/start-rollout.ts';
import type { ChangeOptions } from '../../src/model/change.ts';
import { HostError } from '../../src/model/errors.ts';
import { slurmPart } from '../../src/plan/role-change-side.ts';
import { listRollouts } from '../../src/plan/rollout-list.ts';
import { operationWorld } from './operation-world.ts';
import { bySocket } from './sample-fleet.ts';

export const oldVersion = '20261120.1';
export const newVersion = '20261121.1';

export async function rolloutWorld(names: readonly string[] = ['node01', 'node02', 'node03']) {
  const world = await operationWorld(names, oldVersion);
  const { database, told, clock, deps: operations } = world;
  const failingChecks = new Set<string>();
  const fleet: RolloutFleet = {
    state: database.state,
    viewOf: world.fleet.viewOf,
    statuses: () => new Map(names.map((name) => [name, world.statusOf(name)])),
    isKept: () => true,
  };
  const view = () => fleet.viewOf(database.state.current());
  const deps: RolloutsDeps = {
    state: database.state,
    gatesOf: (asked) =>
      new Map(
        asked.map((name) => {
          const isCompute = slurmPart(world.roleOf(name), view()) === 'compute';
          return [name, { status: world.statusOf(name), lastBoot: world.of(name).boots.at(-1), isCompute }] as const;
        }),
      ),
    slurm: operations.slurm,
    runCheck: ({ name }, { wave, nodes }) => {
      told.push(`check ${name} of wave ${wave}: ${nodes.join(',')}`);
      return failingChecks.has(name) ? Promise.reject(new HostError('no route')) : Promise.resolve();
    },
    now: operations.now,
    log: operations.log,
  };
  let checks = newChecks(clock.nowMs);
  /** @param state where it is written to; one that fails is like a service that is killed there */
  const look = async (state: RolloutsDeps['state'] = database.state) => {
    await lookAtRollouts({ ...deps, state }, checks, new AbortController().signal);
    await Promise.all(checks.running.values());
    await world.look(state);
  };
  const rollout = () => listRollouts(database.state.current())[0];
  const runToEnd = async (state?: RolloutsDeps['state']) => {
    for (let looks = 0; looks < 2000 && rollout()?.endedAtMs === undefined; looks += 1) await look(state);
    return rollout();
  };
  const lookUntil = async (isSo: () => boolean) => {
    for (let looks = 0; looks < 2000 && !isSo(); looks += 1) await look();
  };
  /** A service that has started anew knows no checks. */
  const restart = () => void (checks = newChecks(clock.nowMs));
  const start = (changes: Partial<WantedRollout> = {}, options: ChangeOptions = bySocket) => {
    const wanted: WantedRollout = {
      target: { kind: 'image', role: 'compute' },
      canary: 1,
      waves: [50],
      checks: [],
      slurm: true,
      soakMs: 10_000,
      deadlineMs: 300_000,
      drain: 'wait',
      drainDeadlineMs: 60_000,
      maxUnavailable: { count: 2 },
      maxFailed: 0,
      retry: false,
      ...changes,
    };
    return startRollout(wanted, { options, fleet, now: () => clock.nowMs });
  };
  const imagesOf = () => names.map((name) => world.of(name).booted.image.split('@')[1]);
  const resultsOf = () =>
    Object.fromEntries((rollout()?.nodes ?? []).map(({ node, result }) => [node, result ?? 'open']));
  return {
    ...world,
    fleet,
    deps,
    failingChecks,
    look,
    lookUntil,
    runToEnd,
    rollout,
    restart,
    start,
    imagesOf,
    resultsOf,
  };
}
