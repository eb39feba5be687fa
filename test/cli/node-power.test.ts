/** Power by the owner's own program, through the service: what it is called with, and when it is not. */
import { chmod, readFile, rm } from 'node:fs/promises';
import path from 'node:path';

import { expect, onTestFinished, test, vi } from 'vitest';

import { renderYaml } from '../../src/host/yaml-file.ts';
import { withDatabase } from '../../src/host/state-file.ts';
import type { Operation, OperationNode } from '../../src/model/operation.ts';
import { holdProblems } from '../../src/plan/operation-hold.ts';
import { beginBoot, closeBoot } from '../../src/plan/boot-timeline.ts';
import { sampleSite, type TestSite } from '../support/command-line.ts';
import { sampleClusterInput, sampleNodesInput } from '../support/sample-view.ts';
import { serveSite } from '../support/serve-site.ts';

/** Remembers for each node what it was told last; `fails` beside it makes it fail, `hangs` hang, `jams-node01` take no orders for that. */
const program = `#!/bin/sh
cd "$(dirname "$0")" || exit 1
printf '%s|' "$@" >> called; echo >> called
[ -e hangs ] && exec sleep 30
[ -e fails ] && { echo 'no contact' >&2; exit 3; }
[ -e "jams-$3" ] && [ "$2" != status ] && { echo 'it jams' >&2; exit 4; }
[ "$2" = status ] || echo "$2" > "now-$3"
cat "now-$3" 2>/dev/null || echo on
`;

const nodes = sampleNodesInput.map((node, index) => Object.assign({ power: { switch: 'lab', port: index + 1 } }, node));
const odd = 'a b;$(touch x)';

async function lab(power: object = {}): Promise<TestSite> {
  const site = await sampleSite({ power: program, 'nodes.yaml': renderYaml(nodes) });
  await chmod(`${site.dir}/power`, 0o755);
  const settings = { driver: 'command', command: [`${site.dir}/power`, odd], timeout: '2s' };
  await site.write('cluster.yaml', renderYaml({ ...sampleClusterInput, switches: { lab: settings }, power }));
  expect(await site.run('apply', '-f', `${site.dir}/nodes.yaml`)).toMatchObject({ code: 0, err: '' });
  return site;
}

/** Without the questions. */
async function orders(site: TestSite): Promise<string[]> {
  const called = await readFile(path.join(site.dir, 'called'), 'utf8').catch(() => '');
  return called.split('\n').filter((line) => line !== '' && !line.includes('|status|'));
}

test('it gets its own arguments, the verb, the node and the port, and no shell reads them', async () => {
  const site = await lab();
  await serveSite(site.dir);

  expect(await site.run('node', 'power', 'off', 'node01')).toEqual({
    code: 0,
    out: 'node01 (lab port 1) is off\n',
    err: '',
  });
  expect((await site.run('node', 'power', 'status', 'node01')).out).toMatch(/^node01 +lab +1 +off/m);
  expect((await site.run('node', 'power', 'on', 'node01', '-o', 'name')).out).toBe('node01\n');

  expect(await orders(site)).toEqual([`${odd}|off|node01|1|`, `${odd}|on|node01|1|`]);
});

test('one that hangs is ended, and one that fails is quoted', async () => {
  const site = await lab();
  await serveSite(site.dir);

  await site.write('hangs', '');
  expect((await site.run('node', 'power', 'on', 'node01')).err).toMatch(
    /power status" for node01 did not end within 2 s/,
  );
  await rm(`${site.dir}/hangs`);
  await site.write('fails', '');
  // It has never booted: whoever reboots it has its power cycled.
  for (const words of ['power off', 'reboot']) {
    const { err } = await site.run('node', ...words.split(' '), 'node01');
    expect(err).toMatch(
      /^pi-image: node01 is not (switched off|cycled): lab: .* failed with exit code 3\nno contact\n/,
    );
    expect(err).toMatch(/\n {2}hint: Run it by hand as the user of the service: .* with "status node01 1" must end/);
  }
  expect(await orders(site)).toEqual([]);
});

test('without a service nobody switches anything', async () => {
  const site = await lab();

  const { code, err } = await site.run('node', 'power', 'off', 'node01');

  expect(code).toBe(1);
  expect(err).toContain('no service runs here');
});

const boot = (nowMs: number, end: 'ready' | 'silent') =>
  closeBoot(
    beginBoot({
      id: 'b1',
      node: 'node01',
      mac: 'm',
      address: '10.42.0.11',
      generation: 'ab'.repeat(32),
      token: 't',
      sign: 'discover',
      nowMs,
    }),
    end,
    nowMs,
  );

async function booted(site: TestSite, end: 'ready' | 'silent'): Promise<void> {
  await withDatabase(`${site.dir}/state`, new AbortController().signal, async ({ boots }) => {
    await boots.update(() => ({ boots: [boot(Date.now() - 5000, end)] }));
  });
}

