import { expect, test } from 'vitest';

import type { Boot } from '../../src/model/boot.ts';
import type { Generation } from '../../src/model/generation.ts';
import type { ImageManifest } from '../../src/model/manifest.ts';
import type { ClusterView } from '../../src/model/view.ts';
import { graceMs, planCacheGc, planGc, type VersionUse } from '../../src/plan/gc.ts';
import { planGeneration } from '../../src/plan/generation.ts';
import { findImageUses, type UseSources } from '../../src/plan/image-uses.ts';
import { planRollback } from '../../src/plan/rollback.ts';
import { sampleManifest, sampleNode, sampleView } from '../support/sample-view.ts';

const nowMs = 1_800_000_000_000;
const versions = ['20261121.4', '20261121.3', '20261121.2', '20261121.1'];
const images = new Map([['debian-lite', versions.map((version) => sampleManifest({ version }))]]);
const id = (version: string) => `debian-lite@20261121.${version}`;

function going(
  uses: readonly VersionUse[],
  keep = 1,
  of: ReadonlyMap<string, readonly ImageManifest[]> = images,
): string[] {
  return planGc({ images: of, offered: of, uses, keep, nowMs }).flatMap(({ manifest, reasons }) =>
    reasons.length === 0 ? [manifest.version] : [],
  );
}

test('the newest stay, as many as are asked for, of each image', () => {
  expect(going([])).toEqual(versions.slice(1));
  expect(going([], 3)).toEqual(['20261121.1']);
  expect(going([], 9)).toEqual([]);
  const two = new Map([...images, ['other', [sampleManifest({ name: 'other', version: '1' })]]]);
  expect(going([], 1, two)).toEqual(versions.slice(1));
});

test.each<[string, string[], number, string[]]>([
  ['the newest one', ['20261121.3', '20261121.2', '20261121.1'], 1, ['20261121.2', '20261121.1']],
  ['the two newest ones', ['20261121.2', '20261121.1'], 1, ['20261121.3', '20261121.1']],
  ['two that nobody uses', ['20261121.4', '20261121.2'], 2, ['20261121.1']],
  ['all of them', [], 2, ['20261121.2', '20261121.1']],
])('without a trusted signature or manifest: %s; what nodes are offered stays beside', (_what, trusted, keep, gone) => {
  const offered = new Map([['debian-lite', trusted.map((version) => ({ version }))]]);
  const stored = new Map([['debian-lite', versions.map((version) => ({ name: 'debian-lite', version }))]]);
  const decisions = planGc({ images: stored, offered, uses: [], keep, nowMs });
  expect(decisions.flatMap(({ manifest, reasons }) => (reasons.length === 0 ? [manifest.version] : []))).toEqual(gone);
});

test('a role that names a version uses it, also while nodes are not offered it', () => {
  const view = sampleView();
  const compute = { ...view.cluster.roles['compute'], image: id('9') } as (typeof view.cluster.roles)[string];
  const found = usesOf({ view: { ...view, images, cluster: { ...view.cluster, roles: { compute } } } });
  expect(of('9', found)).toEqual([{ image: id('9'), why: 'role compute' }]);
});

test('what is in use stays, and what was in use within a day', () => {
  expect(going([{ image: id('1'), why: 'pinned' }])).toEqual(['20261121.3', '20261121.2']);
  const ended = (agoMs: number) => [{ image: id('1'), why: 'node01 runs it', endedMs: nowMs - agoMs }];
  expect(going(ended(graceMs - 1))).not.toContain('20261121.1');
  expect(going(ended(graceMs))).toContain('20261121.1');
  const [decision] = planGc({ images, offered: images, uses: ended(3 * 3_600_000), keep: 1, nowMs }).slice(-1);
  expect(decision?.reasons).toEqual(['node01 runs it until 3 h ago']);
});

test('what belongs to caches goes when nobody needs it and a day has passed', () => {
  const parts = [
    { name: 'needed', madeMs: 0 },
    { name: 'old', madeMs: nowMs - graceMs },
    { name: 'young', madeMs: nowMs - graceMs + 1 },
  ];
  expect(planCacheGc(parts, new Set(['needed']), nowMs)).toEqual(['old']);
});

function boot(changes: Partial<Boot>): Boot {
  return {
    id: 'a',
    node: 'node01',
    mac: 'dc:a6:32:00:00:01',
    address: '10.42.0.11',
    generation: 'a'.repeat(64),
    image: id('1'),
    startedAtMs: 1000,
    tokenExpiresAtMs: 2000,
    lastSeenMs: 3000,
    files: 1,
    bytes: 1,
    phases: [
      { phase: 'kernel', atMs: 1500 },
      { phase: 'root', atMs: 1600 },
    ],
    closed: { atMs: 5000, reason: 'ready' },
    ...changes,
  };
}

function usesOf(sources: Partial<UseSources>): VersionUse[] {
  const state = { imageChoices: {}, imagePins: {} };
  const none = { boots: [], generations: new Map(), trees: new Map() };
  const view = { ...sampleView(), images };
  return findImageUses({ view, state, ...none, ...sources });
}
const of = (version: string, found: readonly VersionUse[]) => found.filter(({ image }) => image === id(version));

test('roles use the version that they boot, unknown boards that of their hold boot', () => {
  const found = usesOf({});
  expect(found.map(({ image, why }) => `${image} ${why}`)).toContain(`${id('4')} role compute`);
  expect(of('1', found)).toEqual([]);
});

