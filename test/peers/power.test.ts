/** Power of nodes through the command line and the service, at a switch that snmpd is. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { expect, onTestFinished, test, vi } from 'vitest';

import { renderYaml } from '../../src/host/yaml-file.ts';
import { readState } from '../../src/host/state-file.ts';
import { sampleSite, type TestSite } from '../support/command-line.ts';
import { sampleClusterInput, sampleNodesInput } from '../support/sample-view.ts';
import { serveSite, type ServedSite } from '../support/serve-site.ts';
import { snmpSwitch, switchUser, type SnmpSwitch, type SwitchModel } from '../support/snmp-switch.ts';

/** node01 at port 1, and so on, in the order of the sample; the last port leads to other switches. */
const nodes = sampleNodesInput.map((node, index) => {
  return Object.assign({ power: { switch: 'sw1', port: index + 1 }, mac: `2c:cf:67:00:00:0${index}` }, node);
});
const macOf = (index: number) => nodes[index]?.mac ?? '';
const crowd = ['dc:a6:32:ff:00:01', 'dc:a6:32:ff:00:02', 'dc:a6:32:ff:00:03'];

const allOn: SwitchModel = {
  ports: { 1: 'on', 2: 'on', 3: 'on', 4: 'on' },
  macs: { 1: [macOf(0)], 2: [macOf(1)], 3: [macOf(2)], 4: [macOf(3)], 24: crowd },
  watts: 150,
};

interface Lab {
  readonly sw: SnmpSwitch;
  readonly site: TestSite;
}

async function lab(model: SwitchModel = allOn, more: object = {}, withV3 = false): Promise<Lab> {
  const sw = await snmpSwitch(model);
  const access = withV3
    ? { user: switchUser, auth: { file: sw.authFile }, privacy: { file: sw.privacyFile } }
    : { community: { file: sw.communityFile } };
  const sw1 = { driver: 'snmp', host: '127.0.0.1', port: sw.port, timeout: '3s', ...access, ...more };
  const site = await sampleSite({
    'cluster.yaml': renderYaml({ ...sampleClusterInput, switches: { sw1 } }),
    'nodes.yaml': renderYaml(nodes),
  });
  expect(await site.run('apply', '-f', `${site.dir}/nodes.yaml`)).toMatchObject({ code: 0 });
  return { sw, site };
}

/** On a busy machine an order is sent again before its answer is there. */
async function setsOf(sw: SnmpSwitch): Promise<string[]> {
  const all = (await sw.sets()).map(({ port, wanted }) => `${port} ${wanted}`);
  return all.filter((each, index) => each !== all[index - 1]);
}

async function eventsOf({ events }: ServedSite): Promise<string[]> {
  const all = await events.after(0, 1000);
  return all.filter(({ kind }) => kind.startsWith('node.power')).map(({ kind, node }) => `${kind} ${node}`);
}

test.each([
  ['v2c', false],
  ['v3', true],
])('%s: off, on and a cycle are seen at the switch, and what they were stands in the events', async (_name, withV3) => {
  const { sw, site } = await lab(allOn, {}, withV3);
  const service = await serveSite(site.dir);

  const off = await site.run('node', 'power', 'off', 'node01');
  expect(off).toMatchObject({ code: 0, out: 'node01 (sw1 port 1) is off: disabled\n' });
  expect((await site.run('node', 'power', 'off', 'node01')).out).toBe('node01 (sw1 port 1) is off already\n');
  expect((await site.run('node', 'power', 'on', 'node01')).out).toBe('node01 (sw1 port 1) is on: delivering\n');
  const cycled = await site.run('node', 'power', 'cycle', 'head', '-o', 'json');
  expect(JSON.parse(cycled.out)).toMatchObject([
    { node: 'head', action: 'cycle', isChanged: true, detection: 'delivering' },
  ]);

  expect(await setsOf(sw)).toEqual(['1 off', '1 on', '2 off', '2 on']);
  const sets = await sw.sets();
  const offAt = sets.findLast(({ wanted }) => wanted === 'off');
  const onAt = sets.find(({ port, wanted }) => port === 2 && wanted === 'on');
  expect((onAt?.atMs ?? 0) - (offAt?.atMs ?? 0)).toBeGreaterThanOrEqual(5000);
  expect(await eventsOf(service)).toEqual([
    'node.power-asked node01',
    'node.power-off node01',
    'node.power-asked node01',
    'node.power-on node01',
    'node.power-asked head',
    'node.power-cycled head',
  ]);
  expect(service.state.current().powerJournal).toEqual({});
  expect((await site.run('node', 'power', 'status')).out).toMatch(/^node01 +sw1 +1 +on +delivering/m);
  expect(JSON.stringify(await service.events.after(0, 1000))).not.toContain('Sesame');
});

test('a dry run says what would be, and does nothing', async () => {
  const { sw, site } = await lab();
  const service = await serveSite(site.dir);

  expect((await site.run('node', 'power', 'cycle', 'node01', '--dry-run')).out).toBe(
    'node01 (sw1 port 1) would be switched off and on again\ndry run: nothing was changed\n',
  );

  expect(await sw.sets()).toEqual([]);
  expect(await eventsOf(service)).toEqual([]);
});

test('one port that leads to more than its board keeps all of them on', async () => {
  const { sw, site } = await lab({ ...allOn, macs: { ...allOn.macs, 2: [macOf(1), ...crowd], 24: [] } });
  await serveSite(site.dir);

  const { code, err } = await site.run('node', 'power', 'off', 'node01', 'head');

  expect(code).toBe(1);
  expect(err).toContain('head is not switched off: port 2 of sw1 has 4 MAC addresses behind it');
  expect(await sw.sets()).toEqual([]);
});

