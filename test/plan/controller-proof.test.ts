import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import type { Boot } from '../../src/model/boot.ts';
import type { Generation } from '../../src/model/generation.ts';
import { parseIpv4 } from '../../src/model/ipv4.ts';
import {
  controllerShares,
  daemonOf,
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
  neighbour: 'silent',
  port: 'silent',
  daemon: 'unknown',
  quietSinceMs: nowMs - 40_000,
  writtenAtMs: nowMs - 90_000,
};

const there = 'a machine answers at 10.42.0.10, and does not say by ssh that slurmctld is stopped';
const routed = 'nobody can hear from here whether a machine is at 10.42.0.10: a router lies between';

test.each([
  ['nobody answers, and its state is old', {}, []],
  ['there is no share of its state', { writtenAtMs: undefined }, []],
  ['its power is off, whatever else is', { power: 'off', neighbour: 'answers', port: 'open', writtenAtMs: nowMs }, []],
  ['its power is on, which proves nothing', { power: 'on' }, []],
  ['it answers', { neighbour: 'answers', power: 'on' }, [there]],
  ['it is quiet since a moment', { quietSinceMs: nowMs - 12_000 }, ['nobody answers at 10.42.0.10 for 12 s only']],
  ['its state was just written', { writtenAtMs: nowMs - 5000 }, ['its state was written 5 s ago']],
  [
    'two things speak against it',
    { neighbour: 'answers', writtenAtMs: nowMs - 5000 },
    [there, 'its state was written 5 s ago'],
  ],
  ['what was seen is old', { atMs: nowMs - 70_000, power: 'off' }, ['it is looked for just now']],
  ['slurmctld answers', { neighbour: 'answers', port: 'open', daemon: 'stopped' }, ['slurmctld answers at 10.42.0.10']],
  [
    'slurmctld runs and does not listen yet',
    { neighbour: 'answers', port: 'refused', daemon: 'runs' },
    ['slurmctld runs there, as the node says by ssh'],
  ],
  ['the node says that slurmctld is stopped', { neighbour: 'answers', port: 'refused', daemon: 'stopped' }, []],
  [
    'the node says so, and somebody writes',
    { neighbour: 'answers', port: 'refused', daemon: 'stopped', writtenAtMs: nowMs - 1000 },
    ['its state was written 1 s ago'],
  ],
  ['a machine refuses and cannot be asked', { neighbour: 'answers', port: 'refused' }, [there]],
  ['a router lies between', { neighbour: 'unseen' }, [routed]],
  ['a machine behind a router refuses', { neighbour: 'unseen', port: 'refused' }, [there]],
  ['a node behind a router says that slurmctld is stopped', { neighbour: 'unseen', daemon: 'stopped' }, []],
] as const)('%s', (_name, changes: Partial<ControllerEvidence>, lacks) => {
  expect(lacksOfProof(head, { ...down, ...changes }, nowMs)).toEqual(lacks);
});

test('of all that can be seen, only three things prove it', () => {
  const each = <K extends keyof ControllerEvidence>(key: K, values: readonly ControllerEvidence[K][]) =>
    fc.constantFrom(...values).map((value) => ({ [key]: value }));
  const evidence = fc
    .tuple(
      each('power', ['on', 'off', 'unknown']),
      each('neighbour', ['answers', 'silent', 'unseen']),
      each('port', ['open', 'refused', 'silent']),
      each('daemon', ['runs', 'stopped', 'unknown']),
      each('quietSinceMs', [nowMs - 1000, nowMs - 40_000]),
      each('writtenAtMs', [undefined, nowMs - 1000, nowMs - 90_000]),
    )
    .map((parts): ControllerEvidence => Object.assign({ ...down }, ...parts) as ControllerEvidence);
  fc.assert(
    fc.property(evidence, (seen) => {
      const isProved = lacksOfProof(head, seen, nowMs).length === 0;
      const isStopped = seen.daemon === 'stopped' && seen.port !== 'open';
      const isGone =
        seen.neighbour === 'silent' &&
        seen.port === 'silent' &&
        seen.daemon === 'unknown' &&
        seen.quietSinceMs < nowMs - 30_000;
      const isWritten = seen.writtenAtMs === nowMs - 1000;
      expect(isProved).toBe(seen.power === 'off' || ((isStopped || isGone) && !isWritten));
    }),
  );
});

test.each([
  ['head\ninactive\n', 'stopped'],
  ['head\nfailed\n', 'stopped'],
  ['head\nactive\n', 'runs'],
  // Restart=on-failure: it comes back by itself.
  ['head\nactivating\n', 'runs'],
  ['head\ndeactivating\n', 'runs'],
  ['node01\ninactive\n', 'unknown'],
  ['head\n', 'unknown'],
  ['', 'unknown'],
  ['head\nmaintenance\n', 'unknown'],
])('head answers %j: slurmctld is %s', (answer, expected) => {
  expect(daemonOf('head', answer)).toBe(expected);
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
