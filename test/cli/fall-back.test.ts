/** A node that boots an edit by itself and whose units fail: the service, a program named ssh that is the node, and a clock that is set. */
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';

import { fallBackPart } from '../../src/cli/wire-up-fall-backs.ts';
import { renderYaml } from '../../src/host/yaml-file.ts';
import type { Boot } from '../../src/model/boot.ts';
import { parseMac } from '../../src/model/mac.ts';
import type { NodeSpec } from '../../src/model/node.ts';
import { sampleSite, type TestSite } from '../support/command-line.ts';
import { sampleClusterInput } from '../support/sample-view.ts';
import { serveSite, type ServedSite } from '../support/serve-site.ts';
import { bootNode, slurmBySsh } from '../support/slurm-by-ssh.ts';

const silent = { info: () => undefined, warn: () => undefined };

let slurm: Awaited<ReturnType<typeof slurmBySsh>>;
beforeEach(async () => {
  slurm = await slurmBySsh();
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() });
  onTestFinished(() => void vi.useRealTimers());
});

/** node01 runs what cluster.yaml said. */
async function runningSite(): Promise<{ site: TestSite; service: ServedSite }> {
  const site = await sampleSite();
  expect((await site.run('apply', '-f', `${site.dir}/nodes.yaml`)).code).toBe(0);
  const service = await serveSite(site.dir);
  await bootNode(service, 'node01');
  const stop = new AbortController();
  const part = fallBackPart(service, silent, 20).run(stop.signal, () => undefined);
  onTestFinished(async () => {
    stop.abort();
    await part;
  });
  await expect.poll(() => service.state.current().watchedSince['fall-back']).toBeDefined();
  return { site, service };
}

async function edit({ site, service }: { site: TestSite; service: ServedSite }, argument: string): Promise<void> {
  const { roles } = sampleClusterInput;
  const compute = { ...roles.compute, kernelArguments: [argument] };
  await site.write('cluster.yaml', renderYaml({ ...sampleClusterInput, roles: { ...roles, compute } }));
  await service.site.reload();
}

const newest = ({ boots }: ServedSite): Boot => boots.ofNode('node01').at(-1) as Boot;

/** Its power was cut, and its agent speaks of a unit. */
async function bootAndFail(service: ServedSite): Promise<void> {
  const node = service.site.view().nodes.find(({ name }) => name === 'node01') as NodeSpec;
  await service.boots.arrive(node, parseMac('2c:cf:67:01:02:03'), 'discover');
  await service.boots.setOverlay(newest(service), { overlaySha256: 'a'.repeat(64), key: 'key' });
  for (const phase of ['kernel', 'overlay', 'userspace', 'failed'] as const) {
    const detail = phase === 'failed' ? 'slurmd.service: killed' : undefined;
    await service.boots.report(newest(service), { phase, uptimeSeconds: 3, detail, leavesAgent: true });
  }
}

/** It still says so a minute later. */
function passMinute(service: ServedSite): void {
  vi.setSystemTime(Date.now() + 60_000);
  const said = { phase: 'failed', detail: 'slurmd.service: killed', uptimeSeconds: 63, load: 0 } as const;
  service.heartbeats.take(newest(service), said);
}

const pinOf = ({ state }: ServedSite) => state.current().generationPins['node01'];

test('it is held at what it ran, until what it would boot is something else', { timeout: 60_000 }, async () => {
  const running = await runningSite();
  const { site, service } = running;
  const good = newest(service).generation;
  await edit(running, 'debug');
  await bootAndFail(service);
  const bad = newest(service).generation;
  expect(bad).not.toBe(good);
  passMinute(service);

  await expect.poll(slurm.orders, { timeout: 30_000 }).toEqual(['systemctl reboot']);
  expect(pinOf(service)).toMatchObject({ generation: good, fellFrom: { generation: bad } });
  await bootNode(service, 'node01');
  expect(newest(service).generation).toBe(good);
  const why = `it did not come up in generation ${bad.slice(0, 12)}, and is held at ${good.slice(0, 12)}: slurmd.service: killed`;
  expect((await site.run('doctor', 'node01')).out).toContain(why);
  expect((await site.run('status')).out).toMatch(/fall-back +ok +\S+ +holds node01 at what came up before/);
  expect((await site.run('node', 'history', 'node01', '--changes')).out).toMatch(
    /held at generation [0-9a-f]{12} +fall-back +slurmd\.service: killed/,
  );
  const released = await site.run('rollback', 'node01', '--newest');
  expect([released.code, released.err]).toEqual([1, expect.stringContaining('try the same again with --retry')]);

  await edit(running, 'quiet=1');

  await expect.poll(() => pinOf(service), { timeout: 30_000 }).toBeUndefined();
  await bootNode(service, 'node01');
  expect([good, bad]).not.toContain(newest(service).generation);
});

test('with --retry it boots the same again, and is taken back again', { timeout: 60_000 }, async () => {
  const running = await runningSite();
  const { site, service } = running;
  await edit(running, 'debug');
  await bootAndFail(service);
  passMinute(service);
  await expect.poll(() => pinOf(service), { timeout: 30_000 }).toBeDefined();

  expect((await site.run('rollback', 'node01', '--last-good', '--retry')).err).toContain('--retry goes with --newest');
  expect((await site.run('rollback', 'node01', '--newest', '--retry')).code).toBe(0);

  expect(pinOf(service)).toBeUndefined();
  await bootAndFail(service);
  passMinute(service);
  await expect.poll(() => pinOf(service), { timeout: 30_000 }).toBeDefined();
});
