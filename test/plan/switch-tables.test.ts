/** Tables of switches: what is behind which port, as different makers number them, and whose port is whose. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { NodeList } from '../../src/model/node.ts';
import { parseMac, type MacAddress } from '../../src/model/mac.ts';
import type { SnmpRow } from '../../src/model/snmp.ts';
import { matchPorts, readBudget, readPowerPorts } from '../../src/plan/power-ports.ts';
import { proposePorts, type SeenSwitch } from '../../src/plan/switch-discover.ts';
import { tables, type TableName } from '../../src/plan/switch-oids.ts';
import { readSwitchPorts, type SwitchPort, type SwitchWalks } from '../../src/plan/switch-tables.ts';
import { sampleNodesInput } from '../support/sample-view.ts';

const names = Object.keys(tables) as TableName[];

/** `bridgePorts: { 7: 1007 }` */
type Columns = Partial<Record<TableName, Readonly<Record<string, SnmpRow['value']>>>>;

function walksOf(columns: Columns): SwitchWalks {
  const rows = (name: TableName): SnmpRow[] =>
    Object.entries(columns[name] ?? {}).map(([index, value]) => ({ oid: `${tables[name]}.${index}`, value }));
  return Object.fromEntries(names.map((name) => [name, rows(name)])) as Record<TableName, SnmpRow[]>;
}

const text = (value: string) => Buffer.from(value);
const board = parseMac('2c:cf:67:01:02:03');
const index = '44.207.103.1.2.3';

describe('what is behind a port', () => {
  const ports = { bridgePorts: { 1: 1001, 2: 1002 }, interfaceNames: { 1001: text('gi1'), 1002: text('gi2') } };

  test.each<[string, Columns, MacAddress[]]>([
    ['BRIDGE-MIB', { forwarding: { [index]: 2 }, forwardingStatus: { [index]: 3 } }, [board]],
    ['Q-BRIDGE-MIB', { vlanForwarding: { [`42.${index}`]: 2 }, vlanForwardingStatus: { [`42.${index}`]: 3 } }, [board]],
    [
      'both, of one address',
      { forwarding: { [index]: 2 }, vlanForwarding: { [`1.${index}`]: 2, [`2.${index}`]: 2 } },
      [board],
    ],
    ['without a status', { forwarding: { [index]: 2 } }, [board]],
    ['an address of the switch itself', { forwarding: { [index]: 2 }, forwardingStatus: { [index]: 4 } }, []],
    ['an address that is nowhere', { forwarding: { [index]: 0 } }, []],
    ['an index that is none', { forwarding: { '1.2.3': 2 } }, []],
  ])('%s', (_name, columns, macs) => {
    const read = readSwitchPorts(walksOf({ ...ports, ...columns }));

    expect(read.map((each) => [each.name, each.macs])).toEqual([
      ['gi1', []],
      ['gi2', macs],
    ]);
  });

  test.each<[string, string, Columns]>([
    ['its numbers are those of the bridge', '2', {}],
    ['its numbers are interface indexes', '1002', {}],
    ['it names the interface', '9', { lldpLocalPortKinds: { 9: 5 }, lldpLocalPorts: { 9: text('gi2') } }],
  ])('LLDP, %s', (_name, lldpPort, more) => {
    const key = `700.${lldpPort}.1`;
    const neighbour: Columns = {
      lldpChassisKinds: { [key]: 4 },
      lldpChassis: { [key]: Uint8Array.of(0x2c, 0xcf, 0x67, 1, 2, 3) },
      lldpNames: { [key]: text('core\n') },
      lldpCapabilities: { [key]: Uint8Array.of(0x28, 0) },
    };
    const read = readSwitchPorts(walksOf({ ...ports, ...more, ...neighbour }));

    expect(read.map((each) => each.neighbours)).toEqual([[], [{ name: 'core', macs: [board], isBridge: true }]]);
  });

  test.each([
    [0x20, true],
    [0x08, true],
    [0x10, true],
    [0x40, true],
    [0x80, false],
    [0x01, false],
    [0x04, false],
  ])('capabilities 0x%s', (capabilities, isBridge) => {
    const read = readSwitchPorts(walksOf({ lldpCapabilities: { '0.2.1': Uint8Array.of(capabilities) } }));

    expect(read[0]?.neighbours[0]?.isBridge).toBe(isBridge);
  });

  test('whatever an agent answers', () => {
    const value = fc.oneof(fc.integer(), fc.uint8Array({ maxLength: 12 }), fc.string());
    const oid = fc.oneof(
      fc.string(),
      fc
        .tuple(fc.constantFrom(...names), fc.array(fc.integer({ min: -1, max: 5000 }), { maxLength: 9 }))
        .map(([name, numbers]) => `${tables[name]}.${numbers.join('.')}`),
    );
    const rows = fc.array(fc.record({ oid, value }), { maxLength: 30 });

    fc.assert(
      fc.property(fc.tuple(...names.map(() => rows)), (walks) => {
        const all = Object.fromEntries(names.map((name, at) => [name, walks[at] ?? []])) as unknown as SwitchWalks;
        for (const each of readSwitchPorts(all)) expect(new Set(each.macs).size).toBe(each.macs.length);
      }),
    );
  });
});

