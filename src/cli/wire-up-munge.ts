/** Rotations of the munge key in the running service: where the keys lie, who holds them, and the part that carries one out. */
import path from 'node:path';

import type { RotationActions } from '../api/actions.ts';
import type { ListedRotation, ShownRotation } from '../api/schemas/rotation.ts';
import { runRotations, type RotationDeps } from '../fleet/munge-run.ts';
import { startRotation, type RotationFleet } from '../fleet/munge-start.ts';
import { unlessHeld } from '../fleet/unless-held.ts';
import { forgetRotatedSecrets, rotatingSecret, type RotatingSecret } from '../host/rotating-secret.ts';
import type { Secrets } from '../host/secrets.ts';
import type { Log } from '../model/log.ts';
import type { MungeRotation } from '../model/munge-rotation.ts';
import { mungeHolders } from '../plan/munge-holders.ts';
import { listRotations } from '../plan/munge-journal.ts';
import type { MungeKeys } from '../plan/munge-key.ts';
import { runningRoles } from '../plan/role-change-running.ts';
import type { Part } from '../serve/supervise.ts';
import { openControllers } from './wire-up-controllers.ts';
import { openPartitions, openSlurm } from './wire-up-slurm.ts';
import type { Service } from './wire-up.ts';

export interface ServiceMunge {
  readonly fleet: RotationFleet;
  readonly deps: RotationDeps;
}

interface MungeSources extends Pick<Service, 'site' | 'state' | 'boots' | 'heartbeats'> {
  readonly stateDir: string;
  readonly secrets: Pick<Secrets, 'clusterSecret' | 'storageKey'>;
  readonly log: Log;
  /** Ends the service. */
  readonly signal: AbortSignal;
}

/** All that the service has to do with Slurm. */
export function slurmParts(
  sources: MungeSources & Pick<Service, 'power'>,
): Pick<Service, 'slurm' | 'controllers' | 'munge'> {
  const { site, secrets } = sources;
  return {
    slurm: openSlurm(site.view, secrets),
    controllers: openControllers(sources),
    munge: openMunge(sources),
  };
}

function openMunge(sources: MungeSources): ServiceMunge {
  const { stateDir, site, state, boots, heartbeats, secrets, log, signal } = sources;
  const dir = path.join(stateDir, 'secrets');
  const partitions = openPartitions(site.view, secrets);
  const holders = (secret: string, keys: MungeKeys) =>
    mungeHolders(secret, keys, {
      view: site.view(),
      boots: boots.all(),
      running: runningRoles(boots.all(), boots.generations(), heartbeats.isSilent),
      heartbeatOf: heartbeats.of,
    });
  const keysOf = ({ id, secret: name }: MungeRotation): RotatingSecret => {
    const spec = site.view().cluster.secrets[name];
    const sizeBytes = spec !== undefined && 'generateBytes' in spec ? spec.generateBytes : leastBytes;
    const files = rotatingSecret({ dir, name, sizeBytes, id, log });
    // Nodes are given what was read last.
    return {
      read: files.read,
      push: () => files.push().then(() => site.reload()),
      pushBack: () => files.pushBack().then(() => site.reload()),
    };
  };
  return {
    fleet: { state, view: site.view, partitions, secrets, holders, now, signal },
    deps: {
      state,
      partitions,
      keysOf,
      holders: ({ secret }, keys) => holders(secret, keys),
      forget: (keep) => forgetRotatedSecrets(dir, keep),
      now,
      log,
    },
  };
}

const now = () => Date.now();

/** munged takes no shorter one. */
const leastBytes = 32;

export function mungePart({ munge, state }: Pick<Service, 'munge' | 'state'>, lookEveryMs?: number): Part {
  const run: Part['run'] = (signal, ready) => {
    ready();
    return unlessHeld(state, signal, (released) => runRotations(munge.deps, released, lookEveryMs));
  };
  return { name: 'rotations', run };
}

export function rotationActions({ munge: { fleet } }: Pick<Service, 'munge'>): RotationActions {
  return { rotateSecret: (name, wanted, options) => startRotation(name, wanted, options, fleet) };
}

/** undefined: that is the number of no rotation. */
export function rotationNamed({ state }: Pick<Service, 'state'>, id: string): ShownRotation | undefined {
  const found = state.current().mungeRotations[id];
  return found && shown(found);
}

export function listedRotations({ state }: Pick<Service, 'state'>): ListedRotation[] {
  return listRotations(state.current()).map(listed);
}

const countsOf = ({ nodes }: MungeRotation): ListedRotation['counts'] => {
  const of = (state: MungeRotation['nodes'][number]['state']) => nodes.filter((node) => node.state === state).length;
  return { waiting: of('waiting'), restarted: of('restarted'), 'next-boot': of('next-boot'), kept: of('kept') };
};

const listed = (rotation: MungeRotation): ListedRotation => ({
  ...rotation,
  nodes: rotation.nodes.map(({ node }) => node),
  counts: countsOf(rotation),
});

const shown = (rotation: MungeRotation): ShownRotation => ({ ...rotation, counts: countsOf(rotation) });