test('a node that was seen on a version uses it until another boot of it has mounted its own root', () => {
  const first = boot({});
  expect(of('1', usesOf({ boots: [first] }))).toEqual([{ image: id('1'), why: 'node01 runs it' }]);

  const later = boot({
    id: 'b',
    image: id('2'),
    startedAtMs: 9000,
    lastSeenMs: 9900,
    closed: { atMs: 9900, reason: 'silent' },
  });
  const fruitless = { ...later, phases: [{ phase: 'kernel', atMs: 9100 } as const] };
  expect(of('1', usesOf({ boots: [first, fruitless] }))).toEqual([{ image: id('1'), why: 'node01 runs it' }]);

  const mounted = {
    ...later,
    phases: [{ phase: 'kernel', atMs: 9100 } as const, { phase: 'root', atMs: 9200 } as const],
  };
  expect(of('1', usesOf({ boots: [first, mounted] }))).toEqual([
    { image: id('1'), why: 'node01 runs it', endedMs: 9200 },
  ]);
  expect(of('2', usesOf({ boots: [first, mounted] }))).toEqual([{ image: id('2'), why: 'node01 runs it' }]);
});

/** v1 was ready; v4, which its role says, mounted its root longer than a day ago and failed. */
const failedUpdate = (): readonly Boot[] => {
  const failedMs = nowMs - graceMs - 2 * 3_600_000;
  const root = { phase: 'root', atMs: failedMs } as const;
  return [
    boot({ generation: hex('a'), phases: [{ phase: 'ready', atMs: 5000 }] }),
    boot({ id: 'b', generation: hex('b'), startedAtMs: failedMs, phases: [root] }),
  ];
};
const hex = (digit: string) => digit.repeat(64);
const generationOf = (digit: string, version: string, changes: Partial<Generation> = {}): Generation => {
  const view = sampleView();
  const image = { name: 'debian-lite', version: `20261121.${version}` };
  return { ...planGeneration(sampleNode('node01', view), view), id: hex(digit), image, ...changes };
};

test.each<[string, Partial<Generation>, Partial<ClusterView>, readonly string[]]>([
  ['of a node stays, whatever the node runs', {}, {}, []],
  ['of another role is none that it can boot', { role: 'login' }, {}, ['20261121.1']],
  ['of another board is none that it can boot', { board: 'pi3' }, {}, ['20261121.1']],
  ['whose squashfs is gone is none that it can boot', { rootMode: 'squash' }, {}, ['20261121.1']],
  ["of a node that was removed is nobody else's", {}, { nodes: [] }, ['20261121.1']],
])('the version of a kept generation %s', (_, changes, view, gone) => {
  const generations = new Map(
    [generationOf('a', '1', changes), generationOf('b', '4')].map((each) => [each.id, each] as const),
  );
  const uses = usesOf({ boots: failedUpdate(), generations, view: { ...sampleView(), images, ...view } });
  expect(going(uses).filter((version) => version === '20261121.1')).toEqual(gone);
});

test('what gc leaves, "rollback --last-good" finds', () => {
  const boots = failedUpdate();
  const generations = new Map([generationOf('a', '1'), generationOf('b', '4')].map((each) => [each.id, each] as const));
  const gone = new Set(going(usesOf({ boots, generations })));
  const left = new Map([...images].map(([name, all]) => [name, all.filter(({ version }) => !gone.has(version))]));
  const view = { ...sampleView(), images: left };

  const facts = { view, boots, generations, desired: hex('b') };
  expect(planRollback(sampleNode('node01', view), { kind: 'last-good' }, facts)).toMatchObject({ kind: 'hold' });
});

test('nodes whose generations keep a version are told as one', () => {
  const first = boot({ generation: hex('a') });
  const generations = new Map([[hex('a'), generationOf('a', '1')]]);
  const uses = usesOf({ boots: [first, first], generations });
  expect(of('1', uses).map(({ why }) => why)).toContain('kept generations of node01');
});

test('an open boot uses its version, one that never came to its kernel does not for long', () => {
  const { closed: _closed, ...open } = boot({ phases: [] });
  expect(of('1', usesOf({ boots: [open] }))).toEqual([{ image: id('1'), why: 'node01 boots it' }]);
  expect(of('1', usesOf({ boots: [boot({ phases: [] })] }))).toEqual([
    { image: id('1'), why: 'node01 runs it', endedMs: 5000 },
  ]);
});

test('a boot of a node that is no node any more counts', () => {
  expect(of('1', usesOf({ boots: [boot({ node: 'gone' })] }))).toHaveLength(1);
});

test('pins, choices with what was left for them, and private trees use their versions', () => {
  const state = {
    imageChoices: { 'role/compute': { image: 'debian-lite', version: '20261121.2', before: '20261121.3' } },
    imagePins: { [id('1')]: { by: 'ci' } },
  };
  const trees = new Map([['node07', [{ name: 'debian-lite', version: '20261120.1' }]]]);

  const found = usesOf({ state, trees }).map(({ image, why }) => `${image} ${why}`);

  expect(found).toEqual(
    expect.arrayContaining([
      `${id('1')} pinned`,
      `${id('2')} chosen for role compute`,
      `${id('3')} role compute was rolled back from it`,
      'debian-lite@20261120.1 the tree of node07',
    ]),
  );
});