describe('power ports', () => {
  const port = (bridgePort: number, ifIndex: number, name: string): SwitchPort => {
    return { bridgePort, ifIndex, name, macs: [], neighbours: [] };
  };

  test.each<[string, SwitchPort[]]>([
    ['interface indexes', [port(50, 1, 'x'), port(51, 2, 'y')]],
    ['ports of the bridge', [port(1, 10_101, 'Gi1/0/9'), port(2, 10_102, 'Gi1/0/8')]],
    ['the last number of the name', [port(50, 10_101, 'Gi1/0/1'), port(51, 10_102, 'GigabitEthernet1/0/2')]],
  ])('are %s', (_name, ports) => {
    const { behind } = matchPorts([1, 2], ports);

    expect([...behind].map(([number, found]) => [number, ports.indexOf(found)])).toEqual([
      [1, 0],
      [2, 1],
    ]);
  });

  test('a name that two interfaces end in says nothing', () => {
    expect(matchPorts([1], [port(50, 100, 'Gi1/0/1'), port(51, 101, 'Te1/1/1')]).behind.size).toBe(0);
  });

  const crossed = (first: MacAddress[], second: MacAddress[]): SwitchPort[] => [
    { ...port(2, 1, 'x'), macs: first },
    { ...port(1, 2, 'y'), macs: second },
  ];

  test('that fit two ways are neither, unless their owner says which', () => {
    const ports = crossed([board], []);

    const { behind, disputed } = matchPorts([1, 2], ports);
    expect([behind.size, [...disputed.keys()]]).toEqual([0, [1, 2]]);
    expect(new Set(disputed.get(1))).toEqual(new Set(ports));
    expect([...matchPorts([1, 2], ports, 'bridgePort').behind].map(([number, { name }]) => [number, name])).toEqual([
      [1, 'y'],
      [2, 'x'],
    ]);
  });

  test('that fit two ways with nobody behind either need no word of their owner', () => {
    const { behind, disputed } = matchPorts([1, 2], crossed([], []));

    expect([[...behind.keys()], disputed.size]).toEqual([[1, 2], 0]);
  });

  test('are read of one box of a stack', () => {
    const start = '1.3.6.1.2.1.105.1.1.1';
    const adminEnable = [
      { oid: `${start}.3.1.7`, value: 1 },
      { oid: `${start}.3.2.7`, value: 2 },
      { oid: `${start}.3.2.8`, value: 1 },
    ];
    const detectionStatus = [{ oid: `${start}.6.2.8`, value: 4 }];

    expect([...readPowerPorts({ adminEnable, detectionStatus }, 2)]).toEqual([
      [7, { power: 'off' }],
      [8, { power: 'on', detection: 'fault' }],
    ]);
  });

  test.each([
    [120, undefined, { watts: 120, usedWatts: 31 }],
    [120, 60, { watts: 60, usedWatts: 31 }],
    [0, undefined, undefined],
    [0, 60, { watts: 60, usedWatts: 31 }],
  ])('it can give %d W, its owner says %s', (watts, own, expected) => {
    const mainPower = [{ oid: '1.3.6.1.2.1.105.1.3.1.1.2.1', value: watts }];
    const mainConsumption = [{ oid: '1.3.6.1.2.1.105.1.3.1.1.4.1', value: 31 }];

    expect(readBudget({ mainPower, mainConsumption }, 1, own)).toEqual(expected);
  });
});

