import { describe, expect, test } from 'vitest';

import type { RoleDiff } from '../../src/model/role-diff.ts';
import type { ClusterView } from '../../src/model/view.ts';
import {
  planRoleChange,
  roleChangePlanner,
  withDoubts,
  type RoleDecision,
  type RunningRoles,
} from '../../src/plan/role-change.ts';
import {
  sampleCluster,
  sampleClusterInput,
  sampleManifest,
  sampleNode,
  sampleOverlay,
  sampleView,
} from '../support/sample-view.ts';
import { shippedView } from '../support/shipped-overlays.ts';

const { roles } = sampleClusterInput;

function plan(node: string, role: string, view: ClusterView = sampleView(), running?: RunningRoles): RoleDecision {
  return planRoleChange(sampleNode(node, view), role, view, running);
}

function viewWith(name: string, role: string): ClusterView {
  return sampleView({
    nodes: sampleView().nodes.map((node) => (node.name === name ? Object.assign({}, node, { role }) : node)),
  });
}

function diffOf(decision: RoleDecision): RoleDiff {
  if (decision.kind === 'refused') throw new Error(decision.reason);
  return decision.diff;
}

describe('a compute node that becomes a login node', () => {
  test('is told what its next boot changes', () => {
    const { generation, patches, ...diff } = diffOf(plan('node01', 'login'));

    expect(diff).toEqual({
      role: { from: 'compute', to: 'login' },
      image: { from: 'debian-lite@20261121.1', to: 'debian-lite@20261121.1' },
      root: { from: 'shared', to: 'shared' },
      kernelArguments: { added: [], removed: ['quiet'] },
      overlays: { added: ['login'], removed: ['slurm-compute'] },
      files: {
        added: ['etc/systemd/system/slurmd.service'],
        changed: ['etc/slurm/slurm.conf'],
        removed: ['etc/systemd/system/multi-user.target.wants/slurmd.service'],
      },
      exports: { added: [], removed: [] },
      slurm: { from: 'compute', to: 'none' },
    });
    expect(generation.from).not.toBe(generation.to);
    expect(patches).toEqual({
      'etc/slurm/slurm.conf': '@@ -1,2 +1 @@\n-NodeName=node01 CPUs=4\n NodeName=node02 CPUs=1\n',
    });
  });

  test('and back is the same the other way round', () => {
    const view = viewWith('node01', 'login');
    const there = diffOf(plan('node01', 'login'));
    const back = diffOf(plan('node01', 'compute', view));

    expect(back.files).toEqual({ ...there.files, added: there.files.removed, removed: there.files.added });
    expect([back.generation.from, back.generation.to]).toEqual([there.generation.to, there.generation.from]);
    expect(back.slurm).toEqual({ from: 'none', to: 'compute' });
  });
});

describe('several nodes that get a role at once', () => {
  const of = (names: readonly string[], role: string, view: ClusterView = sampleView()) => {
    const nodes = names.map((name) => sampleNode(name, view));
    return nodes.map(roleChangePlanner(nodes, role, view));
  };

  test('are told what is so when all of them have it', () => {
    const [first, second] = of(['node01', 'node02'], 'login').map(diffOf);
    const alone = diffOf(plan('node01', 'login'));

    expect(first?.patches).toEqual({
      'etc/slurm/slurm.conf': '@@ -1,2 +0,0 @@\n-NodeName=node01 CPUs=4\n-NodeName=node02 CPUs=1\n',
    });
    expect(second?.patches).toEqual(first?.patches);
    expect({ ...first, patches: alone.patches }).toEqual(alone);
  });

  test('get what each would get alone, on the overlays that ship', async () => {
    const view = await shippedView();
    const [first, second] = of(['node01', 'node02'], 'login', view).map(diffOf);

    expect(first?.generation).toEqual(diffOf(plan('node01', 'login', view)).generation);
    expect(second?.generation).toEqual(diffOf(plan('node02', 'login', view)).generation);
  });

  test('cannot both be the controller', () => {
    const view = sampleView({ nodes: sampleView().nodes.filter(({ name }) => name !== 'head') });

    expect(of(['node01', 'node02'], 'controller', view).map(({ kind }) => kind)).toEqual(['refused', 'refused']);
  });

  test('are not each told the lines of a long file', () => {
    const [pattern] = sampleView().nodes;
    const nodes = Array.from({ length: 1000 }, (_, index) => Object.assign({}, pattern, { name: `n${index}` }));
    const view = sampleView({ nodes });
    const { files, patches } = diffOf(roleChangePlanner(nodes, 'login', view)(sampleNode('n7', view)));

    expect(files.changed).toEqual(['etc/slurm/slurm.conf']);
    expect(patches).toEqual({});
  });
});

