import { describe, expect, test } from 'vitest';

import type { Cluster } from '../../src/model/cluster.ts';
import { Generation } from '../../src/model/generation.ts';
import { rootModes, type MadeRoots, type PersistentTree } from '../../src/model/root-mode.ts';
import type { ClusterView } from '../../src/model/view.ts';
import { checkCluster } from '../../src/plan/check-cluster.ts';
import { noteMemory } from '../../src/plan/check-cluster-memory.ts';
import { explainNode } from '../../src/plan/explain-node.ts';
import { planExports, planRootUses } from '../../src/plan/exports.ts';
import { planGeneration } from '../../src/plan/generation.ts';
import { missingOf, missingRoots, outdatedTrees } from '../../src/plan/made-roots.ts';
import { planRoleChange } from '../../src/plan/role-change.ts';
import { decideRoot, learnedMemory, RootNotMadeError } from '../../src/plan/root-mode.ts';
import { emptyState } from '../../src/model/state.ts';
import { sampleCluster, sampleClusterInput, sampleManifest, sampleNode, sampleView } from '../support/sample-view.ts';

const [older, newer] = ['20261120.1', '20261121.1'].map((version) =>
  sampleManifest({ version, rootModes: [...rootModes] }),
);
const images = new Map([['debian-lite', [newer, older].filter((each) => each !== undefined)]]);
const sha256 = 'a'.repeat(64);
const mib = 1024 * 1024;
const cmdlineTxt =
  'pi_image.root={{root.pseudo}} {{#if root.mode}}pi_image.mode={{root.mode}}{{/if}} ' +
  '{{#if root.sha256}}pi_image.sha256={{root.sha256}} pi_image.size={{root.sizeBytes}}{{/if}} pi_image.token={{token}}';

function made(changes: { trees?: readonly PersistentTree[]; sizeBytes?: number } = {}): MadeRoots {
  const file = { sha256, sizeBytes: changes.sizeBytes ?? 200 * mib };
  const trees = changes.trees ?? [];
  return {
    squashes: new Map([[`debian-lite@20261121.1`, file]]),
    trees: new Map(trees.length === 0 ? [] : [['node01', trees]]),
  };
}

/** The sample with another root mode for its compute nodes. */
function viewOf(compute: Partial<Cluster['roles'][string]>, roots: MadeRoots | undefined = made()): ClusterView {
  const roles = { ...sampleClusterInput.roles, compute: { ...sampleClusterInput.roles.compute, ...compute } };
  const view = sampleView({ cluster: sampleCluster({ roles }), images });
  const templates = new Map([...view.boardTemplates].map(([board, each]) => [board, { ...each, cmdlineTxt }] as const));
  return { ...view, boardTemplates: templates, ...(roots && { roots }) };
}

const plan = (view: ClusterView) => planGeneration(sampleNode('node01', view), view);
const tree = (version: string): PersistentTree => ({ name: 'debian-lite', version });

describe('the command line', () => {
  test.each<[string, Partial<Cluster['roles'][string]>, MadeRoots, string]>([
    ['shared', { root: 'shared' }, made(), 'pi_image.root=/images/debian-lite/20261121.1/root pi_image.token='],
    [
      'squash',
      { root: 'squash' },
      made(),
      'pi_image.root=/squash/debian-lite/20261121.1 pi_image.mode=squash pi_image.token=',
    ],
    [
      'ram',
      { root: 'ram' },
      made(),
      `pi_image.root=/boot/v1/root.squashfs pi_image.mode=ram pi_image.sha256=${sha256} pi_image.size=${200 * mib} pi_image.token=`,
    ],
    [
      'persistent',
      { root: 'persistent' },
      made({ trees: [tree('20261121.1')] }),
      'pi_image.root=/persistent/node01/debian-lite/20261121.1 pi_image.mode=persistent pi_image.token=',
    ],
  ])('of %s says where its root is', (mode, role, roots, expected) => {
    const generation = plan(viewOf(role, roots));

    expect(generation.commandLine).toContain(expected);
    expect(Generation.parse(generation)).toMatchObject({ rootMode: mode });
  });

  test('of an owner who has a template from before root modes is refused', () => {
    const view = viewOf({ root: 'squash' });
    const old = new Map([...view.boardTemplates].map(([board, each]) => [board, { ...each, cmdlineTxt: '{{token}}' }]));

    expect(() => plan({ ...view, boardTemplates: old })).toThrow(
      'boot/pi5/cmdline.txt.hbs does not pass on the root mode squash',
    );
  });
});