describe('proposals', () => {
  const [first] = NodeList.parse(sampleNodesInput.slice(0, 1).map((node) => Object.assign({}, node, { mac: board })));
  const node = first ?? NodeList.parse([])[0];
  const more = parseMac('02:00:00:00:00:02');
  const ours = parseMac('02:00:00:00:00:ff');
  const port = (
    bridgePort: number,
    macs: readonly MacAddress[],
    neighbours: SwitchPort['neighbours'] = [],
  ): SwitchPort => {
    return { bridgePort, ifIndex: undefined, name: `gi${bridgePort}`, macs, neighbours };
  };
  const seen = (name: string, ports: readonly SwitchPort[], uplinks: readonly number[] = []): SeenSwitch => ({
    name,
    uplinks,
    behind: new Map(ports.filter(({ bridgePort }) => bridgePort < 20).map((each) => [each.bridgePort, each])),
    disputed: new Map(ports.filter(({ bridgePort }) => bridgePort === 23).map((each) => [11, [each]])),
    learned: ports,
  });
  const itself = { name: 'node01', macs: [board], isBridge: true };
  const core = { name: 'core', macs: [], isBridge: true };

  test.each<[string, SeenSwitch[], string]>([
    ['alone at one port', [seen('sw1', [port(3, [board])])], 'sw1:3 mac'],
    [
      'behind an uplink of another switch too',
      [seen('sw1', [port(3, [board])]), seen('sw2', [port(9, [board, more])])],
      'sw1:3 mac',
    ],
    [
      'an uplink with one board behind it',
      [seen('sw1', [port(3, [board])]), seen('sw2', [port(9, [board])], [9])],
      'sw1:3 mac',
    ],
    ['with containers, and it says so', [seen('sw1', [port(3, [board, more], [itself])])], 'sw1:3 lldp'],
    ['beside this storage node', [seen('sw1', [port(3, [board, ours], [itself])])], /together with/.source],
    [
      'alone at two',
      [seen('sw1', [port(3, [board])]), seen('sw2', [port(9, [board])])],
      'it is seen alone at sw1 port 3 and sw2 port 9',
    ],
    ['behind a port without power', [seen('sw1', [port(24, [board])])], 'it is behind sw1 gi24, which gives no power'],
    ['behind a port that two numbers fit', [seen('sw1', [port(23, [board])])], 'write "portNumbers" for sw1'],
    ['with others', [seen('sw1', [port(3, [board, more])])], 'together with 1 other addresses'],
    ['behind a bridge', [seen('sw1', [port(3, [board], [core])])], 'together with a bridge'],
    ['nowhere', [seen('sw1', [port(3, [more])])], `no switch has seen ${board} lately`],
  ])('%s', (_name, switches, expected) => {
    const [proposal] = proposePorts(node === undefined ? [] : [node], switches, [ours]);

    const said =
      proposal?.kind === 'found' ? `${proposal.power.switch}:${proposal.power.port} ${proposal.by}` : proposal?.reason;
    expect(said).toContain(expected);
  });
});
