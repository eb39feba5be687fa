import { expect, test } from 'vitest';

import type { Boot } from '../../src/model/boot.ts';
import type { Heartbeat } from '../../src/model/node-status.ts';
import { mungeHolders, mungeSecret, type HolderSources } from '../../src/plan/munge-holders.ts';
import { mungeProof } from '../../src/plan/munge-key.ts';
import { sampleOverlay, sampleView } from '../support/sample-view.ts';

const keys = { old: Buffer.from('old'), new: Buffer.from('new') };

function boot(node: string, phases: Boot['phases']): Boot {
  return {
    id: `boot of ${node}`,
    node,
    mac: '2c:cf:67:01:02:03',
    address: '10.42.0.11',
    generation: 'g',
    key: `key of ${node}`,
    startedAtMs: 1,
    tokenExpiresAtMs: 1,
    lastSeenMs: 1,
    files: 0,
    bytes: 0,
    phases,
  };
}

const started: Boot['phases'] = [
  { phase: 'kernel', atMs: 2 },
  { phase: 'overlay', atMs: 3 },
];

const heartbeat = (node: string, key: Uint8Array): Heartbeat => ({
  boot: `boot of ${node}`,
  generation: 'g',
  atMs: 4,
  phase: 'ready',
  uptimeSeconds: 60,
  load: 0,
  mungeProof: mungeProof(`key of ${node}`, key),
});

function holders(changes: Partial<HolderSources>) {
  const sources: HolderSources = {
    view: sampleView(),
    boots: [boot('head', started), boot('node01', started), boot('node02', [{ phase: 'kernel', atMs: 2 }])],
    running: new Map([
      ['head', 'controller'],
      ['node01', 'compute'],
      ['node02', 'compute'],
    ]),
    heartbeatOf: (node) => (node === 'head' ? heartbeat(node, keys.new) : undefined),
    ...changes,
  };
  return mungeHolders('mungeKey', keys, sources).toSorted((a, b) => (a.node < b.node ? -1 : 1));
}

test('all that have the key by their role, who runs, and what they tell', () => {
  expect(holders({})).toEqual([
    { node: 'head', isController: true, isRunning: true, holds: 'new' },
    { node: 'login', isController: false, isRunning: false, holds: 'untold' },
    { node: 'node01', isController: false, isRunning: true, holds: 'untold' },
    { node: 'node02', isController: false, isRunning: false, holds: 'untold' },
  ]);
});

test('what a boot before said counts for nothing', () => {
  const heartbeatOf = (node: string) => ({ ...heartbeat(node, keys.new), boot: 'an older one' });
  expect(holders({ heartbeatOf })[0]).toMatchObject({ node: 'head', holds: 'untold' });
});

test('a role without munge has no key, unless what runs has it', () => {
  const { cluster, ...rest } = sampleView();
  const plain = { ...cluster.roles['login'], overlays: ['base'] } as (typeof cluster.roles)[string];
  const view = { ...rest, cluster: { ...cluster, roles: { ...cluster.roles, login: plain } } };
  expect(holders({ view }).map(({ node }) => node)).toEqual(['head', 'node01', 'node02']);
  const running = new Map([['login', 'compute']]);
  expect(holders({ view, running }).map(({ node }) => node)).toContain('login');
});

test('the secret is the one that an overlay puts where munged looks', () => {
  expect(mungeSecret(sampleView())).toBe('mungeKey');
  const own = sampleOverlay('own', { files: { 'etc/munge/munge.key': { secret: 'ourKey' } } });
  expect(mungeSecret({ overlays: new Map([['own', own]]) })).toBe('ourKey');
  expect(mungeSecret({ overlays: new Map() })).toBeUndefined();
});
