/** What can be wrong with switches and power in cluster.yaml, each with its place. */
import { expect, test } from 'vitest';

import { checkShape } from '../../src/model/check-shape.ts';
import { Cluster } from '../../src/model/cluster.ts';
import { checkSwitches } from '../../src/plan/check-cluster-switches.ts';
import { sampleClusterInput } from '../support/sample-view.ts';

function problemsOf(changes: object): string[] {
  const shaped = checkShape(Cluster, { ...sampleClusterInput, ...changes });
  const problems = shaped.kind === 'valid' ? checkSwitches(shaped.value) : shaped.problems;
  return problems.map(({ path, message }) => `${path.join('.')}: ${message}`);
}

const file = '/etc/pi-image/sw1';
const v2c = { driver: 'snmp', host: '10.42.0.2', community: { file } };
const v3 = { driver: 'snmp', host: 'sw1.lan', user: 'pi-image', auth: { file }, privacy: { file } };

test.each([
  ['v2c', v2c],
  ['v3', v3],
  ['v3 without encryption', { ...v3, privacy: undefined }],
  ['a stack', { ...v2c, group: 2, budgetWatts: 60.5, uplinks: [24], trusted: [3] }],
  ['a program', { driver: 'command', command: ['/etc/pi-image/power', 'strip'], timeout: '30s', uplinks: [1] }],
  ['by hand', { driver: 'none' }],
])('%s is right', (_name, sw1) => {
  expect(problemsOf({ switches: { sw1 } })).toEqual([]);
});

test.each<[object, string[]]>([
  [{ ...v2c, host: undefined }, ['switches.sw1: the driver snmp needs the host of the switch']],
  [{ ...v2c, community: undefined }, ['switches.sw1: the driver snmp needs a community or a user']],
  [{ ...v2c, user: 'a' }, ['switches.sw1.user: a switch is asked by a community (v2c) or by a user (v3), not by both']],
  [{ ...v3, auth: undefined }, ['switches.sw1.privacy: SNMPv3 encrypts only what it authenticates']],
  [{ ...v2c, auth: { file } }, ['switches.sw1.auth: belongs to a user, and there is none']],
  [{ ...v2c, command: ['/x'] }, ['switches.sw1.command: the driver snmp does not use it']],
  [{ driver: 'command' }, ['switches.sw1: the driver command needs a command']],
  [{ driver: 'command', command: ['power'] }, ['switches.sw1.command.0: "power" is not an absolute path']],
  [
    { driver: 'command', command: ['/x'], trusted: [1] },
    ['switches.sw1.trusted: the driver command cannot tell what is behind a port, so all are trusted'],
  ],
  [{ driver: 'none', host: 'sw1' }, ['switches.sw1.host: the driver none does not use it']],
  [{ ...v2c, community: 'public' }, ['switches.sw1.community: a block of keys is wanted here, not the text "public"']],
  [{ ...v2c, host: 'a b' }, ['switches.sw1.host: "a b" is not an IPv4 address or a host name']],
  [{ ...v2c, comunity: 1 }, ['switches.sw1.comunity: unknown key "comunity"; did you mean community?']],
  [{ driver: 'redfish' }, ['switches.sw1.driver: "redfish" is not one of: snmp, command, none']],
])('switch %#', (sw1, expected) => {
  expect(problemsOf({ switches: { sw1 } })).toEqual(expected);
});

test.each<[object, string[]]>([
  [{ off: '8s', atOnce: 4, reboot: 'ssh', watts: { pi5: 12 }, order: ['compute', 'login', 'controller'] }, []],
  [{ off: '2s' }, ['power.off: a port stays off for 5 s to 10 min in a cycle']],
  [{ order: ['compute', 'gpu'] }, ['power.order.1: there is no role gpu']],
  [{ order: ['compute', 'compute'] }, ['power.order.1: compute stands here twice']],
  [{ order: ['controller', 'compute'] }, ['power.order.0: others still need the Slurm controller']],
  [{ atOnce: 0 }, ['power.atOnce: 0 is out of bounds: at least 1 is wanted']],
])('power %#', (power, expected) => {
  expect(problemsOf({ power })).toEqual(expected);
});
