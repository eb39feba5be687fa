/** A cluster that gets another munge key: real state and files, nodes and Slurm as far as a rotation sees of them. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { onTestFinished } from 'vitest';

import { lookAtRotation, type RotationDeps } from '../../src/fleet/munge-run.ts';
import { startRotation, type RotationFleet } from '../../src/fleet/munge-start.ts';
import type { PartitionControl } from '../../src/fleet/munge-slurm.ts';
import { forgetRotatedSecrets, rotatingSecret, type RotatingSecret } from '../../src/host/rotating-secret.ts';
import { HostError } from '../../src/model/errors.ts';
import type { MungeKeys } from '../../src/plan/munge-key.ts';
import { openRotation } from '../../src/plan/munge-journal.ts';
import type { HolderFacts } from '../../src/plan/munge-move.ts';
import { bySocket, sampleFleet } from './sample-fleet.ts';

const silent = { info: () => undefined, warn: () => undefined };
const lookMs = 2000;

interface SimulatedHolder {
  readonly isController: boolean;
  isRunning: boolean;
  /** It does not restart munged. */
  isDeaf: boolean;
  /** An agent of before tells no key. */
  tells: boolean;
  has: string;
}

export const firstKey = 'the first key of this cluster';

export async function mungeWorld(names: readonly string[] = ['head', 'node01', 'node02', 'node03']) {
  const sample = await sampleFleet();
  const { database } = sample;
  const dir = await mkdtemp(path.join(tmpdir(), 'munge-'));
  onTestFinished(() => rm(dir, { recursive: true }));
  await mkdir(path.join(dir, 'cluster'));
  const givenFile = path.join(dir, 'cluster', 'mungeKey');
  await writeFile(givenFile, firstKey, { mode: 0o600 });
  const given = () => readFile(givenFile, 'latin1');

  const holder = (name: string): SimulatedHolder => {
    return { isController: name === 'head', isRunning: true, isDeaf: false, tells: true, has: firstKey };
  };
  const nodes = new Map(names.map((name) => [name, holder(name)]));
  const of = (name: string) => nodes.get(name) as SimulatedHolder;
  const partitions = new Map([
    ['main', 'UP'],
    ['night', 'UP'],
    ['broken', 'DRAIN'],
  ]);
  const world = { isControllerDown: false };
  const clock = { nowMs: 1_000_000 };
  const told: string[] = [];

  const holders = (_secret: string, keys: MungeKeys): HolderFacts[] =>
    [...nodes].map(([node, { isController, isRunning, tells, has }]) => {
      return { node, isController, isRunning, holds: tells ? whichOf(has, keys) : 'untold' };
    });
  const keysOf: RotationDeps['keysOf'] = ({ id }) =>
    rotatingSecret({ dir, name: 'mungeKey', sizeBytes: 128, id, log: silent });
  const fleet: RotationFleet = {
    state: database.state,
    view: () => sample.world.view,
    partitions: simulatedPartitions({ partitions, told, world }),
    secrets: { clusterSecret: () => readFile(givenFile) },
    holders,
    now: () => clock.nowMs,
    signal: new AbortController().signal,
  };
  const deps: RotationDeps = {
    state: database.state,
    partitions: fleet.partitions,
    keysOf,
    holders: ({ secret }, keys) => holders(secret, keys),
    forget: (keep) => forgetRotatedSecrets(dir, keep),
    now: fleet.now,
    log: silent,
  };
  const pass = async () => {
    clock.nowMs += lookMs;
    const key = await given();
    for (const node of nodes.values()) if (node.isRunning && !node.isDeaf) node.has = key;
  };
  const rotation = () => Object.values(database.state.current().mungeRotations).at(-1);
  const look = async (own: RotationDeps = deps) => {
    const open = openRotation(database.state.current());
    if (open !== undefined) await lookAtRotation(own, open, fleet.signal);
    await pass();
  };
  const runToEnd = async (own?: RotationDeps) => {
    for (let looks = 0; looks < 500 && openRotation(database.state.current()) !== undefined; looks += 1)
      await look(own);
    return rotation();
  };
  const start = async (force = false) => (await startRotation('munge', { force }, bySocket, fleet)).answer;
  const steps = () => rotation()?.steps.map(({ step, outcome }) => `${step} ${outcome ?? 'goes on'}`);
  const keys = () => Object.fromEntries([...nodes].map(([name, { has }]) => [name, has === firstKey ? 'old' : 'new']));
  return {
    ...sample,
    dir,
    world,
    clock,
    deps,
    fleet,
    given,
    keys,
    look,
    nodes,
    of,
    partitions,
    rotation,
    runToEnd,
    start,
    steps,
    told,
  };
}

export type MungeWorld = Awaited<ReturnType<typeof mungeWorld>>;

function whichOf(has: string, keys: MungeKeys): HolderFacts['holds'] {
  const is = (key: Uint8Array | undefined) => key !== undefined && Buffer.from(key).toString('latin1') === has;
  if (is(keys.new)) return 'new';
  return is(keys.old) ? 'old' : 'other';
}

interface PartitionWorld {
  readonly partitions: Map<string, string>;
  readonly told: string[];
  readonly world: { readonly isControllerDown: boolean };
}

function simulatedPartitions({ partitions, told, world }: PartitionWorld): PartitionControl {
  const tell = (word: string, name: string, state: string) => {
    if (world.isControllerDown) return Promise.reject(new HostError('ssh to the controller failed'));
    told.push(`${word} ${name}`);
    partitions.set(name, state);
    return Promise.resolve();
  };
  return {
    isThere: () => true,
    states: () =>
      world.isControllerDown
        ? Promise.reject(new HostError('ssh to the controller failed'))
        : Promise.resolve(new Map(partitions)),
    close: (name) => tell('close', name, 'DOWN'),
    open: (name) => tell('open', name, 'UP'),
  };
}

export class Killed extends Error {}

/**
 * The service as it is until it dies: at the `place`th thing that it does to the world, before it or after it.
 * @param hasDied told when it has come to that place
 */
export function mortal(
  { deps }: MungeWorld,
  { place, when, hasDied }: { place: number; when: 'before' | 'after'; hasDied: () => void },
): RotationDeps {
  let count = 0;
  const at = async <T>(does: () => Promise<T>): Promise<T> => {
    const isHere = count === place;
    count += 1;
    if (isHere && when === 'before') return die(hasDied);
    const done = await does();
    return isHere ? die(hasDied) : done;
  };
  const { state, partitions, keysOf } = deps;
  return {
    ...deps,
    state: { ...state, update: (...args) => at(() => state.update(...args)) },
    partitions: {
      ...partitions,
      close: (...args) => at(() => partitions.close(...args)),
      open: (...args) => at(() => partitions.open(...args)),
    },
    keysOf: (rotation) => {
      const keys: RotatingSecret = keysOf(rotation);
      return { ...keys, push: () => at(keys.push), pushBack: () => at(keys.pushBack) };
    },
  };
}

function die(hasDied: () => void): never {
  hasDied();
  throw new Killed('killed');
}