test('a generation changes with the bytes of the squashfs, so that a running node is known to have another', () => {
  const squashes = new Map([['debian-lite@20261121.1', { sha256: 'b'.repeat(64), sizeBytes: mib }]]);
  const other = { ...made(), squashes };

  expect(plan(viewOf({ root: 'squash' }, other)).id).not.toBe(plan(viewOf({ root: 'squash' })).id);
  expect(plan(viewOf({ root: 'squash' })).squash).toEqual({ sha256, sizeBytes: 200 * mib });
});

describe('what is not made yet', () => {
  const nothing: MadeRoots = { squashes: new Map(), trees: new Map() };

  test.each([
    ['squash', 'the squashfs of debian-lite@20261121.1 is still to be made'],
    ['ram', 'the squashfs of debian-lite@20261121.1 is still to be made'],
    ['persistent', 'the tree of node01 is still to be copied from debian-lite@20261121.1'],
  ] as const)('keeps a node in the mode %s waiting, with the reason', (root, message) => {
    expect(() => plan(viewOf({ root }, nothing))).toThrow(RootNotMadeError);
    expect(() => plan(viewOf({ root }, nothing))).toThrow(message);
    expect(
      planRoleChange(
        sampleNode('login'),
        'compute',
        viewOf({ root: root === 'persistent' ? 'squash' : root }, nothing),
      ),
    ).toMatchObject({
      kind: 'refused',
      hint: expect.stringContaining('pi-image build debian-lite --squash') as string,
    });
  });

  test('is asked for once per version, and once per node with a tree of its own', () => {
    const names = (view: ClusterView) =>
      missingRoots(view).map((each) =>
        each.kind === 'tree' ? `${each.node} ${each.manifest.version}` : each.manifest.version,
      );

    expect(names(viewOf({ root: 'squash' }, nothing))).toEqual(['20261121.1']);
    expect(names(viewOf({ root: 'persistent' }, nothing))).toEqual(['node01 20261121.1', 'node02 20261121.1']);
    expect(names(viewOf({ root: 'ram' }))).toEqual([]);
    expect(names(viewOf({ root: 'shared' }, nothing))).toEqual([]);
  });

  test('of a role that no node has is made all the same', () => {
    const view = { ...viewOf({ root: 'squash' }, nothing), nodes: [] };

    expect(missingRoots(view)).toMatchObject([{ kind: 'squash' }]);
  });

  test('is nothing for a node whose root is there', () => {
    const view = viewOf({ root: 'squash' });

    expect(missingOf(sampleNode('node01', view), view)).toBeUndefined();
  });
});

test('an image whose initramfs is from before root modes is refused, with what to do', () => {
  const old = new Map([['debian-lite', [sampleManifest()]]]);

  expect(() => plan({ ...viewOf({ root: 'squash' }), images: old })).toThrow(
    'the initramfs of debian-lite@20261121.1 makes no root in the mode squash',
  );
});

