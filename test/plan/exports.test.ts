import { describe, expect, test } from 'vitest';

import type { Boot, ReportedPhase } from '../../src/model/boot.ts';
import type { Generation } from '../../src/model/generation.ts';
import { emptyState } from '../../src/model/state.ts';
import { beginBoot, closeBoot, reportPhase } from '../../src/plan/boot-timeline.ts';
import { planExports, planRootUses, type ExportIds } from '../../src/plan/exports.ts';
import { planGeneration } from '../../src/plan/generation.ts';
import { sampleManifest, sampleNode, sampleView } from '../support/sample-view.ts';

const dirs = {
  imagesDir: '/state/exports/images',
  squashDir: '/state/exports/squash',
  persistentDir: '/state/persistent',
};
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
  const { exports } = planExports({ cluster: of.cluster, ...dirs }, planRootUses(of, boots, generations), ids);
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

/** node01 runs as controller while it should be compute, of another version of its image. */
describe('a node that changes its role', () => {
  const before = sampleView({
    images: new Map([['debian-lite', [sampleManifest({ version: '20261101.1' })]]]),
    nodes: oldView.nodes.map((node) =>
      node.name === 'node01' ? Object.assign({}, node, { role: 'controller' }) : node,
    ),
  });
  const was = planGeneration(sampleNode('node01', before), before);
  const will = planGeneration(sampleNode('node01'), view);
  const both = new Map([was, will].map((generation) => [generation.id, generation]));
  const running = closeBoot(ran(boot({ generation: was.id })), 'ready', 2);
  const next = boot({ id: 'b2', generation: will.id });
  const reported = (each: Boot, ...phases: ReportedPhase[]) =>
    phases.reduce((sum, phase) => reportPhase(sum, { phase, uptimeSeconds: 1, detail: undefined }, 3), each);
  const usesOf = (...boots: Boot[]) => {
    // Nobody else is the controller yet.
    const alone = { ...view, nodes: view.nodes.filter(({ name }) => name !== 'head') };
    const { exports } = planExports({ cluster: view.cluster, ...dirs }, planRootUses(alone, boots, both), emptyState);
    return exports
      .filter(({ clients }) => clients.some((client) => client === '10.42.0.11'))
      .map(({ pseudo }) => pseudo);
  };
  const oldTree = '/images/debian-lite/20261101.1/root';
  const wanted = ['/images/debian-lite/20261121.1/root', '/shares/home'];

  test.each<[string, readonly Boot[], readonly string[]]>([
    ['is told so', [running], [oldTree, ...wanted, '/shares/slurm']],
    ['asks for an address', [running, next], [oldTree, ...wanted, '/shares/slurm']],
    ['starts its kernel', [running, reported(next, 'network')], [oldTree, ...wanted, '/shares/slurm']],
    ['has its new root', [running, reported(next, 'network', 'root')], [...wanted, '/shares/slurm']],
    ['has its new overlay', [running, reported(next, 'network', 'root', 'overlay')], wanted],
    ['has its new overlay, and the report of its root was lost', [running, reported(next, 'overlay')], wanted],
    ['is ready', [running, reported(next, 'root', 'overlay', 'ready')], wanted],
    ['fails before its root', [running, reported(next, 'network', 'failed')], [oldTree, ...wanted, '/shares/slurm']],
    ['fails after its root', [running, reported(next, 'root', 'failed')], [...wanted, '/shares/slurm']],
    [
      'is silent after its kernel',
      [running, closeBoot(reported(next, 'network'), 'silent', 4)],
      [oldTree, ...wanted, '/shares/slurm'],
    ],
  ])('keeps what it has mounted, when it %s', (_name, boots, expected) => {
    expect(usesOf(...boots)).toEqual(expected);
  });

  test('needs nothing of a role that it never ran', () => {
    const given = boot({ generation: was.id });

    expect(usesOf(given)).toContain('/shares/slurm');
    expect(usesOf(closeBoot(given, 'restarted', 1), next)).toEqual(wanted);
  });
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

test('nor its own tree, until that is removed too', () => {
  const own = new Map([[old.id, { ...old, rootMode: 'persistent' as const }]]);
  const tree = { name: 'debian-lite', version: '20261101.1' };
  const rootsOf = (trees: ReadonlyMap<string, (typeof tree)[]>) =>
    planRootUses(sampleView({ nodes: [], roots: { squashes: new Map(), trees } }), [ran(boot())], own);

  expect(rootsOf(new Map([['node01', [tree]]]))).toMatchObject([{ root: { rootMode: 'persistent' } }]);
  expect(rootsOf(new Map())).toEqual([]);
});

test('a role without an image exports no root and still its shares', () => {
  expect(lines([], sampleView({ images: new Map() }))).toEqual(shares);
});

test('an id is given to a path once and never to another', () => {
  const uses = planRootUses(view, [], generations);
  const first = planExports({ cluster: view.cluster, ...dirs }, uses, emptyState);
  const without = planExports({ cluster: { ...view.cluster, shares: [] }, ...dirs }, uses, first);
  const added = { ...view.cluster, shares: [{ name: 'new', path: '/srv/new', mount: '/new' }, ...view.cluster.shares] };
  const again = planExports({ cluster: added, ...dirs }, uses, without);

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

test('the state of the controller is for one node only: who had it before is let in no more', () => {
  const controller: Generation = { ...old, id: 'g-controller', role: 'controller' };
  const known = new Map([[controller.id, controller]]);
  const ranIt = [ran(boot({ generation: controller.id }))];
  const clients = (of: typeof view) =>
    planExports({ cluster: of.cluster, ...dirs }, planRootUses(of, ranIt, known), emptyState).exports.find(
      ({ pseudo }) => pseudo === '/shares/slurm',
    )?.clients;

  expect(clients(view)).toEqual(['10.42.0.10']);
  // As long as nobody else is to be it.
  expect(clients({ ...view, nodes: view.nodes.filter(({ name }) => name !== 'head') })).toEqual(['10.42.0.11']);
});

describe('where another server gives the addresses', () => {
  const { cluster } = view;
  const beside = { ...view, cluster: { ...cluster, network: { ...cluster.network, dhcp: 'proxy' as const } } };
  const at = (address: string, changes: Partial<Boot> = {}) => boot({ address, ...changes });
  const seen = (address: string) => [
    `/images/debian-lite/20261101.1/root read-only: ${address}`,
    `/shares/home read-write: ${address}`,
  ];

  test.each<[string, readonly Boot[], readonly string[]]>([
    ['nothing is exported before a boot', [], []],
    ['a boot has what it needs where it is', [at('10.42.0.57')], seen('10.42.0.57')],
    ['one that never started its kernel has nothing', [closeBoot(at('10.42.0.57'), 'silent', 1)], []],
    ['the next boot is elsewhere', [ran(at('10.42.0.57')), ran(at('10.42.0.58', { id: 'b2' }))], seen('10.42.0.58')],
    [
      'another node is at that address by now',
      [ran(at('10.42.0.57')), at('10.42.0.57', { id: 'b2', node: 'login', generation: 'other' })],
      [],
    ],
  ])('%s', (_name, boots, expected) => {
    expect(lines(boots, beside)).toEqual(expected);
  });
});