test('a node that runs keeps its power unless --yes says otherwise', async () => {
  const site = await lab();
  await booted(site, 'ready');
  await serveSite(site.dir);

  const { code, err } = await site.run('node', 'power', 'off', 'node01', 'head');
  expect(code).toBe(1);
  expect(err).toContain('node01 runs and would lose power as when the plug is pulled');
  expect(await orders(site)).toEqual([]);

  expect((await site.run('node', 'power', 'off', 'node01', '--yes', '--no-wait')).out).toMatch(/is being switched off/);
});

test('a reboot of a node that does not run is a cycle of its power', async () => {
  const site = await lab();
  await booted(site, 'silent');
  const service = await serveSite(site.dir);

  expect((await site.run('node', 'reboot', 'node01', '--dry-run')).out).toContain('node01 would reboot');
  expect(await orders(site)).toEqual([]);
  expect((await site.run('node', 'reboot', 'node01')).out).toBe('node01 reboots now\n');

  await vi.waitFor(() => expect(service.power.runs().ended).toHaveLength(1), { timeout: 15_000, interval: 100 });
  expect(await orders(site)).toEqual([`${odd}|off|node01|1|`, `${odd}|on|node01|1|`]);
});

test('unless the owner wants ssh and nothing else', async () => {
  const site = await lab({ reboot: 'ssh' });
  await booted(site, 'silent');
  await serveSite(site.dir);

  expect((await site.run('node', 'reboot', 'node01')).err).toContain('node01 does not run, as far as is known');
  expect(await orders(site)).toEqual([]);
});

/** What nodes are told stands in `ssh-asked`. */
async function withSsh(site: TestSite): Promise<void> {
  const before = process.env['PATH'];
  await site.write('bin/ssh', `#!/bin/sh\nprintf '%s\\n' "$*" >> ${site.dir}/ssh-asked\n`);
  await chmod(`${site.dir}/bin/ssh`, 0o755);
  process.env['PATH'] = `${site.dir}/bin:${before ?? ''}`;
  onTestFinished(() => void (process.env['PATH'] = before));
}

test('a cluster is shut down stage by stage, and started in the reversed order', async () => {
  const site = await lab();
  await booted(site, 'ready');
  await serveSite(site.dir);
  await withSsh(site);

  const plan = await site.run('cluster', 'shutdown', '--dry-run');
  expect(plan.out.split('\n').slice(0, 3)).toEqual([
    'shut down node[01-02], then switch off node[01-02]',
    'shut down login, then switch off login',
    'shut down head, then switch off head',
  ]);
  expect((await site.run('cluster', 'shutdown')).err).toContain('would be shut down');
  expect(await orders(site)).toEqual([]);

  const down = await site.run('cluster', 'shutdown', '--yes', '--deadline', '1s');
  expect(down).toMatchObject({ code: 0, err: '' });
  expect(down.out).toMatch(
    /^node01 shut down now\nnode01 did not end in time\nnode\[01-02\] are switched off\nlogin is switched off\nhead is switched off\n$/,
  );
  expect(await readFile(`${site.dir}/ssh-asked`, 'utf8')).toMatch(/ root@10\.42\.0\.11 systemctl poweroff\n$/);
  await vi.waitFor(async () => expect(await orders(site)).toHaveLength(4), { timeout: 20_000 });
  const called = (await orders(site)).map((line) => line.split('|')[2] ?? '');
  expect([new Set(called.slice(0, 2)), called.slice(2)]).toEqual([new Set(['node01', 'node02']), ['login', 'head']]);

  const up = await site.run('cluster', 'start', '--dry-run');
  expect(up.out).toBe('switch on head\nswitch on login\nswitch on node[01-02]\ndry run: nothing was changed\n');
  expect(await site.run('cluster', 'start', '--deadline', '1s')).toMatchObject({ code: 0 });
  await vi.waitFor(async () => expect(await orders(site)).toHaveLength(8), { timeout: 20_000 });
  expect((await orders(site))[4]).toBe(`${odd}|on|head|2|`);
});

test('a cluster whose switch cannot be read is neither started nor shut down, and that is no success', async () => {
  const site = await lab();
  await serveSite(site.dir);
  await site.write('fails', '');

  const plan = await site.run('cluster', 'start', '--dry-run');
  expect(plan.out).toMatch(/^head,login,node\[01-02\]: power is not known: lab: /m);
  const up = await site.run('cluster', 'start', '--deadline', '1s', '--switch-deadline', '1s');
  expect(up).toMatchObject({ code: 1, out: '' });
  expect(up.err).toMatch(/^head: lab: [^]*; it is tried again$/m);
  expect(up.err).toMatch(/not all could be switched on\nhead: [^]*\nlogin: [^]*\nnode01: [^]*\nnode02: /);
  const down = await site.run('cluster', 'shutdown', '--yes', '--deadline', '1s', '--switch-deadline', '1s');
  expect(down).toMatchObject({ code: 1, out: '' });
  expect(down.err).toMatch(/not all went as it should\nnode01: [^]*\nnode02: [^]*\nlogin: [^]*\nhead: /);
});

