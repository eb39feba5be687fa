/** What is behind the ports of a switch? Reads its tables: MAC addresses it has learned, and neighbours that say who they are. */
import { macFromBytes, type MacAddress } from '../model/mac.ts';
import type { SnmpRow, SnmpValue } from '../model/snmp.ts';
import { tables, type TableName } from './switch-oids.ts';

export type SwitchWalks = Readonly<Record<TableName, readonly SnmpRow[]>>;

export interface LldpNeighbour {
  readonly name: string | undefined;
  /** Of its chassis or its port, where it names itself so. */
  readonly macs: readonly MacAddress[];
  /** It passes frames on: a bridge, a router, an access point. */
  readonly isBridge: boolean;
}

export interface SwitchPort {
  /** dot1dBasePort. */
  readonly bridgePort: number;
  readonly ifIndex: number | undefined;
  readonly name: string | undefined;
  readonly macs: readonly MacAddress[];
  readonly neighbours: readonly LldpNeighbour[];
}

/** @returns in the order of their numbers; empty when the switch tells nothing */
export function readSwitchPorts(walks: SwitchWalks): SwitchPort[] {
  const ifIndexes = numbers(walks, 'bridgePorts');
  const names = texts(walks, 'interfaceNames');
  const macs = forwarding(walks);
  const neighbours = lldpNeighbours(walks, ifIndexes, names);
  const all = new Set([...ifIndexes.keys(), ...macs.keys(), ...neighbours.keys()]);
  return [...all]
    .toSorted((one, other) => one - other)
    .map((bridgePort) => {
      const ifIndex = ifIndexes.get(bridgePort);
      return {
        bridgePort,
        ifIndex,
        name: ifIndex === undefined ? undefined : names.get(ifIndex),
        macs: [...(macs.get(bridgePort) ?? [])].toSorted(),
        neighbours: neighbours.get(bridgePort) ?? [],
      };
    });
}

/** One number behind the column. */
function numbers(walks: SwitchWalks, table: TableName): Map<number, number> {
  return new Map(
    cells(walks, table).flatMap(({ index: [key], value }) =>
      key === undefined || typeof value !== 'number' ? [] : [[key, value] as const],
    ),
  );
}

function texts(walks: SwitchWalks, table: TableName): Map<number, string> {
  return new Map(
    cells(walks, table).flatMap(({ index: [key], value }) => {
      const text = textOf(value);
      return key === undefined || text === undefined ? [] : [[key, text] as const];
    }),
  );
}

interface Cell {
  /** What follows the column. */
  readonly index: readonly number[];
  readonly value: SnmpValue;
}

function cells(walks: SwitchWalks, table: TableName): Cell[] {
  const start = `${tables[table]}.`;
  return walks[table].flatMap(({ oid, value }) =>
    oid.startsWith(start) ? [{ index: oid.slice(start.length).split('.').map(Number), value }] : [],
  );
}

/** RFC 4188: others are invalid, or addresses of the switch itself. */
const learned = 3;

function forwarding(walks: SwitchWalks): Map<number, Set<MacAddress>> {
  const ports = new Map<number, Set<MacAddress>>();
  for (const [table, statuses] of [
    ['forwarding', 'forwardingStatus'],
    ['vlanForwarding', 'vlanForwardingStatus'],
  ] as const) {
    const status = new Map(cells(walks, statuses).map(({ index, value }) => [index.join('.'), value]));
    for (const { index, value: port } of cells(walks, table)) {
      const mac = macOf(index.slice(-6));
      // Port 0: the address is known, and where it is is not.
      if (mac === undefined || typeof port !== 'number' || port === 0) continue;
      if ((status.get(index.join('.')) ?? learned) !== learned) continue;
      ports.set(port, (ports.get(port) ?? new Set()).add(mac));
    }
  }
  return ports;
}

function macOf(bytes: readonly number[]): MacAddress | undefined {
  const isMac = bytes.length === 6 && bytes.every((byte) => Number.isInteger(byte) && byte >= 0 && byte <= 255);
  return isMac ? macFromBytes(Uint8Array.from(bytes)) : undefined;
}

