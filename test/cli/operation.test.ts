/** Operations through the service and the command line, with a program named ssh that is Slurm's controller and the node. */
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { beforeEach, expect, onTestFinished, test } from 'vitest';

import { operationsPart } from '../../src/cli/wire-up-operations.ts';
import { parseMac } from '../../src/model/mac.ts';
import type { NodeSpec } from '../../src/model/node.ts';
import { sampleSite, type TestSite } from '../support/command-line.ts';
import { serveSite, type ServedSite } from '../support/serve-site.ts';

let dir: string;
const silent = { info: () => undefined, warn: () => undefined };

/** It keeps what Slurm says of node01 in a file, and writes down what it was told. */
const program = (folder: string) => `#!/bin/sh
for command; do :; done
printf '%s\\n' "$command" >> ${folder}/told
state=$(cat ${folder}/slurm)
become() { echo "$1" > ${folder}/slurm.new; mv ${folder}/slurm.new ${folder}/slurm; }
case $command in
  *'show nodes') echo "NodeName=node01 Arch=aarch64 State=$state" ;;
  *state=drain*) become "$state+DRAIN Reason=pi-image operation 1" ;;
  *state=resume) become IDLE ;;
esac
`;

beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'slurm-'));
  const before = process.env['PATH'];
  process.env['PATH'] = `${dir}:${before ?? ''}`;
  await writeFile(path.join(dir, 'ssh'), program(dir));
  await chmod(path.join(dir, 'ssh'), 0o755);
  await writeFile(path.join(dir, 'slurm'), 'IDLE\n');
  return async () => {
    process.env['PATH'] = before;
    await rm(dir, { recursive: true });
  };
});

const told = async () => (await readFile(path.join(dir, 'told'), 'utf8').catch(() => '')).split('\n').slice(0, -1);
const orders = async () => (await told()).filter((command) => !command.endsWith('show nodes'));

/** Begins a boot as its firmware does, and leaves it when its role has no agent to say more. */
async function bootNode(service: ServedSite, name: string): Promise<void> {
  const node = service.site.view().nodes.find((each) => each.name === name) as NodeSpec;
  await service.boots.arrive(node, parseMac('2c:cf:67:01:02:03'), 'discover');
  const boot = service.boots.all().findLast((each) => each.node === name);
  if (boot === undefined) throw new Error('no boot');
  for (const phase of ['kernel', 'overlay'] as const) {
    const newest = service.boots.all().find(({ id }) => id === boot.id) ?? boot;
    await service.boots.report(newest, { phase, uptimeSeconds: 3, detail: undefined, leavesAgent: false });
  }
}

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

const whenTold = (order: string) => expect.poll(orders, { timeout: 30_000 }).toContain(order);

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
  expect(await orders()).toEqual([
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
  await writeFile(path.join(dir, 'slurm'), 'MIXED\n');
  await site.run('node', 'set', 'node01', '--role', 'login', '--drain', 'wait', '--drain-deadline', '2h');
  await whenTold("scontrol update nodename=node01 state=drain reason='pi-image operation 1'");

  expect((await site.run('operation', 'cancel', '1', '--dry-run')).out).toBe('operation 1 would stop\n');
  expect((await site.run('operation', 'cancel', '1')).out).toBe('operation 1 stops\n');

  const watched = await site.run('operation', 'watch', '1');
  expect([watched.code, watched.err]).toEqual([1, expect.stringContaining('operation 1: cancelled: cancelled by')]);
  expect((await orders()).at(-1)).toBe('scontrol update nodename=node01 state=resume');
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