test('a node that has the role already has nothing to change', () => {
  expect(plan('node01', 'compute')).toMatchObject({
    kind: 'same',
    diff: { role: { from: 'compute', to: 'compute' }, generation: {}, files: { added: [], changed: [], removed: [] } },
  });
});

test('exports that come and go are named', () => {
  const view = sampleView({ nodes: sampleView().nodes.filter(({ name }) => name !== 'head') });

  expect(diffOf(plan('node01', 'controller', view)).exports).toEqual({ added: ['/shares/slurm'], removed: [] });
});

test('another image is named with its version, and its root goes', () => {
  const cluster = sampleCluster({ roles: { ...roles, login: { ...roles.login, image: 'debian-lite@20261120.1' } } });
  const { image, exports } = diffOf(plan('node01', 'login', sampleView({ cluster })));

  expect(image).toEqual({ from: 'debian-lite@20261121.1', to: 'debian-lite@20261120.1' });
  expect(exports).toEqual({
    added: ['/images/debian-lite/20261120.1/root'],
    removed: ['/images/debian-lite/20261121.1/root'],
  });
});

test('a node that could not boot before has nothing on the old side', () => {
  const cluster = sampleCluster({ roles: { ...roles, compute: { ...roles.compute, image: 'debian-lite@gone' } } });
  const diff = diffOf(plan('node01', 'login', sampleView({ cluster })));

  expect(diff).toMatchObject({
    image: { to: 'debian-lite@20261121.1' },
    files: { removed: expect.arrayContaining(['etc/ssh/ssh_host_*']) as never },
  });
  expect(diff.image).not.toHaveProperty('from');
  expect(diff.slurm).toEqual({ from: 'compute', to: 'none' });
});

describe('files', () => {
  const view = (before: ReturnType<typeof sampleOverlay>, after: ReturnType<typeof sampleOverlay>) =>
    sampleView({
      cluster: sampleCluster({
        roles: {
          compute: { image: 'debian-lite', overlays: ['old'] },
          login: { image: 'debian-lite', overlays: ['new'] },
        },
        slurm: undefined,
      }),
      overlays: new Map([
        ['old', { ...before, name: 'old' }],
        ['new', { ...after, name: 'new' }],
      ]),
    });

  test('that differ in owner or mode only say so', () => {
    const before = sampleOverlay('old', {}, { 'etc/a': 'a\n' });
    const after = sampleOverlay('new', { files: { 'etc/a': { owner: 'munge', mode: '0400' } } }, { 'etc/a': 'a\n' });

    expect(diffOf(plan('node01', 'login', view(before, after)))).toMatchObject({
      files: { changed: ['etc/a'] },
      patches: { 'etc/a': 'old 0644 root:root\nnew 0400 munge:munge\n' },
    });
  });

  test('that are secrets are named and never shown', () => {
    const before = sampleOverlay('old', { files: { 'etc/key': { secret: 'mungeKey' } } });
    const after = sampleOverlay('new', {
      files: { 'etc/key': { secret: 'sshHostKey' }, 'etc/other': { secret: 'mungeKey' } },
    });

    expect(diffOf(plan('node01', 'login', view(before, after)))).toMatchObject({
      files: { added: ['etc/other'], changed: ['etc/key'], removed: [] },
      patches: {},
    });
  });

  test('that are no texts, or too long, are listed only', () => {
    const before = sampleOverlay('old', {}, { binary: 'a\0b', long: 'a\n', text: 'a\n' });
    const after = sampleOverlay('new', {}, { binary: 'a\0c', long: 'a\n'.repeat(20_000), text: 'b\n' });

    expect(diffOf(plan('node01', 'login', view(before, after)))).toMatchObject({
      files: { changed: ['binary', 'long', 'text'] },
      patches: { text: '@@ -1 +1 @@\n-a\n+b\n' },
    });
  });

  test('that an overlay takes away from the image come and go', () => {
    const before = sampleOverlay('old', { remove: ['etc/motd'] }, { 'etc/a': 'a\n' });
    const after = sampleOverlay('new', { remove: ['etc/issue*'] });

    expect(diffOf(plan('node01', 'login', view(before, after))).files).toEqual({
      added: ['etc/motd'],
      changed: [],
      removed: ['etc/a', 'etc/issue*'],
    });
  });
});

