/** Switches by SNMP: Debian's snmpd with the tables of one, asked in v2c and v3, and what it refuses. */
import { inspect } from 'node:util';

import { expect, test } from 'vitest';

import { openDriver, type PowerDriver } from '../../src/fleet/power-driver.ts';
import { openSnmp } from '../../src/host/snmp.ts';
import { Switch } from '../../src/model/power.ts';
import { snmpSwitch, switchSecrets, switchUser, type SnmpSwitch } from '../support/snmp-switch.ts';

const board = '2c:cf:67:01:02:03';
const others = ['dc:a6:32:00:00:01', 'dc:a6:32:00:00:02'];
const model = { ports: { 1: 'on', 2: 'off' }, macs: { 1: [board], 9: others }, bridges: { 9: 'core' } } as const;

const at = (port: number) => ({ node: 'node01', port });

function driverOf(sw: SnmpSwitch, settings: object, secrets: Readonly<Record<string, string>>): Promise<PowerDriver> {
  const described = Switch.parse({ driver: 'snmp', host: '127.0.0.1', port: sw.port, timeout: '3s', ...settings });
  const secret = (name: string) => Promise.resolve(secrets[name] ?? '');
  return openDriver('sw1', described, { secret, signal: new AbortController().signal });
}

const file = { file: '/nowhere' };
const { community, auth, privacy } = switchSecrets;

const ways: readonly [string, object, Record<string, string>][] = [
  ['v2c', { community: file }, { 'sw1.community': community }],
  ['v3 authPriv', { user: switchUser, auth: file, privacy: file }, { 'sw1.auth': auth, 'sw1.privacy': privacy }],
];

test.each(ways)('%s: ports are read, switched and read again', async (_name, settings, secrets) => {
  const sw = await snmpSwitch(model);
  const driver = await driverOf(sw, settings, secrets);

  expect(await driver.read(at(1))).toEqual({ power: 'on', detection: 'delivering' });
  expect(await driver.read(at(2))).toEqual({ power: 'off', detection: 'disabled' });
  await driver.set(at(1), 'off');
  await driver.set(at(2), 'on');

  expect(await driver.read(at(1))).toEqual({ power: 'off', detection: 'disabled' });
  expect(await driver.read(at(2))).toEqual({ power: 'on', detection: 'delivering' });
  expect((await sw.sets()).map(({ port, wanted }) => `${port} ${wanted}`)).toEqual(['1 off', '2 on']);
  await expect(driver.read(at(7))).rejects.toThrow('the switch has no port 7 that gives power');
  driver.close();
});

test.each([
  ['BRIDGE-MIB', undefined],
  ['Q-BRIDGE-MIB', 42],
])('%s: what is behind each port', async (_name, vlan) => {
  const sw = await snmpSwitch({ ...model, ...(vlan !== undefined && { vlan }) });
  const driver = await driverOf(sw, { community: file }, { 'sw1.community': community });

  const { ports, behind, learned, budget } = await driver.facts([]);
  driver.close();

  expect([...ports]).toEqual([
    [1, { power: 'on', detection: 'delivering' }],
    [2, { power: 'off', detection: 'disabled' }],
  ]);
  expect(budget).toEqual({ watts: 120, usedWatts: 30 });
  expect([...(behind ?? [])].map(([port, { bridgePort, name, macs }]) => [port, bridgePort, name, macs])).toEqual([
    [1, 1, 'gi1', [board]],
    [2, 2, 'gi2', []],
  ]);
  expect(learned.find(({ bridgePort }) => bridgePort === 9)).toEqual({
    bridgePort: 9,
    ifIndex: 1009,
    name: 'gi9',
    macs: others,
    neighbours: [{ name: 'core', macs: [], isBridge: true }],
  });
});

test('what a switch refuses is said, and no secret with it', async () => {
  const sw = await snmpSwitch(model);
  const said = async (settings: object, secrets: Record<string, string>) => {
    const driver = await driverOf(sw, settings, secrets);
    const error = await driver.set(at(1), 'off').then(
      () => new Error('nothing'),
      (thrown: Error) => thrown,
    );
    driver.close();
    expect(inspect(error, { depth: 9, showHidden: true })).not.toMatch(/Sesame|Wrong/);
    return error.message;
  };
  const where = `the switch at 127.0.0.1:${sw.port}`;
  const v3 = { user: switchUser, auth: file, privacy: file };

  expect(await said({ community: file }, { 'sw1.community': 'readonly' })).toBe(
    `${where} refuses: this user may not do that`,
  );
  expect(await said({ community: file }, { 'sw1.community': 'Wrong' })).toBe(`${where} does not answer SNMP`);
  expect(await said(v3, { 'sw1.auth': 'Wrong-auth', 'sw1.privacy': privacy })).toMatch(
    /does not accept the user pi-image/,
  );
  expect(await said({ ...v3, user: 'nobody' }, { 'sw1.auth': auth, 'sw1.privacy': privacy })).toMatch(
    /does not accept the user nobody/,
  );
  await sw.behave('locked', true);
  expect(await said({ community: file }, { 'sw1.community': community })).toBe(
    `${where} refuses: this object cannot be written there`,
  );
  expect(await sw.sets()).toEqual([]);
});

test('a host that does not exist is no bug of ours', async () => {
  const session = openSnmp({ host: 'no-such-switch.invalid', port: 161, access: { community }, timeoutMs: 1000 });

  await expect(session.walk('1.3.6.1.2.1.105')).rejects.toThrow(
    'the switch at no-such-switch.invalid cannot be reached',
  );
  session.close();
});
