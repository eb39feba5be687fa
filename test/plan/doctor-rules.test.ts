/** What the doctor says of the machine that serves. */
import { expect, test } from 'vitest';

import { diagnoseMachine, machineRules, type MachineFacts } from '../../src/plan/doctor-rules.ts';

const nowMs = Date.parse('2026-11-21T08:15:00Z');

const well: MachineFacts = {
  hostName: 'storage',
  interface: 'eth0',
  address: '10.42.0.1/24',
  found: { isUp: true, forwardDelaySeconds: 0, addresses: ['10.42.0.1/24'] },
  own: { pid: 400, programs: ['ganesha.nfsd', 'systemd'] },
  ports: [
    { protocol: 'udp', port: 67, what: 'addresses' },
    { protocol: 'tcp', port: 2049, what: 'roots' },
  ],
  listeners: [
    { protocol: 'udp', address: '0.0.0.0', device: 'eth0', port: 67, program: 'node', pid: 400 },
    { protocol: 'tcp', address: '10.42.0.1', device: undefined, port: 2049, program: 'ganesha.nfsd', pid: 401 },
    { protocol: 'tcp', address: '0.0.0.0', device: undefined, port: 67, program: 'nginx', pid: 500 },
  ],
  firewall: undefined,
  nfs: { answers: true, detail: '' },
  disks: [{ path: '/var/lib/pi-image', freeBytes: 50e9, sizeBytes: 100e9 }],
  nowMs,
  latestKnownMs: nowMs - 1000,
  isClockSynchronised: true,
};

const dnsmasq = {
  protocol: 'udp',
  address: '0.0.0.0',
  device: undefined,
  port: 67,
  program: 'dnsmasq',
  pid: 612,
} as const;
const dropAll = 'table inet filter {\n chain input {\n  type filter hook input priority filter; policy drop;\n }\n}\n';

test.each<[string, Partial<MachineFacts>, string]>([
  ['no-interface', { found: undefined }, 'this machine has no interface eth0'],
  ['interface-down', { found: { ...well.found, isUp: false } as never }, 'eth0 is down, or has no cable'],
  [
    'no-address',
    { found: { ...well.found, addresses: ['10.42.0.2/24'] } as never },
    'eth0 of this machine does not have 10.42.0.1/24',
  ],
  [
    'bridge-delay',
    { found: { ...well.found, forwardDelaySeconds: 15 } as never },
    'the bridge eth0 lets nothing through for 30 s after a link came up',
  ],
  ['port-taken', { listeners: [dnsmasq] }, 'dnsmasq (process 612) is at UDP port 67'],
  [
    'firewall',
    { firewall: { kind: 'nft', text: dropAll }, ports: well.ports.slice(0, 1) },
    'the firewall seems to drop UDP port 67 (addresses)',
  ],
  [
    'nfs-no-answer',
    { nfs: { answers: false, detail: 'connect ECONNREFUSED 10.42.0.1:2049' } },
    'the NFS server does not answer: connect ECONNREFUSED 10.42.0.1:2049',
  ],
  [
    'disk-full',
    { disks: [{ path: '/var', freeBytes: 90e6, sizeBytes: 1e9 }] },
    '/var has only 0.1 GB free: changes of the state may be refused',
  ],
  [
    'disk-low',
    { disks: [{ path: '/var', freeBytes: 1.5e9, sizeBytes: 1e11 }] },
    '/var has 1.5 GB free, which is too little for a build',
  ],
  [
    'clock-behind',
    { nowMs: Date.parse('2020-01-01T00:00:00Z') },
    'the clock of this machine says 2020-01-01T00:00, which is over',
  ],
  ['clock-free', { isClockSynchronised: false }, 'the clock of this machine follows no time server'],
])('%s', (rule, change, cause) => {
  const found = diagnoseMachine({ ...well, ...change });

  expect(found.map((each) => [each.rule, each.cause])).toEqual([[rule, cause]]);
  expect(found[0]?.hint).toMatch(/\.$/);
});

test('a machine that is well has no finding, and every rule is tested', () => {
  expect(diagnoseMachine(well)).toEqual([]);
  expect(machineRules).toHaveLength(11);
});

test('a server on another interface or another address is in nobody’s way', () => {
  const listeners = [
    { ...dnsmasq, device: 'virbr0' },
    { ...dnsmasq, address: '127.0.0.1' },
  ];

  expect(diagnoseMachine({ ...well, listeners })).toEqual([]);
});
