/** Operations through the service and the command line, with a program named ssh that is Slurm's controller and the node. */
import { beforeEach, expect, onTestFinished, test } from 'vitest';

import { apiSocket } from '../../src/cli/api-client.ts';
import { call } from '../../src/cli/typed-client.ts';
import { operationsPart } from '../../src/cli/wire-up-operations.ts';
import { sampleSite, type TestSite } from '../support/command-line.ts';
import { serveSite, type ServedSite } from '../support/serve-site.ts';
import { bootNode, slurmBySsh } from '../support/slurm-by-ssh.ts';

const silent = { info: () => undefined, warn: () => undefined };

let slurm: Awaited<ReturnType<typeof slurmBySsh>>;
beforeEach(async () => {
  slurm = await slurmBySsh();
});

async function runningSite(): Promise<{ site: TestSite; service: ServedSite }> {
  const site = await sampleSite();
  expect((await site.run('apply', '-f', `${site.dir}/nodes.yaml`)).code).toBe(0);
  const service = await serveSite(site.dir);
  await bootNode(service, 'node01');
  const stop = new AbortController();
  const part = operationsPart(service, silent, 20).run(stop.signal, () => undefined);
  onTestFinished(async () => {
    stop.abort();
    await part;
  });
  return { site, service };
}

const whenTold = (order: string) => expect.poll(slurm.orders, { timeout: 30_000 }).toContain(order);

test('a role is given as an operation, followed to its end, and stands in the list', { timeout: 60_000 }, async () => {
  const { site, service } = await runningSite();

  const begun = await site.run('node', 'role', 'node01', 'login', '--drain', 'wait');
  expect(begun.out).toMatch(/^node01: compute -> login\n[^]*\noperation 1 has begun: "pi-image operation watch 1"\n$/);
  const watched = site.run('operation', 'watch', '1');
  await whenTold('systemctl reboot');
  expect((await site.run('node', 'set', 'node01', '--role', 'compute')).err).toContain('node01 is in operation 1');
  await bootNode(service, 'node01');
  const { code, out } = await watched;

  expect([code, out]).toEqual([0, expect.stringMatching(/ node01: done\n.* operation 1: done\n$/)]);
  expect(await slurm.orders()).toEqual([
    "scontrol update nodename=node01 state=drain reason='pi-image operation 1'",
    'systemctl reboot',
  ]);
  expect((await site.run('node', 'list', '@login', '-o', 'name')).out).toContain('node01\n');
  expect((await site.run('operation', 'list')).out).toMatch(/1 +role login for node01 +done +1 done +socket/);
  expect((await site.run('operation', 'show', '1')).out).toMatch(/state: +done\n[^]*node01 +done/);
  const shown = JSON.parse((await site.run('operation', 'show', '1', '-o', 'json')).out) as object;
  expect(shown).toMatchObject({ id: '1', nodes: [{ node: 'node01', from: 'compute', result: 'done' }] });
});

test('one that is stopped gives the node back, and fails for who follows it', { timeout: 60_000 }, async () => {
  const { site } = await runningSite();
  await slurm.set('MIXED');
  await site.run('node', 'set', 'node01', '--role', 'login', '--drain', 'wait', '--drain-deadline', '2h');
  await whenTold("scontrol update nodename=node01 state=drain reason='pi-image operation 1'");

  expect((await site.run('operation', 'cancel', '1', '--dry-run')).out).toBe('operation 1 would stop\n');
  expect((await site.run('operation', 'cancel', '1')).out).toBe('operation 1 stops\n');

  const watched = await site.run('operation', 'watch', '1');
  expect([watched.code, watched.err]).toEqual([1, expect.stringContaining('operation 1: cancelled: cancelled by')]);
  expect((await slurm.orders()).at(-1)).toBe('scontrol update nodename=node01 state=resume');
  expect((await site.run('operation', 'cancel', '1')).err).toContain('operation 1 has ended: cancelled');
  expect((await site.run('operation', 'show', '9')).err).toContain('there is no operation 9');
  expect((await site.run('operation', 'show', '../nodes')).err).toContain('is not the number of an operation');
});

test.each([
  [['--drain', 'wait', '--max-unavailable', '0'], 'a number of nodes, or a percentage such as 25%'],
  [['--drain', 'wait', '--drain-deadline', 'soon'], '"soon" is not a duration'],
  [['--max-unavailable', '2'], '--max-unavailable goes with --drain'],
  [['--wait'], '--wait goes with --drain'],
])('flags %j are refused', async (flags, message) => {
  const site = await sampleSite();
  expect((await site.run('apply', '-f', `${site.dir}/nodes.yaml`)).code).toBe(0);
  const { code, err } = await site.run('node', 'role', 'node01', 'login', ...flags);
  expect([code, err]).toEqual([2, expect.stringContaining(message)]);
});

test('a dry run shows the plan; without a service there is no operation', async () => {
  const site = await sampleSite();
  expect((await site.run('apply', '-f', `${site.dir}/nodes.yaml`)).code).toBe(0);
  const alone = await site.run('node', 'role', 'node01', 'login', '--drain', 'force');
  expect([alone.code, alone.err]).toEqual([1, expect.stringContaining('no service runs here')]);
  await serveSite(site.dir);
  const planned = await site.run('node', 'role', '@compute', 'login', '--drain', 'force', '--dry-run');
  expect(planned.out).toMatch(/^node\[01-02\]: compute -> login\n[^]*dry run: nothing was changed\n$/);
  expect((await site.run('operation', 'list')).out).toContain('there was no operation yet');
});

test('a node that is given a role by PUT with drain is in the same kind of operation', async () => {
  const site = await sampleSite();
  expect((await site.run('apply', '-f', `${site.dir}/nodes.yaml`)).code).toBe(0);
  await serveSite(site.dir);
  const socket = apiSocket(`${site.dir}/run`);
  const wanted = { path: { name: 'node01' }, body: { role: 'login', drain: 'requeue' } } as const;

  const planned = await call(socket, 'PUT /nodes/{name}/role', { ...wanted, query: { dryRun: 'true' } });
  expect(planned).toMatchObject({ node: 'node01', dryRun: true, isChanged: true, reboots: true });
  const begun = await call(socket, 'PUT /nodes/{name}/role', wanted);
  expect(begun).toMatchObject({ dryRun: false, operation: '1', nodes: [{ node: 'node01' }] });

  const shown = await call(socket, 'GET /operations/{id}', { path: { id: '1' } });
  expect(shown).toMatchObject({ role: 'login', drain: 'requeue', drainDeadlineMs: 3_600_000, maxUnavailable: 1 });
});
