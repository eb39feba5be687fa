/** Rollouts, rollbacks and histories through the service and the command line, with a program named ssh that is Slurm and the nodes. */
import { expect, onTestFinished, test } from 'vitest';

import { operationsPart } from '../../src/cli/wire-up-operations.ts';
import { rolloutsPart } from '../../src/cli/wire-up-rollouts.ts';
import { sampleSite, type TestSite } from '../support/command-line.ts';
import { sampleManifest } from '../support/sample-view.ts';
import { serveSite, type ServedSite } from '../support/serve-site.ts';
import { bootNode, slurmBySsh } from '../support/slurm-by-ssh.ts';

const silent = { info: () => undefined, warn: () => undefined };
const oldImage = 'debian-lite@20261121.1';
const newImage = 'debian-lite@20261121.2';
const manifest = 'state/exports/images/debian-lite/20261121.2/manifest.json';

interface Rolling {
  readonly site: TestSite;
  readonly service: ServedSite;
  readonly slurm: Awaited<ReturnType<typeof slurmBySsh>>;
}

/** node01 runs the old version, which its role was told to have; node02 never booted. */
async function runningSite(): Promise<Rolling> {
  const slurm = await slurmBySsh();
  const site = await sampleSite({ [manifest]: JSON.stringify(sampleManifest({ version: '20261121.2' })) });
  expect((await site.run('apply', '-f', `${site.dir}/nodes.yaml`)).code).toBe(0);
  const service = await serveSite(site.dir);
  expect((await site.run('rollback', 'compute')).out).toContain(`compute: ${newImage} -> ${oldImage}`);
  await bootNode(service, 'node01');
  const stop = new AbortController();
  const parts = [operationsPart(service, silent, 20), rolloutsPart(service, silent, 20)];
  const running = parts.map((part) => part.run(stop.signal, () => undefined));
  onTestFinished(async () => {
    stop.abort();
    await Promise.all(running);
  });
  return { site, service, slurm };
}

const reboots = async ({ slurm }: Rolling) => (await slurm.orders()).filter((order) => order === 'systemctl reboot');

const whenRebooted = (rolling: Rolling, times: number) =>
  expect.poll(() => reboots(rolling), { timeout: 30_000 }).toHaveLength(times);

const runs = ({ service }: Rolling) => service.boots.all().findLast(({ node }) => node === 'node01')?.image;

test('a version is rolled out, followed to its end, and stands in the histories', { timeout: 60_000 }, async () => {
  const rolling = await runningSite();
  const { site, service } = rolling;

  const planned = await site.run('rollout', 'start', 'compute', '--dry-run');
  expect(planned.out).toMatch(
    new RegExp(`^compute: ${oldImage} -> ${newImage}\\nWAVE +COUNT +NODES\\ncanary +1 +node01\\n`),
  );
  expect(planned.out).toContain('left out: node02: it is new');
  expect((await site.run('rollout', 'list')).out).toContain('there was no rollout yet');

  const begun = await site.run('rollout', 'start', 'compute', '--soak', '0s');
  expect(begun.out).toContain('rollout 1 has begun: "pi-image rollout watch 1"');
  const watched = site.run('rollout', 'watch', '1');
  await whenRebooted(rolling, 1);
  expect((await site.run('rollback', 'compute')).err).toContain('rollout 1 changes what compute boots');
  await bootNode(service, 'node01');
  const { code, out } = await watched;

  expect([code, out]).toEqual([0, expect.stringMatching(/ node01: done\n.* rollout 1: done\n$/)]);
  expect(runs(rolling)).toBe(newImage);
  expect((await site.run('rollout', 'list')).out).toMatch(/^1 +compute +.* done +1 done +socket/m);
  for (const verb of ['show', 'status']) {
    expect((await site.run('rollout', verb, '1')).out).toMatch(/state: +done\n[^]*canary +node01 +done/);
  }
  expect((await site.run('operation', 'list')).out).toContain(`rollout 1: ${newImage} for node01`);
  const changes = (await site.run('node', 'history', 'node01', '--changes')).out;
  expect(changes).toMatch(new RegExp(`image ${oldImage} -> ${newImage} +rollout 1 \\(socket\\)`));
  const role = (await site.run('role', 'history', 'compute')).out;
  expect(role).toMatch(/rollout 1: done +socket +-\n[^]*rollout 1 of debian-lite@20261121\.2 to 1 nodes +socket/);
});