test('boards come on as far as there is power, and not one more than may load at once', async () => {
  const off: SwitchModel = { ...allOn, ports: { 1: 'off', 2: 'off', 3: 'off', 4: 'off' }, watts: 80, usedWatts: 10 };
  const { sw, site } = await lab(off);
  await serveSite(site.dir);

  const all = await site.run('node', 'power', 'on', ...nodes.map(({ name }) => name));
  expect(all.code).toBe(1);
  expect(all.err).toMatch(/sw1 has 70 W of 80 W left, and these 4 boards need \d+/);
  expect(await sw.sets()).toEqual([]);

  expect((await site.run('node', 'power', 'on', 'node01', 'head')).code).toBe(0);
  expect((await setsOf(sw)).toSorted()).toEqual(['1 on', '2 on']);
});

test('a service that is killed between off and on is followed by one that switches on', async () => {
  const { sw, site } = await lab();
  const killed = await killable(site, 'node01', 'cycle');
  await vi.waitFor(async () => expect(await setsOf(sw)).toEqual(['1 off']), { timeout: 20_000, interval: 50 });

  await killed();
  expect((await readState(`${site.dir}/state`)).powerJournal).toMatchObject({
    'sw1/1': { node: 'node01', action: 'cycle' },
  });
  const service = await serveSite(site.dir);

  await vi.waitFor(() => expect(service.state.current().powerJournal).toEqual({}), { timeout: 20_000, interval: 100 });
  expect(await setsOf(sw)).toEqual(['1 off', '1 on']);
  expect(await eventsOf(service)).toEqual(['node.power-asked node01', 'node.power-cycled node01']);
});

test('one that was killed while the switch was silent tries until it answers, and says so meanwhile', async () => {
  const { sw, site } = await lab();
  const killed = await killable(site, 'node01', 'cycle');
  await vi.waitFor(async () => expect(await setsOf(sw)).toEqual(['1 off']), { timeout: 20_000, interval: 50 });
  await killed();
  await sw.stop();

  const service = await serveSite(site.dir);
  const problems = () => service.health.parts().find(({ name }) => name === 'power')?.problems ?? [];
  await vi.waitFor(() => expect(problems()).toHaveLength(1), { timeout: 30_000, interval: 100 });
  expect(problems()[0]).toMatch(/^port 1 of sw1 is to be switched on for node01: .* does not answer SNMP$/);
  const again = await site.run('node', 'power', 'off', 'node01', '--yes');
  expect(again.err).toContain('port 1 of sw1 is being switched already');

  await sw.start();
  await vi.waitFor(() => expect(service.state.current().powerJournal).toEqual({}), { timeout: 30_000, interval: 100 });
  expect(await setsOf(sw)).toEqual(['1 off', '1 on']);
  expect(problems()).toEqual([]);
});

test('an off that a killed service has not carried out is not carried out later', async () => {
  const { sw, site } = await lab();
  await sw.behave('deaf', true);
  const killed = await killable(site, 'node01', 'off');
  await vi.waitFor(async () => expect(await setsOf(sw)).toEqual(['1 off']), { timeout: 20_000, interval: 50 });
  await killed();
  await sw.behave('deaf', false);

  const service = await serveSite(site.dir);
  await sleep(1000);

  expect(service.state.current().powerJournal).toEqual({});
  expect(await setsOf(sw)).toEqual(['1 off']);
});

test('a switch that takes no orders leaves the board on, and the command fails', async () => {
  const { sw, site } = await lab();
  await sw.behave('locked', true);
  const service = await serveSite(site.dir);

  const { code, err } = await site.run('node', 'power', 'cycle', 'node01');

  expect(code).toBe(1);
  expect(err).toContain('this object cannot be written there');
  expect(service.state.current().powerJournal).toEqual({});
  expect(await eventsOf(service)).toEqual(['node.power-asked node01', 'node.power-failed node01']);
});

test('the ports of all nodes are found, and written down when it is asked for', async () => {
  const { sw, site } = await lab({
    ...allOn,
    macs: { 1: [macOf(1)], 2: [macOf(0)], 3: [macOf(2)], 24: [...crowd, macOf(3)] },
  });
  const service = await serveSite(site.dir);
  const portsOf = () => Object.fromEntries(service.state.current().nodes.map(({ name, power }) => [name, power?.port]));

  const { out } = await site.run('node', 'power', 'discover');
  expect(out).toMatch(/^node01 +sw1:1 +sw1:2 +mac/m);
  expect(out).toMatch(/it is behind sw1 gi24 together with 3 other addresses: another switch is in between/);
  expect(out).toMatch(/\n2 nodes have another port: add --write to write it down\n$/);
  expect(portsOf()).toMatchObject({ node01: 1, head: 2 });
  const refused = await site.run('node', 'power', 'off', 'node01');
  expect(refused.err).toContain('port 1 of sw1 has the board of head behind it');

  expect((await site.run('node', 'power', 'discover', '--write')).out).toMatch(/\n2 nodes have another port now\n$/);
  expect(portsOf()).toMatchObject({ node01: 2, head: 1 });
  expect(await sw.sets()).toEqual([]);
});

/** @returns how to kill it */
async function killable(site: TestSite, node: string, action: string): Promise<() => Promise<void>> {
  const project = path.resolve(import.meta.dirname, '../..');
  const script = path.join(project, 'test/support/power-service.ts');
  const loader = path.join(project, 'node_modules/tsx/dist/esm/index.mjs');
  const child = spawn(process.execPath, ['--import', loader, script, site.dir, node, action], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [said] = (await once(child.stdout, 'data')) as [Buffer];
  expect(said.toString()).toBe('asked\n');
  return async () => {
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  };
}
