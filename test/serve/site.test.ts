import { expect, test } from 'vitest';

import { ConfigError } from '../../src/model/errors.ts';
import type { NewEvent } from '../../src/model/event.ts';
import type { FrozenBoot } from '../../src/model/frozen-boot.ts';
import { parseMac } from '../../src/model/mac.ts';
import { emptyState, type State } from '../../src/model/state.ts';
import { planGeneration } from '../../src/plan/generation.ts';
import { learnMac } from '../../src/plan/state-changes.ts';
import { createHealth } from '../../src/serve/health.ts';
import { nodeProblems } from '../../src/serve/node-health.ts';
import { openSite, type SiteConfig } from '../../src/serve/site.ts';
import {
  sampleCluster,
  sampleClusterInput,
  sampleManifest,
  sampleNode,
  sampleNodes,
  sampleOverlay,
  sampleView,
} from '../support/sample-view.ts';

const view = sampleView();

/** A site whose files can be changed under its feet. */
async function openSample() {
  const files = {
    config: (): SiteConfig => view,
    images: view.images,
    fingerprint: 'one',
    own: 'one',
    state: { ...emptyState, nodes: [...sampleNodes()] } as State,
  };
  const health = createHealth(() => 0);
  const log = { info: () => undefined, warn: () => undefined };
  let frozenCount = 0;
  const edits: NewEvent[] = [];
  const site = await openSite({
    readConfig: () => Promise.resolve().then(() => files.config()),
    listImages: () => Promise.resolve(files.images),
    fingerprint: () => Promise.resolve(files.fingerprint),
    fingerprintOwn: () => Promise.resolve(files.own),
    state: { current: () => files.state, onChange: () => undefined },
    freeze: (node, of): FrozenBoot => {
      frozenCount += 1;
      return { format: 1, generation: planGeneration(node, of), overlay: [] };
    },
    append: (events) => Promise.resolve(edits.push(...events)),
    health,
    log,
  });
  const said = () => health.parts().find(({ name }) => name === 'config')?.problems ?? [];
  return { site, files, said, edits, frozenCount: () => frozenCount };
}

test('the view is one object until something changes', async () => {
  const { site, files } = await openSample();
  const before = site.view();
  expect(site.view()).toBe(before);

  files.state = learnMac(files.state, 'login', parseMac('dc:a6:32:00:00:99'));

  expect(site.view()).not.toBe(before);
  expect(site.view().nodes.find(({ name }) => name === 'login')?.mac).toBe('dc:a6:32:00:00:99');
});

test('what a node boots is planned once, until it or what the owner wrote changes', async () => {
  const { site, files, frozenCount } = await openSample();
  const node = sampleNode('node01');

  const first = site.desired(node);
  expect(site.desired(node)).toBe(first);
  expect(frozenCount()).toBe(1);

  files.state = { ...files.state, nodes: files.state.nodes.filter(({ name }) => name !== 'node02') };
  expect(site.desired(node)).toBe(first);
  expect(site.desired({ ...node, role: 'login' })).not.toBe(first);
  expect(frozenCount()).toBe(2);

  files.config = () => sampleView();
  await site.reload();
  // Read again, and the same.
  expect(site.desired(node)).toBe(first);
  files.config = () => sampleView({ cluster: sampleCluster({ vars: { rack: 1 } }) });
  await site.reload();
  expect(site.desired(node)).not.toBe(first);
  files.images = new Map([['debian-lite', [sampleManifest({ version: '20261122.1' })]]]);
  await site.reload();
  expect(site.desired(node)).toMatchObject({ frozen: { generation: { image: { version: '20261122.1' } } } });
});

test('a node whose MAC was learned is planned once, too', async () => {
  const { site, files, frozenCount } = await openSample();
  const login = () => site.view().nodes.find(({ name }) => name === 'login') ?? sampleNode('login');
  files.state = learnMac(files.state, 'login', parseMac('dc:a6:32:00:00:99'));
  site.desired(login());

  files.state = { ...files.state, nodes: files.state.nodes.filter(({ name }) => name !== 'node02') };
  site.desired(login());
  expect(frozenCount()).toBe(1);

  files.state = learnMac(files.state, 'login', parseMac('dc:a6:32:00:00:98'));
  expect(login().mac).toBe('dc:a6:32:00:00:98');
  site.desired(login());
  expect(frozenCount()).toBe(2);
});