describe('is refused', () => {
  const withRole = (changes: object) =>
    sampleView({ cluster: sampleCluster({ roles: { ...roles, other: { ...roles.login, ...changes } } }) });
  const needs = (spec: Record<string, unknown>) =>
    sampleView({
      cluster: sampleCluster({ roles: { ...roles, other: { image: 'debian-lite', overlays: ['needy'] } } }),
      overlays: new Map([...sampleView().overlays, ['needy', sampleOverlay('needy', spec)]]),
    });

  test.each<[string, string, ClusterView, string, string]>([
    [
      'a role that nobody wrote',
      'logn',
      sampleView(),
      'there is no role logn; did you mean login?',
      'Roles are: compute, controller, login.',
    ],
    [
      'a second controller',
      'controller',
      sampleView(),
      'head is the Slurm controller (role controller), and there can be one only: two would write the same state',
      'Give head another role first, with a reboot: "pi-image node set head --role ROLE --reboot".',
    ],
    [
      'an image without a version',
      'other',
      withRole({ image: 'pios-lite' }),
      'there is no version of the image pios-lite',
      'Run "pi-image build pios-lite".',
    ],
    [
      'a version that is gone',
      'other',
      withRole({ image: 'debian-lite@1' }),
      'the image debian-lite has no version 1',
      'There are: 20261121.1, 20261120.1.',
    ],
    [
      'an overlay that nobody wrote',
      'other',
      withRole({ overlays: ['bas'] }),
      'the role other names the overlay bas, which does not exist; did you mean base?',
      'There are: base, login, slurm-compute, slurm-controller, slurm-node, ssh.',
    ],
    [
      'a secret that nobody declared',
      'other',
      needs({ needs: { secrets: ['mungKey'] } }),
      'the overlay needy needs the secret mungKey, which node01 (role other) does not have; did you mean mungeKey?',
      'Write "secrets: { mungKey: { generateBytes: 32 } }" in cluster.yaml, or { file: … } for one you have.',
    ],
  ])('%s', (_name, role, view, reason, hint) => {
    expect(plan('node01', role, view)).toEqual({ kind: 'refused', reason, hint });
  });

  test('a variable that is missing', () => {
    expect(plan('node01', 'other', needs({ needs: { vars: ['rack'] } }))).toMatchObject({
      kind: 'refused',
      reason: expect.stringMatching(/^the overlay needy needs the variable rack/) as never,
    });
  });

  test('an image that does not boot on its board', () => {
    const manifest = sampleManifest({ kernels: sampleManifest().kernels.slice(1), boards: ['uefi'] });
    const view = sampleView({ images: new Map([['debian-lite', [manifest]]]) });

    expect(plan('node01', 'login', view)).toMatchObject({
      kind: 'refused',
      reason: 'the image debian-lite 20261121.1 has no kernel for node01, a pi5',
    });
  });

  test('a controller as long as another one still runs, and not after', () => {
    const view = viewWith('head', 'login');

    expect(plan('node01', 'controller', view, new Map([['head', 'controller']]))).toEqual({
      kind: 'refused',
      reason: 'head is to be login, but still runs as the Slurm controller: two would write the same state',
      hint: 'Reboot it and wait until it runs as login: "pi-image node reboot head".',
    });
    expect(plan('node01', 'controller', view, new Map([['head', 'login']])).kind).toBe('change');
    expect(plan('head', 'controller', view, new Map([['head', 'controller']])).kind).toBe('change');
  });
});

test('no other controller is let in before the one that is silent is proved down', () => {
  const view = viewWith('head', 'login');
  const doubts = new Map([['head', 'a machine answers at 10.42.0.10; its state was written 5 s ago']]);

  expect(plan('node01', 'controller', view, withDoubts(new Map(), doubts))).toEqual({
    kind: 'refused',
    reason:
      'head was the Slurm controller, and is not proved to be down: a machine answers at 10.42.0.10; its state was written 5 s ago',
    hint: 'Stop slurmctld there, switch its power off ("pi-image node power off head") or pull its cable, and try again half a minute later.',
  });
  const removed = { ...view, nodes: view.nodes.filter(({ name }) => name !== 'head') };
  expect(plan('node01', 'controller', removed, withDoubts(new Map(), doubts)).kind).toBe('refused');
  expect(plan('node01', 'controller', view, withDoubts(new Map(), new Map())).kind).toBe('change');
  expect(plan('head', 'controller', view, withDoubts(new Map(), doubts)).kind).toBe('change');
  expect(plan('node01', 'login', view, withDoubts(new Map(), doubts)).kind).toBe('change');
});

test('the overlays that ship change a compute node to login and to controller and show no secret', async () => {
  const view = await shippedView({ nodes: sampleView().nodes.filter(({ name }) => name !== 'head') });
  const text = JSON.stringify(['login', 'controller'].map((role) => diffOf(plan('node01', role, view))));

  expect(text).toContain('etc/systemd/system/multi-user.target.wants/slurmctld.service');
  expect(text).not.toContain('(the secret');
});