test('for programs a shutdown and a start are one value each, also where they fail', async () => {
  const site = await lab();
  for (const name of ['node02', 'login', 'head']) await site.write(`now-${name}`, 'off\n');
  await site.write('jams-head', '');
  await booted(site, 'ready');
  await serveSite(site.dir);
  await withSsh(site);
  const ask = async (...args: string[]) => {
    const { code, out } = await site.run('cluster', ...args, '--switch-deadline', '1s', '-o', 'json');
    return { code, report: JSON.parse(out) as unknown };
  };
  const compute = ['node01', 'node02'];
  const stages = [compute, ['login'], ['head']].map((names) => ({ nodes: names, off: names }));

  expect(await ask('shutdown', '--dry-run')).toEqual({ code: 0, report: { dryRun: true, stages, troubles: [] } });
  const held = { operations: [], rollouts: [] };
  const [first, ...others] = stages.map((stage) => Object.assign({ late: [] as string[] }, stage));
  expect(await ask('shutdown', '--yes', '--deadline', '1s')).toEqual({
    code: 0,
    report: { dryRun: false, stages: [{ ...first, late: ['node01'] }, ...others], held, troubles: [] },
  });

  const order = [['head'], ['login'], compute].map((names) => ({ nodes: names }));
  const plan = { dryRun: true, byHand: [], stages: order, troubles: [] };
  expect(await ask('start', '--dry-run')).toEqual({ code: 0, report: plan });
  expect(await ask('start', '--deadline', '1s')).toEqual({
    code: 1,
    report: {
      dryRun: false,
      byHand: [],
      stages: [
        { nodes: ['head'], on: [], late: [] },
        { nodes: ['login'], on: ['login'], late: ['login'] },
        { nodes: compute, on: compute, late: [] },
      ],
      released: held,
      troubles: [expect.stringMatching(/^head: .*it jams/s)],
    },
  });
}, 60_000);

test('a switch that answers after a while has its nodes switched on', async () => {
  const site = await lab();
  for (const name of ['node01', 'node02', 'login', 'head']) await site.write(`now-${name}`, 'off\n');
  await site.write('fails', '');
  await serveSite(site.dir);

  const started = site.run('cluster', 'start', '--deadline', '1s', '--switch-deadline', '1m');
  await vi.waitFor(async () => expect(await readFile(`${site.dir}/called`, 'utf8')).toContain('|status|'));
  await rm(`${site.dir}/fails`);

  expect(await started).toMatchObject({ code: 0 });
  expect((await orders(site)).map((line) => line.split('|')[2])[0]).toBe('head');
  expect(await orders(site)).toHaveLength(4);
});

test('a node that is not switched on in spite of the order is named, and holds up no other', async () => {
  const site = await lab();
  for (const name of ['node01', 'node02', 'login', 'head']) await site.write(`now-${name}`, 'off\n');
  await site.write('jams-head', '');
  await serveSite(site.dir);

  const { code, out, err } = await site.run('cluster', 'start', '--deadline', '1s', '--switch-deadline', '1s');

  expect([code, out]).toEqual([1, 'login: switched on\nlogin: not ready in time\nnode[01-02]: switched on\n']);
  expect(err).toMatch(/not all could be switched on\nhead: [^]*it jams\n {2}hint: /);
}, 60_000);

const operation: Operation = {
  id: '7',
  kind: 'role-change',
  by: 'ci',
  role: 'login',
  drain: 'wait',
  drainDeadlineMs: 60_000,
  maxUnavailable: 1,
  startedAtMs: 1,
  state: 'running',
};
const inReboot: OperationNode = {
  operation: '7',
  node: 'node01',
  from: 'compute',
  steps: [{ step: 'reboot', startedAtMs: 1 }],
};

test("what a UPS runs waits for no operation, which is held until the cluster's start", async () => {
  const guide = await readFile(path.resolve(import.meta.dirname, '../../docs/power.md'), 'utf8');
  const [, hook = ''] = /SHUTDOWNCMD "\S+pi-image (cluster shutdown [^;"]+);/.exec(guide) ?? [];
  const site = await lab();
  await booted(site, 'ready');
  const service = await serveSite(site.dir);
  await service.state.update((state) => ({
    ...state,
    operations: { 7: operation },
    operationNodes: { '7/node01': inReboot },
  }));
  await withSsh(site);
  expect((await site.run('node', 'power', 'off', 'node01', '--yes')).err).toContain('node01 is in operation 7');

  const down = await site.run(...hook.replace('60s', '1s').split(' '));

  expect(down).toMatchObject({ code: 0, err: '' });
  expect(down.out).toMatch(/^operation 7: held until "pi-image cluster start"\nnode01 shut down now\n/);
  expect(down.out).toContain('node[01-02] are switched off\n');
  expect(holdProblems(service.state.current())).toEqual([expect.stringContaining('operation 7: held since socket')]);
  expect((await site.run('node', 'reboot', 'node02')).code).toBe(1);
  const up = await site.run('cluster', 'start', '--deadline', '1s');
  expect(up.out).toMatch(/\noperation 7: held before, goes on now; see "pi-image operation list"\n$/);
  expect(service.state.current()).toMatchObject({ operationHolds: {}, operationNodes: { '7/node01': inReboot } });
}, 60_000);
