/** What the overlays that ship put on nodes, as files to look at: test/golden/overlays/<overlay>/<node>/. */
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';

import { describe, expect, test } from 'vitest';

import { builtInSecrets } from '../src/model/cluster.ts';
import type { NodeFile } from '../src/model/node-file.ts';
import type { NodeSpec } from '../src/model/node.ts';
import type { SecretValues } from '../src/model/secret-values.ts';
import type { ClusterView } from '../src/model/view.ts';
import { overlayDigest, renderOverlays, type RenderedOverlays } from '../src/plan/overlay.ts';
import { sampleCluster, sampleManifest, sampleNode } from './support/sample-view.ts';
import { shippedView } from './support/shipped-overlays.ts';

const shipped = await shippedView();
const overlayNames = [...shipped.overlays.keys()];
const goldenRoot = path.join(import.meta.dirname, 'golden/overlays');

const sampleSecrets: SecretValues = Object.fromEntries(
  [...builtInSecrets, 'mungeKey'].map((name) => [name, Buffer.from(`the sample's ${name}\n`)]),
);

const render = (node: NodeSpec, view: ClusterView) =>
  renderOverlays({ node, view, manifest: sampleManifest(), secrets: sampleSecrets });

/** The node's role with this overlay only; every other node keeps all of its own. */
function renderAlone(overlay: string, name: string): RenderedOverlays {
  const { cluster, nodes } = shipped;
  const node = sampleNode(name, shipped);
  const alone = `${node.role}-alone`;
  const role = cluster.roles[node.role];
  if (role === undefined) throw new Error(`the sample has no role ${node.role}`);
  const shares = cluster.shares.map((share) => ({
    ...share,
    roles: (share.roles ?? Object.keys(cluster.roles)).flatMap((of) => (of === node.role ? [of, alone] : [of])),
  }));
  const roles = { ...cluster.roles, [alone]: { ...role, overlays: [overlay] } };
  return render({ ...node, role: alone }, { ...shipped, nodes, cluster: { ...cluster, roles, shares } });
}

function treeLine(file: NodeFile, part: string): string {
  if (file.kind === 'remove') return `${part} remove ${file.glob}`;
  if (file.kind === 'link') return `${part} link ${file.path} -> ${file.target}`;
  return `${part} ${file.kind} ${file.mode.toString(8).padStart(4, '0')} ${file.uid}:${file.gid} ${file.path}`;
}

/** The same on every node, and tested by running it. */
const isProgram = (file: string) => file.startsWith('usr/local/lib/');

/** Golden file -> content, below the folder of one overlay and node. */
function goldenFiles({ frozen, live }: RenderedOverlays): Map<string, string> {
  const tree = [...frozen.map((file) => treeLine(file, 'frozen')), ...live.map((file) => treeLine(file, 'live'))];
  const files = [...frozen, ...live].flatMap((file): [string, string][] =>
    file.kind === 'file' && !isProgram(file.path) ? [[file.path, Buffer.from(file.bytes).toString('utf8')]] : [],
  );
  return new Map([['tree.txt', `${tree.join('\n')}\n`], ...files]);
}

describe.each(overlayNames)('overlays/%s', (overlay) => {
  test.each(['node01', 'head'])('on %s', async (node) => {
    const folder = path.join(goldenRoot, overlay, node);
    const files = goldenFiles(renderAlone(overlay, node));

    for (const [file, content] of files) await expect(content).toMatchFileSnapshot(path.join(folder, file));

    const there = existsSync(folder) ? readdirSync(folder, { recursive: true, withFileTypes: true }) : [];
    const unknown = there
      .filter((entry) => entry.isFile())
      .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
      .filter((file) => !files.has(file));
    expect(unknown).toEqual([]);
  });
});

test('there are no golden files of overlays that are gone', () => {
  expect(readdirSync(goldenRoot).filter((name) => !overlayNames.includes(name))).toEqual([]);
});