describe('a root in memory', () => {
  test.each([
    [500, {}, true],
    [700, {}, true],
    [2000, {}, false],
    [2000, { memoryMib: 7800 }, true],
    [100, { memoryMib: 300 }, false],
  ])('of %i MiB on a Pi 5 with %j: fits %s', (size, vars, fits) => {
    const view = viewOf({ root: 'ram' }, made({ sizeBytes: size * mib }));
    const node = { ...sampleNode('node01', view), vars };
    const decide = () => decideRoot(node, view);

    if (fits) expect(decide()).toMatchObject({ mode: 'ram' });
    else expect(decide).toThrow(/does not fit into the memory of node01: with room to work it needs \d+ MiB/);
  });

  test('goes by the memory that the board itself has said, where its owner says nothing', () => {
    const roots = { ...made({ sizeBytes: 2500 * mib }), memoryMib: new Map([['node01', 8192]]) };
    const view = viewOf({ root: 'ram' }, roots);

    expect(decideRoot(sampleNode('node01', view), view)).toMatchObject({ mode: 'ram' });
    expect(noteMemory(view)).toEqual([]);
    const node = { ...sampleNode('node01', view), vars: { memoryMib: 2000 } };
    expect(() => decideRoot(node, view)).toThrow('a system finds 2000 MiB there');
  });

  test('learns it from boots, of the newest that says it', () => {
    const boot = (memoryMib?: number) => ({ node: 'node01', dhcp: memoryMib === undefined ? {} : { memoryMib } });

    expect(learnedMemory([boot(4096), boot(8192), boot()])).toEqual(new Map([['node01', 8192]]));
  });

  test('that does not fit is refused when a node is to have that role', () => {
    const view = viewOf({ root: 'ram' }, made({ sizeBytes: 800 * mib }));

    expect(planRoleChange(sampleNode('login', view), 'compute', view)).toMatchObject({
      kind: 'refused',
      reason: expect.stringContaining('does not fit into the memory of login') as string,
    });
  });

  test('is counted on the smallest board of a family where nobody says more, and that is told', () => {
    const view = viewOf({ root: 'ram' });

    expect(noteMemory(view)[0]?.path).toEqual(['roles', 'compute', 'root']);
    expect(noteMemory(view)[0]?.message).toContain('how much memory node01 have is not known');
    expect(noteMemory(viewOf({ root: 'squash' }))).toEqual([]);
    expect(noteMemory(viewOf({ root: 'ram', vars: { memoryMib: 3800 } }))).toEqual([]);
  });
});

describe('a tree of its own, when its image has a new version,', () => {
  const had = made({ trees: [tree('20261120.1')] });
  const own = (upgrade: 'keep' | 'reset' | 'refuse') => viewOf({ root: 'persistent', persistent: { upgrade } }, had);

  test('is kept, with the boot files of the version that it was made of', () => {
    const generation = plan(own('keep'));

    expect(generation.image.version).toBe('20261120.1');
    expect(generation.commandLine).toContain('/persistent/node01/debian-lite/20261120.1 ');
  });

  test('is kept where nothing is said', () => {
    expect(plan(viewOf({ root: 'persistent' }, had)).image.version).toBe('20261120.1');
  });

  test('cannot be kept when that version is gone', () => {
    const view = { ...own('keep'), images: new Map([['debian-lite', newer === undefined ? [] : [newer]]]) };

    expect(() => plan(view)).toThrow('debian-lite@20261120.1, of which the tree of node01 was made, is gone');
  });

  test('is made anew, and the old one removed when nobody has it mounted', () => {
    const view = own('reset');
    expect(missingRoots(view)).toContainEqual(
      expect.objectContaining({ kind: 'tree', node: 'node01', manifest: newer }),
    );
    expect(outdatedTrees(view, new Set())).toEqual([]);

    const both = viewOf(
      { root: 'persistent', persistent: { upgrade: 'reset' } },
      made({ trees: [tree('20261120.1'), tree('20261121.1')] }),
    );
    expect(plan(both).image.version).toBe('20261121.1');
    expect(outdatedTrees(both, new Set(['/persistent/node01/debian-lite/20261120.1']))).toEqual([]);
    expect(outdatedTrees(both, new Set())).toEqual([{ node: 'node01', tree: tree('20261120.1') }]);
  });

  test('refuses to boot before its owner has decided', () => {
    expect(() => plan(own('refuse'))).toThrow(
      'node01 has a tree of debian-lite@20261120.1, and its role compute wants debian-lite@20261121.1',
    );
    const stays = { root: 'persistent', image: 'debian-lite@20261120.1', persistent: { upgrade: 'refuse' } } as const;
    expect(plan(viewOf(stays, had)).image.version).toBe('20261120.1');
  });

  test('is not taken for one of another image', () => {
    const other = made({ trees: [{ name: 'pios-lite', version: '20261120.1' }] });

    expect(
      missingOf(sampleNode('node01'), viewOf({ root: 'persistent', persistent: { upgrade: 'refuse' } }, other)),
    ).toMatchObject({
      kind: 'tree',
      manifest: newer,
    });
  });
});

