import { afterEach, beforeEach, expect, test } from 'vitest';

import type { Boot } from '../../src/model/boot.ts';
import type { NodeSpec } from '../../src/model/node.ts';
import type { SecretValues } from '../../src/model/secret-values.ts';
import { createLiveParts, type LiveParts } from '../../src/serve/live-parts.ts';
import { sampleBoots } from '../support/sample-boots.ts';
import { sampleNode, sampleNodes, sampleOverlay, sampleView } from '../support/sample-view.ts';

let sample: Awaited<ReturnType<typeof sampleBoots>>;
let liveParts: LiveParts;
let secretsAsked: string[];

beforeEach(async () => {
  sample = await sampleBoots();
  secretsAsked = [];
  const secretsFor = (node: NodeSpec): Promise<SecretValues> => {
    secretsAsked.push(node.name);
    return Promise.resolve({ mungeKey: Buffer.from('munge key'), sshHostKey: Buffer.from(`key of ${node.name}`) });
  };
  liveParts = createLiveParts({ ...sample, secretsFor });
});
afterEach(() => sample.remove());

async function begin(name: string): Promise<Boot> {
  const arrival = await sample.boots.arrive(sampleNode(name), 'm', 'discover');
  if (arrival.kind === 'refused') throw new Error(arrival.reason);
  return arrival.boot;
}
const never = new AbortController().signal;
const ask = (boot: Boot, has?: string, waitMs = 0, signal = never) => liveParts.digest({ boot, has, waitMs, signal });
const withoutLogin = () => sampleView({ nodes: sampleNodes().filter(({ name }) => name !== 'login') });

test('the digest is that of the tar, and follows the cluster', async () => {
  const boot = await begin('node01');
  const before = await ask(boot);
  expect(before).toBe((await liveParts.pack(boot)).sha256);

  sample.world.view = withoutLogin();

  const after = await ask(boot);
  expect(after).not.toBe(before);
  expect(after).toBe((await liveParts.pack(boot)).sha256);
});

test('every node has its own, with its own secrets, which are read once', async () => {
  const [one, two] = [await begin('node01'), await begin('node02')];

  expect(await ask(one)).not.toBe(await ask(two));
  expect(Buffer.concat((await liveParts.pack(one)).chunks).includes('key of node01')).toBe(true);
  expect(secretsAsked).toEqual(['node01', 'node02']);
});

test('a node keeps the live files of the role that it booted', async () => {
  const boot = await begin('node01');
  const before = await ask(boot);

  sample.world.view = sampleView({
    nodes: sampleNodes().map((node) => (node.name === 'node01' ? Object.assign({}, node, { role: 'login' }) : node)),
  });

  const tar = Buffer.concat((await liveParts.pack(boot)).chunks).toString('latin1');
  // It is no Slurm node in the tables any more, but still has the tables.
  expect(tar).toContain('etc/slurm/slurm.conf');
  expect(tar).not.toContain('NodeName=node01');
  expect(await ask(boot)).not.toBe(before);
});

test('whoever has the digest waits for the next, and is told at once', async () => {
  const boot = await begin('node01');
  const has = await ask(boot);
  const startedAtMs = Date.now();
  const answer = ask(boot, has, 8000);

  setTimeout(() => (sample.world.view = withoutLogin()), 100);

  expect(await answer).toBe(await ask(boot));
  expect(await answer).not.toBe(has);
  expect(Date.now() - startedAtMs).toBeLessThan(4000);
});

test('a change that changes nothing for a node is not told to it', async () => {
  const boot = await begin('node01');
  const has = await ask(boot);
  const answer = ask(boot, has, 700);

  sample.world.view = sampleView({});

  expect(await answer).toBe(has);
});

test('it waits no longer than asked, and not at all for whoever has hung up', async () => {
  const boot = await begin('node01');
  const has = await ask(boot);
  const startedAtMs = Date.now();
  const gone = new AbortController();
  const hungUp = ask(boot, has, 60_000, gone.signal);
  gone.abort();

  expect(await hungUp).toBe(has);
  expect(await ask(boot, has, 50)).toBe(has);
  expect(await ask(boot, has, 60_000, gone.signal)).toBe(has);
  expect(await ask(boot, 'of before', 60_000)).toBe(has);
  expect(Date.now() - startedAtMs).toBeLessThan(5000);
});

test('many that wait are all told', async () => {
  const boots = await Promise.all(['node01', 'node02', 'head', 'login'].map(begin));
  const has = await Promise.all(boots.map((boot) => ask(boot)));
  const answers = boots.map((boot, index) => ask(boot, has[index], 8000));

  const more = sampleNodes().map((node) => Object.assign({}, node, { vars: { cpus: 2 } }));
  sample.world.view = sampleView({ nodes: [...more, { ...sampleNode('login'), name: 'login2' }] });

  const told = await Promise.all(answers);
  expect(told.filter((digest, index) => digest === has[index])).toEqual([]);
});

test('files that cannot be rendered are told of, and hold up no other node', async () => {
  const [broken, fine] = [await begin('head'), await begin('node01')];
  const { overlays, ...view } = sampleView();
  const controller = sampleOverlay(
    'slurm-controller',
    { files: { 'etc/x': { live: true } } },
    { 'etc/x.hbs': '{{fail "no such thing"}}' },
  );

  sample.world.view = { ...view, overlays: new Map([...overlays, ['slurm-controller', controller]]) };

  expect(await ask(broken, 'what it has')).toBeUndefined();
  expect(await ask(fine)).toMatch(/^[0-9a-f]{64}$/);
  expect(sample.lines.filter((line) => line.startsWith('live.refused'))).toHaveLength(1);
  await expect(liveParts.pack(broken)).rejects.toThrow('no such thing');
});

test('a node that is none any more has no live files', async () => {
  const boot = await begin('login');
  sample.world.view = withoutLogin();

  expect(await ask(boot)).toBeUndefined();
});

test('an archive is made anew only where a file of it has changed', async () => {
  const [compute, controller] = [await begin('node01'), await begin('head')];
  const before = [await liveParts.pack(compute), await liveParts.pack(controller)];
  const { overlays, ...view } = sampleView();
  const units = { enable: ['slurmd'], mask: ['slurmctld'] };
  const more = sampleOverlay('slurm-compute', { units, files: { 'etc/x': { live: true } } }, { 'etc/x.hbs': 'x' });

  sample.world.view = { ...view, overlays: new Map([...overlays, ['slurm-compute', more]]) };

  const after = [await liveParts.pack(compute), await liveParts.pack(controller)];
  expect(after.map((pack, index) => pack === before[index])).toEqual([false, true]);
});

test('a frozen file that comes is no change of live files, and one that was live is kept', async () => {
  const boot = await begin('node01');
  const has = await ask(boot);
  const { overlays, ...view } = sampleView();
  const units = { enable: ['slurmd'], mask: ['slurmctld'] };
  const give = (texts: Record<string, string>, files = {}) => {
    const overlay = sampleOverlay('slurm-compute', { units, files }, texts);
    sample.world.view = { ...view, overlays: new Map([...overlays, ['slurm-compute', overlay]]) };
  };

  give({ 'etc/x': 'frozen' });
  expect(await ask(boot, has)).toBe(has);

  give({ 'etc/x': 'frozen', 'etc/y': 'live' }, { 'etc/y': { live: true } });
  expect(await ask(boot, has)).not.toBe(has);
  const tar = Buffer.concat((await liveParts.pack(boot)).chunks);
  expect(tar.includes('.pi-image/keep')).toBe(true);
  expect(await ask(boot, 'what it had')).toBe((await liveParts.pack(boot)).sha256);
});
