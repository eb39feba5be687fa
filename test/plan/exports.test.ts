import { expect, test } from 'vitest';

import type { Boot } from '../../src/model/boot.ts';
import type { Generation } from '../../src/model/generation.ts';
import { emptyState } from '../../src/model/state.ts';
import { beginBoot, closeBoot, reportPhase } from '../../src/plan/boot-timeline.ts';
import { planExports, planRootUses, type ExportIds } from '../../src/plan/exports.ts';
import { planGeneration } from '../../src/plan/generation.ts';
import { sampleManifest, sampleNode, sampleView } from '../support/sample-view.ts';

const imagesDir = '/state/exports/images';
const oldView = sampleView({ images: new Map([['debian-lite', [sampleManifest({ version: '20261101.1' })]]]) });
const view = sampleView();
const old: Generation = planGeneration(sampleNode('node01', oldView), oldView);
const generations = new Map([[old.id, old]]);

const boot = (changes: Partial<Boot> = {}): Boot => ({
  ...beginBoot({
    id: 'b1',
    node: 'node01',
    mac: 'm',
    address: '10.42.0.11',
    generation: old.id,
    token: 't',
    sign: 'discover',
    nowMs: 0,
  }),
  ...changes,
});
const ran = (each: Boot) => reportPhase(each, { phase: 'overlay', uptimeSeconds: 1, detail: undefined }, 1);

/** `pseudo access: clients`, one line per export. */
function lines(boots: readonly Boot[], of = view, ids: ExportIds = emptyState): string[] {
  const { exports } = planExports({ cluster: of.cluster, imagesDir }, planRootUses(of, boots, generations), ids);
  return exports.map(({ pseudo, access, clients }) => `${pseudo} ${access}: ${clients.join(' ')}`);
}

const all = '10.42.0.10 10.42.0.11 10.42.0.12 10.42.0.20';
const desired = `/images/debian-lite/20261121.1/root read-only: ${all}`;
const shares = [`/shares/home read-write: ${all}`, '/shares/slurm read-write: 10.42.0.10'];
const oldRoot = '/images/debian-lite/20261101.1/root read-only: 10.42.0.11';

test('each node sees the newest version of its image and the shares of its role', () => {
  expect(lines([])).toEqual([desired, ...shares]);
});

test.each<[string, readonly Boot[]]>([
  ['boots it', [boot()]],
  ['runs it', [ran(boot())]],
  ['runs it while its next boot has not reported yet', [ran(boot()), boot({ id: 'b2', generation: 'other' })]],
])('an old version stays exported to a node that %s', (_name, boots) => {
  expect(lines(boots)).toEqual([oldRoot, desired, ...shares]);
});

test.each<[string, readonly Boot[]]>([
  ['has reported another generation', [ran(boot()), ran(boot({ id: 'b2', generation: 'other' }))]],
  ['never started its kernel', [closeBoot(boot(), 'silent', 1)]],
])('an old version is withdrawn from a node that %s', (_name, boots) => {
  expect(lines(boots)).toEqual([desired, ...shares]);
});

test('a node that moved keeps its root at the address it runs at', () => {
  const moved = sampleView({ nodes: [{ ...sampleNode('node01'), address: '10.42.0.99' as never }] });

  expect(lines([ran(boot())], moved)).toEqual([
    oldRoot,
    '/images/debian-lite/20261121.1/root read-only: 10.42.0.99',
    '/shares/home read-write: 10.42.0.11 10.42.0.99',
  ]);
});

test('a node that is no node any more keeps the root it runs on', () => {
  expect(lines([ran(boot())], sampleView({ nodes: [] }))).toEqual([oldRoot, '/shares/home read-write: 10.42.0.11']);
});

test('a role without an image exports no root and still its shares', () => {
  expect(lines([], sampleView({ images: new Map() }))).toEqual(shares);
});

test('an id is given to a path once and never to another', () => {
  const uses = planRootUses(view, [], generations);
  const first = planExports({ cluster: view.cluster, imagesDir }, uses, emptyState);
  const without = planExports({ cluster: { ...view.cluster, shares: [] }, imagesDir }, uses, first);
  const added = { ...view.cluster, shares: [{ name: 'new', path: '/srv/new', mount: '/new' }, ...view.cluster.shares] };
  const again = planExports({ cluster: added, imagesDir }, uses, without);

  expect(first.exports.map(({ id, path }) => `${id} ${path}`)).toEqual([
    '1 /state/exports/images/debian-lite/20261121.1/root',
    '2 /srv/shares/home',
    '3 /srv/shares/slurm',
  ]);
  expect(without.exports.map(({ id }) => id)).toEqual([1]);
  expect(again.exports.map(({ id, path }) => `${id} ${path}`)).toEqual([
    '1 /state/exports/images/debian-lite/20261121.1/root',
    '4 /srv/new',
    '2 /srv/shares/home',
    '3 /srv/shares/slurm',
  ]);
});