describe.each(shipped.nodes.map((node) => [node.name, node.role] as const))('%s, a %s', (name) => {
  const { frozen, live } = render(sampleNode(name, shipped), shipped);
  const all = [...frozen, ...live];
  const find = (wanted: string) => all.find((file) => 'path' in file && file.path === wanted);

  test('gets the munge key for munge alone, by the ids of its image', () => {
    expect(find('etc/munge')).toMatchObject({ kind: 'directory', mode: 0o700, uid: 100, gid: 101 });
    expect(find('etc/munge/munge.key')).toEqual({
      kind: 'file',
      path: 'etc/munge/munge.key',
      mode: 0o400,
      uid: 100,
      gid: 101,
      bytes: sampleSecrets['mungeKey'],
      isSecret: true,
    });
  });

  test('has no secret in what a generation is made of', () => {
    const text = frozen.map((file) => (file.kind === 'file' ? Buffer.from(file.bytes).toString() : '')).join('\n');
    for (const secret of Object.values(sampleSecrets)) expect(text).not.toContain(Buffer.from(secret).toString());
  });

  test('keeps private keys private', () => {
    expect(find('etc/ssh/ssh_host_ed25519_key')).toMatchObject({ mode: 0o600, uid: 0 });
    expect(find('root/.ssh')).toMatchObject({ kind: 'directory', mode: 0o700, uid: 0 });
    expect(find('root/.ssh/id_ed25519')).toMatchObject({ mode: 0o600, uid: 0 });
  });

  test('keeps its frozen part when other nodes come and go', () => {
    const others = shipped.nodes.filter((node) => node.name === name || node.name === 'head');
    const before = overlayDigest(frozen);
    const after = render(sampleNode(name, shipped), { ...shipped, nodes: others });

    expect(overlayDigest(after.frozen)).toBe(before);
    expect(after.live).not.toEqual(live);
  });
});

test.each([
  ['node01', { munge: 'on', slurmd: 'on', slurmctld: 'off' }],
  ['head', { munge: 'on', slurmd: 'off', slurmctld: 'on' }],
  ['login', { munge: 'on', slurmd: 'off', slurmctld: 'off' }],
])('%s runs the daemons of its role', (name, expected) => {
  const links = new Map(
    render(sampleNode(name, shipped), shipped).frozen.flatMap((file) =>
      file.kind === 'link' ? [[file.path, file.target]] : [],
    ),
  );
  const state = (unit: string) => {
    if (links.get(`etc/systemd/system/${unit}.service`) === '/dev/null') return 'off';
    return links.has(`etc/systemd/system/multi-user.target.wants/${unit}.service`) ? 'on' : 'as the image has it';
  };

  expect(Object.fromEntries(Object.keys(expected).map((unit) => [unit, state(unit)]))).toEqual(expected);
});

describe('where nodes take slurm.conf from the controller', () => {
  const view: ClusterView = {
    ...shipped,
    cluster: sampleCluster({ slurm: { controllerRole: 'controller', configless: true } }),
  };
  const liveOf = (name: string, of = view) => render(sampleNode(name, of), of).live;
  const textOf = (file: NodeFile | undefined) =>
    file?.kind === 'file' ? Buffer.from(file.bytes).toString() : undefined;
  const slurmFiles = (name: string, of = view) =>
    liveOf(name, of).flatMap((file) =>
      file.kind === 'file' && /^etc\/(?:slurm\/|default\/slurm)/.test(file.path) ? [file.path] : [],
    );

  test.each([
    ['head', ['etc/slurm/cgroup.conf', 'etc/slurm/slurm.conf']],
    ['login', ['etc/slurm/cgroup.conf', 'etc/slurm/slurm.conf']],
    ['node01', ['etc/default/slurmd']],
  ])('%s has %j', (name, files) => {
    expect(slurmFiles(name)).toEqual(files);
    expect(slurmFiles(name, shipped)).toEqual(['etc/slurm/cgroup.conf', 'etc/slurm/slurm.conf']);
  });

  test('the controller is told to hand it out, and slurmd whom to ask', async () => {
    const golden = (file: string) => path.join(import.meta.dirname, 'golden/configless', file);
    const find = (name: string, file: string) =>
      textOf(liveOf(name).find((each) => 'path' in each && each.path === file));
    await expect(find('head', 'etc/slurm/slurm.conf')).toMatchFileSnapshot(golden('slurm.conf'));
    await expect(find('node01', 'etc/default/slurmd')).toMatchFileSnapshot(golden('slurmd'));
  });

  test('slurmd asks nobody while there is no controller', () => {
    const nodes = view.nodes.filter(({ name }) => name !== 'head');
    expect(slurmFiles('node01', { ...view, nodes })).toEqual([]);
  });

  test('its nodes boot the same as without: a change needs no reboot', () => {
    const frozenOf = (of: ClusterView) => overlayDigest(render(sampleNode('node01', of), of).frozen);
    expect(frozenOf(view)).toBe(frozenOf(shipped));
  });
});
