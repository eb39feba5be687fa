import { describe, expect, test } from 'vitest';

import type { Boot } from '../../src/model/boot.ts';
import type { Generation } from '../../src/model/generation.ts';
import { parseIpv4 } from '../../src/model/ipv4.ts';
import {
  controllerShares,
  lacksOfProof,
  lostControllers,
  type ControllerEvidence,
} from '../../src/plan/controller-proof.ts';
import { sampleCluster, sampleView } from '../support/sample-view.ts';

const head = { node: 'head', address: parseIpv4('10.42.0.10') };
const nowMs = 1_000_000;

const down: ControllerEvidence = {
  atMs: nowMs - 1000,
  power: 'unknown',
  answers: false,
  quietSinceMs: nowMs - 40_000,
  writtenAtMs: nowMs - 90_000,
};

test.each([
  ['nobody answers, and its state is old', {}, []],
  ['there is no share of its state', { writtenAtMs: undefined }, []],
  ['its power is off, whatever else is', { power: 'off', answers: true, writtenAtMs: nowMs }, []],
  ['it answers', { answers: true, power: 'on' }, ['a machine answers at 10.42.0.10']],
  ['it is quiet since a moment', { quietSinceMs: nowMs - 12_000 }, ['nobody answers at 10.42.0.10 for 12 s only']],
  ['its state was just written', { writtenAtMs: nowMs - 5000 }, ['its state was written 5 s ago']],
  [
    'two things speak against it',
    { answers: true, writtenAtMs: nowMs - 5000 },
    ['a machine answers at 10.42.0.10', 'its state was written 5 s ago'],
  ],
  ['what was seen is old', { atMs: nowMs - 70_000, power: 'off' }, ['it is looked for just now']],
] as const)('%s', (_name, changes: Partial<ControllerEvidence>, lacks) => {
  expect(lacksOfProof(head, { ...down, ...changes }, nowMs)).toEqual(lacks);
});

test('before anybody has looked nothing is proved', () => {
  expect(lacksOfProof(head, undefined, nowMs)).toEqual(['it is looked for just now']);
});

describe('a controller is lost', () => {
  const generations = new Map([
    ['g-controller', { role: 'controller' } as Generation],
    ['g-login', { role: 'login' } as Generation],
  ]);
  const boot = (generation: string, changes: Partial<Boot> = {}): Boot => ({
    id: generation,
    node: 'head',
    mac: '2c:cf:67:01:02:03',
    address: '10.42.0.10',
    generation,
    startedAtMs: 1,
    tokenExpiresAtMs: 1,
    lastSeenMs: 1,
    files: 0,
    bytes: 0,
    phases: [
      { phase: 'kernel', atMs: 2 },
      { phase: 'overlay', atMs: 3 },
    ],
    ...changes,
  });
  const ran = boot('g-controller');
  const lost = (boots: readonly Boot[], isSilent = true) =>
    lostControllers(sampleView(), boots, generations, () => isSilent).map(({ node }) => node);

  test.each([
    ['when it is heard no more', [ran], ['head']],
    ['also when it was removed meanwhile, or has another role to boot', [boot('g-login'), ran], ['head']],
    ['not when it runs something else', [ran, boot('g-login')], []],
    ['not when its board has been reset', [ran, boot('g-controller', { phases: [] })], []],
    ['not when it was told to restart', [boot('g-controller', { closed: { atMs: 4, reason: 'restarted' } })], []],
  ] as const)('%s', (_name, boots, expected) => {
    expect(lost(boots)).toEqual(expected);
    expect(lost(boots, false)).toEqual([]);
  });

  test('never without Slurm', () => {
    const view = sampleView({ cluster: sampleCluster({ slurm: undefined }) });
    expect(lostControllers(view, [ran], generations, () => true)).toEqual([]);
  });
});

test('its share is the one that no other role mounts', () => {
  expect(controllerShares(sampleCluster())).toEqual(['/srv/shares/slurm']);
  expect(controllerShares(sampleCluster({ slurm: undefined }))).toEqual([]);
});