test('a broken edit keeps what worked, says why, and its repair is taken', async () => {
  const { site, files, said } = await openSample();
  files.config = () => {
    throw new ConfigError('cluster.yaml:3: unknown key "polo"', { hint: 'Did you mean pool?' });
  };
  files.fingerprint = 'two';

  await site.reloadIfChanged();
  expect(site.view().cluster).toBe(view.cluster);
  expect(said()).toEqual([expect.stringContaining('unknown key "polo"; Did you mean pool?')]);

  const repaired = sampleView({ cluster: sampleCluster({ shares: [] }) });
  files.config = () => repaired;
  files.fingerprint = 'three';
  await site.reloadIfChanged();
  expect(site.view().cluster).toBe(repaired.cluster);
  expect(said()).toEqual([]);
});

/** The sample with this overlay in the place of its namesake. */
const withOverlay = (name: string, spec: Record<string, unknown>, texts: Record<string, string>): SiteConfig => ({
  ...view,
  overlays: new Map([...view.overlays, [name, sampleOverlay(name, spec, texts)]]),
});

test.each([
  ['is none', { 'etc/motd.hbs': '{{#if node' }, 'overlays/login/files/etc/motd.hbs is not a template'],
  [
    'names what is not there',
    { 'etc/motd.hbs': '{{nod.name}}' },
    'login: overlays/login/files/etc/motd.hbs: there is no',
  ],
])('an edited template that %s is not taken', async (_name, texts, reason) => {
  const { site, files, said } = await openSample();
  const before = site.view();
  files.config = () => withOverlay('login', {}, texts);

  await site.reload();
  expect(site.view()).toBe(before);
  expect(said()).toEqual([expect.stringContaining(reason)]);

  files.config = () => withOverlay('login', {}, { 'etc/motd.hbs': '{{node.name}}' });
  await site.reload();
  expect(site.view().overlays.get('login')?.files).toHaveLength(1);
  expect(said()).toEqual([]);
});

test('an edit of an overlay is a new plan for the nodes that have it, and for no other', async () => {
  const { site, files, frozenCount } = await openSample();
  const plans = () => site.view().nodes.map((node) => site.desired(node));
  const before = plans();
  files.config = () => withOverlay('slurm-compute', {}, { 'etc/note.hbs': '{{role.name}}' });

  await site.reload();

  const isKept = plans().map((plan, index) => [site.view().nodes[index]?.role, plan === before[index]]);
  expect(isKept).toEqual([
    ['compute', false],
    ['controller', true],
    ['compute', false],
    ['login', true],
  ]);
  expect(frozenCount()).toBe(6);
});

test('an edit is told once for each role that it changes, and one that is not taken is not', async () => {
  const { site, files, edits } = await openSample();
  files.config = () => withOverlay('login', {}, { 'etc/motd.hbs': '{{#if node' });
  await site.reload();
  expect(edits).toEqual([]);

  files.config = () => withOverlay('login', {}, { 'etc/motd.hbs': '{{node.name}}' });
  await site.reload();
  await site.reload();
  expect(edits).toEqual([
    { kind: 'role.edited', fields: { role: 'login', 'overlays.login': 'overlay.yaml +etc/motd' } },
  ]);
});

test('a version that is chosen for a role has an event of its own, and is no edit', async () => {
  const { site, files, edits } = await openSample();
  const choice = { image: 'debian-lite', version: '20261120.1' };
  files.state = { ...files.state, imageChoices: { 'role/compute': choice } };

  await site.reload();

  expect(edits).toEqual([]);
});

test('another content of the cluster file or its secrets is another cluster', async () => {
  const { site, files } = await openSample();
  const cluster = () => site.view().cluster;
  files.config = () => sampleView();

  await site.reload();
  expect(cluster()).toBe(view.cluster);

  files.own = 'touched';
  await site.reload();
  expect(cluster()).not.toBe(view.cluster);
});