/** IEEE 802.1AB-2005 §9.5.2 and §9.5.3: what an id is. */
const chassisMac = 4;
const portMac = 3;
const portInterfaceName = 5;

function lldpNeighbours(
  walks: SwitchWalks,
  ifIndexes: ReadonlyMap<number, number>,
  names: ReadonlyMap<number, string>,
): Map<number, LldpNeighbour[]> {
  const columns = {
    chassisKind: remote(walks, 'lldpChassisKinds'),
    chassis: remote(walks, 'lldpChassis'),
    portKind: remote(walks, 'lldpPortKinds'),
    port: remote(walks, 'lldpPorts'),
    name: remote(walks, 'lldpNames'),
    capabilities: remote(walks, 'lldpCapabilities'),
  };
  const found = new Map<number, LldpNeighbour[]>();
  const rows = new Set(Object.values(columns).flatMap((column) => Array.from(column.keys())));
  for (const key of rows) {
    const port = bridgePortOf(Number(key.split('.')[1]), { walks, ifIndexes, names });
    if (port === undefined) continue;
    const macs = [
      columns.chassisKind.get(key) === chassisMac ? macIn(columns.chassis.get(key)) : undefined,
      columns.portKind.get(key) === portMac ? macIn(columns.port.get(key)) : undefined,
    ];
    const neighbour: LldpNeighbour = {
      name: textOf(columns.name.get(key)),
      macs: [...new Set(macs.filter((mac) => mac !== undefined))],
      isBridge: passesOn(columns.capabilities.get(key)),
    };
    const others = found.get(port);
    if (others === undefined) found.set(port, [neighbour]);
    else others.push(neighbour);
  }
  return found;
}

/** By `time.port.index`. */
function remote(walks: SwitchWalks, table: TableName): Map<string, SnmpValue> {
  return new Map(
    cells(walks, table).flatMap(({ index, value }) => (index.length === 3 ? [[index.join('.'), value] as const] : [])),
  );
}

/** IEEE 802.1AB lldpLocPortNum: its own numbers, which need not be those of the bridge; the name of the interface tells. */
function bridgePortOf(
  lldpPort: number,
  {
    walks,
    ifIndexes,
    names,
  }: { walks: SwitchWalks; ifIndexes: ReadonlyMap<number, number>; names: ReadonlyMap<number, string> },
): number | undefined {
  const isNamed = numbers(walks, 'lldpLocalPortKinds').get(lldpPort) === portInterfaceName;
  const name = isNamed ? texts(walks, 'lldpLocalPorts').get(lldpPort) : undefined;
  const byName = [...ifIndexes].find(([, ifIndex]) => name !== undefined && names.get(ifIndex) === name);
  if (byName !== undefined) return byName[0];
  if (ifIndexes.size === 0 || ifIndexes.has(lldpPort)) return Number.isInteger(lldpPort) ? lldpPort : undefined;
  return [...ifIndexes].find(([, ifIndex]) => ifIndex === lldpPort)?.[0];
}

/** LldpSystemCapabilitiesMap, the first byte: repeater(1), bridge(2), wlanAccessPoint(3), router(4) count from the left. */
const passingOn = 0b0111_1000;

function passesOn(value: SnmpValue | undefined): boolean {
  return value instanceof Uint8Array && ((value[0] ?? 0) & passingOn) !== 0;
}

function macIn(value: SnmpValue | undefined): MacAddress | undefined {
  return value instanceof Uint8Array ? macOf([...value]) : undefined;
}

/** What a switch calls things is shown to people: one line of it, and not all of a long one. */
function textOf(value: SnmpValue | undefined): string | undefined {
  if (!(value instanceof Uint8Array)) return undefined;
  const text = Buffer.from(value)
    .toString('utf8')
    .replaceAll(/\p{Cc}/gu, '')
    .trim()
    .slice(0, 100);
  return text === '' ? undefined : text;
}