describe('exports', () => {
  const dirs = { imagesDir: '/s/exports/images', squashDir: '/s/exports/squash', persistentDir: '/s/persistent' };
  const lines = (view: ClusterView) =>
    planExports({ cluster: view.cluster, ...dirs }, planRootUses(view, [], new Map()), emptyState)
      .exports.filter(({ pseudo }) => !pseudo.startsWith('/shares/'))
      .map(({ path, access, clients }) => `${path} ${access} ${clients.join(' ')}`);
  const others = '/s/exports/images/debian-lite/20261121.1/root read-only 10.42.0.10 10.42.0.20';

  test('of a squashfs are its folder, read-only', () => {
    expect(lines(viewOf({ root: 'squash' }))).toEqual([
      others,
      '/s/exports/squash/debian-lite/20261121.1 read-only 10.42.0.11 10.42.0.12',
    ]);
  });

  test('of a root in memory are none', () => {
    expect(lines(viewOf({ root: 'ram' }))).toEqual([others]);
  });

  test('of a tree are for its node alone, to read and write', () => {
    const trees = new Map([
      ['node01', [tree('20261121.1')]],
      ['node02', [tree('20261121.1')]],
    ]);
    expect(lines(viewOf({ root: 'persistent' }, { squashes: new Map(), trees }))).toEqual([
      others,
      '/s/persistent/node01/debian-lite/20261121.1/root read-write 10.42.0.11',
      '/s/persistent/node02/debian-lite/20261121.1/root read-write 10.42.0.12',
    ]);
  });
});

test('a change of role shows the root and what is mounted', () => {
  const view = viewOf({ root: 'squash' });
  const decision = planRoleChange(sampleNode('login', view), 'compute', view);

  expect(decision).toMatchObject({
    kind: 'change',
    diff: {
      root: { from: 'shared', to: 'squash' },
      exports: {
        added: ['/squash/debian-lite/20261121.1'],
        removed: ['/images/debian-lite/20261121.1/root'],
      },
    },
  });
});

test('a node may have a role that wants a tree before there is one', () => {
  const view = viewOf({ root: 'persistent' });
  const decision = planRoleChange(sampleNode('login', view), 'compute', view);

  expect(decision).toMatchObject({
    kind: 'change',
    diff: { root: { to: 'persistent' }, exports: { added: ['/persistent/login/debian-lite/20261121.1'] } },
  });
  expect(view.roots?.trees.size).toBe(0);
});

test.each<[Partial<Cluster['roles'][string]>, string, string | undefined]>([
  [{ root: 'shared' }, 'shared: the tree of its image over NFS', '/images/debian-lite/20261121.1/root read-only'],
  [{ root: 'squash' }, 'squash: one file of 200 MiB over NFS', '/squash/debian-lite/20261121.1 read-only'],
  [{ root: 'ram' }, 'ram: one file of 200 MiB over HTTP', undefined],
  [
    { root: 'persistent' },
    'persistent: a tree of its own over NFS',
    '/persistent/node01/debian-lite/20261121.1 read-write',
  ],
])('%j is explained', (role, root, mount) => {
  const view = viewOf(role, made({ trees: [tree('20261121.1')] }));
  const explained = explainNode(sampleNode('node01', view), view);

  expect(explained.root).toContain(root);
  const atRoot = explained.mounts.find((each) => each.mount === '/');
  expect(atRoot && `${atRoot.pseudo} ${atRoot.access}`).toBe(mount);
});

describe('cluster.yaml', () => {
  const problems = (compute: Partial<Cluster['roles'][string]>) => {
    const { cluster, overlays } = viewOf(compute);
    const known = { overlays, images: new Map([['debian-lite', { boards: undefined }]]) };
    return checkCluster(cluster, known).map(({ path, message }) => `${path.join('.')}: ${message}`);
  };

  test('may say nothing of trees where there are none', () => {
    expect(problems({ root: 'squash', persistent: { upgrade: 'keep' } })).toEqual([
      'roles.compute.persistent: it is about trees of their own, and root is squash',
    ]);
    expect(problems({ root: 'persistent', persistent: { upgrade: 'reset' } })).toEqual([]);
  });

  test('may not give a signed boot.img a root of one node', () => {
    expect(problems({ root: 'persistent', boot: 'signed' })[0]).toContain(
      'roles.compute.root: boot.img is the same for all nodes',
    );
  });
});