test('a version that was chosen for a role is planned for its nodes at once, and no longer when it was taken back', async () => {
  const { site, files } = await openSample();
  files.images = new Map([['debian-lite', ['20261122.1', '20261121.1'].map((version) => sampleManifest({ version }))]]);
  await site.reload();
  const versionOf = (name: string) => {
    const desired = site.desired(sampleNode(name));
    return desired.kind === 'boots' ? desired.frozen.generation.image.version : desired.reason;
  };
  expect([versionOf('node01'), versionOf('login')]).toEqual(['20261122.1', '20261122.1']);

  const choice = { image: 'debian-lite', version: '20261121.1' };
  files.state = { ...files.state, imageChoices: { 'role/compute': choice, 'node/login': choice } };
  expect([versionOf('node01'), versionOf('login'), versionOf('head')]).toEqual([
    '20261121.1',
    '20261121.1',
    '20261122.1',
  ]);

  files.state = { ...files.state, imageChoices: {} };
  expect([versionOf('node01'), versionOf('login')]).toEqual(['20261122.1', '20261122.1']);
});

test('a file that is being written is read when it is whole', async () => {
  const { site, files } = await openSample();
  const read = sampleView({ cluster: sampleCluster({ vars: { rack: 1 } }) });
  files.config = () => read;
  files.fingerprint = 'half';

  const first = site.reloadIfChanged(50);
  setTimeout(() => (files.fingerprint = 'whole'), 10);
  await first;
  expect(site.view().cluster).toBe(view.cluster);

  await site.reloadIfChanged(1);
  expect(site.view().cluster).toBe(read.cluster);
});

test('nothing is read while nothing has changed', async () => {
  const { site, files, said } = await openSample();
  files.config = () => {
    throw new ConfigError('read again');
  };

  await site.reloadIfChanged();

  expect(said()).toEqual([]);
});

test.each([
  ['address', { network: { ...sampleClusterInput.network, address: '10.42.0.2/24' } }],
  ['interface', { network: { ...sampleClusterInput.network, interface: 'eth1' } }],
  ['port', { ports: { http: 8080 } }],
])('another %s needs a restart, until which the old one is used', async (_name, changes) => {
  const { site, files, said } = await openSample();
  files.config = () => sampleView({ cluster: sampleCluster(changes) });

  await site.reload();

  expect(site.view().cluster).toBe(view.cluster);
  expect(said()[0]).toContain('Restart the service');
});

test('files that cannot be used at the start are an error', async () => {
  const broken = openSite({
    readConfig: () => Promise.reject(new ConfigError('no cluster.yaml')),
    listImages: () => Promise.resolve(new Map()),
    fingerprint: () => Promise.resolve(''),
    state: { current: () => emptyState, onChange: () => undefined },
    freeze: () => {
      throw new Error('not reached');
    },
    health: createHealth(() => 0),
    log: { info: () => undefined, warn: () => undefined },
  });

  await expect(broken).rejects.toThrow('no cluster.yaml');
});

test('nodes without an image are told apart from those with one', async () => {
  const { site, files } = await openSample();
  const login = { ...sampleClusterInput.roles.login, image: 'other' };
  files.config = () => sampleView({ cluster: sampleCluster({ roles: { ...sampleClusterInput.roles, login } }) });
  await site.reload();

  expect(nodeProblems(site)).toEqual([
    'login cannot boot: there is no version of the image other; Run "pi-image build other".',
  ]);
  expect(site.desired(sampleNode('node01')).kind).toBe('boots');
});

test('nodes whose root is still to be made are no problem; those that can have none are', async () => {
  const { site, files } = await openSample();
  const roles = { ...sampleClusterInput.roles, compute: { ...sampleClusterInput.roles.compute, root: 'squash' } };
  files.config = () => sampleView({ cluster: sampleCluster({ roles }) });
  const newer = (version: string, rootModes: ('shared' | 'squash')[]) =>
    new Map([['debian-lite', [sampleManifest({ version, rootModes })]]]);
  files.images = newer('20261121.2', ['shared', 'squash']);
  await site.reload();

  expect(nodeProblems(site)).toEqual([]);
  expect(site.desired(sampleNode('node01'))).toMatchObject({ kind: 'refused', isBeingMade: true });

  files.images = newer('20261121.3', ['shared']);
  await site.reload();
  expect(nodeProblems(site)).toContainEqual(expect.stringContaining('makes no root in the mode squash'));
});