test('a broken version goes back by itself, with the cause', { timeout: 60_000 }, async () => {
  const rolling = await runningSite();
  const { site, service } = rolling;
  await site.run('rollout', 'start', 'compute', '--soak', '0s');
  const watched = site.run('rollout', 'watch', '1');
  await whenRebooted(rolling, 1);
  await bootNode(service, 'node01', true);
  // What died in its initramfs restarts by itself.
  await expect.poll(() => service.state.current().imageChoices['node/node01'], { timeout: 30_000 }).toBeUndefined();
  await bootNode(service, 'node01');

  const { code, err } = await watched;

  expect([code, err]).toEqual([1, expect.stringContaining('rollout 1: rolled-back: node01: ')]);
  expect(runs(rolling)).toBe(oldImage);
  const again = await site.run('rollout', 'start', 'compute');
  expect(again.err).toContain('node01 did not come up in it in operation 1');
});

test('paused, resumed and aborted', { timeout: 60_000 }, async () => {
  const rolling = await runningSite();
  const { site, slurm } = rolling;
  await slurm.set('MIXED');
  await site.run('rollout', 'start', 'compute', '--soak', '0s');
  await expect.poll(slurm.orders, { timeout: 30_000 }).toHaveLength(1);

  expect((await site.run('rollout', 'pause', '1')).out).toBe('rollout 1 is paused\n');
  expect((await site.run('rollout', 'resume', '1')).out).toBe('rollout 1 goes on\n');
  expect((await site.run('rollout', 'abort', '1', '--dry-run')).out).toBe(
    'rollout 1 is taken back\ndry run: nothing was changed\n',
  );
  expect((await site.run('rollout', 'abort', '1')).out).toBe('rollout 1 is taken back\n');

  expect((await site.run('rollout', 'watch', '1')).err).toContain('rollout 1: rolled-back: aborted by socket');
  expect(await reboots(rolling)).toEqual([]);
  expect((await site.run('rollout', 'abort', '1')).err).toContain('rollout 1 has ended: rolled-back');
  expect((await site.run('rollout', 'show', '9')).err).toContain('there is no rollout 9');
  expect((await site.run('rollout', 'show', '../nodes')).err).toContain('is not the number of a rollout');
});

test('a node is held at a generation that it ran, and boots it', { timeout: 60_000 }, async () => {
  const rolling = await runningSite();
  const { site, service } = rolling;
  await site.run('rollback', 'compute', '--newest');
  await bootNode(service, 'node01');
  expect(runs(rolling)).toBe(newImage);

  const planned = await site.run('rollback', '--all', '--last-good', '--dry-run');
  expect(planned.out).toContain(`node01: ${oldImage}, generation `);
  expect(planned.out).toContain('dry run: nothing was changed');
  expect(await site.run('rollback', 'compute', '--last-good', '-o', 'name')).toMatchObject({ out: 'node01\n' });
  await bootNode(service, 'node01');
  expect(runs(rolling)).toBe(oldImage);
  expect((await site.run('node', 'history', 'node01')).out).toMatch(/held at generation [0-9a-f]{12} +socket/);

  expect((await site.run('rollback', 'node01', '--newest')).code).toBe(0);
  await bootNode(service, 'node01');
  expect(runs(rolling)).toBe(newImage);
});

test.each([
  [['rollback'], 'which role or node?'],
  [['rollback', '--all'], '--all goes with --last-good or --at'],
  [['rollback', 'node01', '--all', '--last-good'], 'give a role or nodes, or --all'],
  [['rollback', 'node01', '--at', 'soon'], '--at: "soon" is no time'],
  [['rollback', 'node01', '--at', '2h', '--last-good'], 'give one of --generation, --last-good, --at'],
  [['rollback', 'node01', '--at', '2h', '--newest'], '--to and --newest choose versions'],
  [['rollout', 'start', 'compute', '--image', 'a@1', '--overlays'], 'give --image or --overlays, not both'],
  [['rollout', 'start', 'compute', '--canary', 'one'], '--canary'],
  [['rollout', 'start', 'compute', '--waves', '10,200'], '--waves'],
  [['rollout', 'start', 'compute', '--soak', 'soon'], '--soak: "soon" is not a duration'],
])('%j is refused', async (words, message) => {
  const site = await sampleSite();
  const { code, err } = await site.run(...words);
  expect([code, err]).toEqual([2, expect.stringContaining(message)]);
});
