/** Power as a switch tells it: port by port, in all, and which of its power ports is which port of its bridge. */
import { detections, type PortNumbers, type PortPower, type PowerBudget } from '../model/power.ts';
import type { SnmpRow } from '../model/snmp.ts';
import { power } from './switch-oids.ts';
import type { SwitchPort } from './switch-tables.ts';

export interface PowerRows {
  readonly adminEnable: readonly SnmpRow[];
  readonly detectionStatus: readonly SnmpRow[];
  readonly mainPower: readonly SnmpRow[];
  readonly mainConsumption: readonly SnmpRow[];
}

/** SNMPv2-TC TruthValue. */
const truth = { yes: 1, no: 2 } as const;

/** @returns by pethPsePortIndex, of one box of a stack */
export function readPowerPorts(rows: Pick<PowerRows, 'adminEnable' | 'detectionStatus'>, group: number) {
  const detected = columnOf(rows.detectionStatus, power.detectionStatus, group);
  const enabled = columnOf(rows.adminEnable, power.adminEnable, group);
  return new Map([...enabled].map(([port, value]) => [port, portPower(value, detected.get(port))] as const));
}

export function portPower(adminEnable: number, detectionStatus: number | undefined): PortPower {
  const detection = detectionStatus === undefined ? undefined : detections[detectionStatus - 1];
  return { power: adminEnable === truth.yes ? 'on' : 'off', ...(detection !== undefined && { detection }) };
}

export const adminEnableOf = (wanted: 'on' | 'off') => (wanted === 'on' ? truth.yes : truth.no);

export const portOid = (name: 'adminEnable' | 'detectionStatus', group: number, port: number) =>
  `${power[name]}.${group}.${port}`;

/** @param own watts of cluster.yaml, which are smaller where a switch is not to give all it has */
export function readBudget(
  rows: Pick<PowerRows, 'mainPower' | 'mainConsumption'>,
  group: number,
  own?: number,
): PowerBudget | undefined {
  const watts = numberAt(rows.mainPower, `${power.mainPower}.${group}`);
  const usedWatts = numberAt(rows.mainConsumption, `${power.mainConsumption}.${group}`);
  const all = own ?? (watts === 0 ? undefined : watts);
  return all === undefined || usedWatts === undefined ? undefined : { watts: all, usedWatts };
}

function numberAt(rows: readonly SnmpRow[], wanted: string): number | undefined {
  const found = rows.find(({ oid }) => oid === wanted)?.value;
  return typeof found === 'number' ? found : undefined;
}

function columnOf(rows: readonly SnmpRow[], oid: string, group: number): Map<number, number> {
  const start = `${oid}.${group}.`;
  return new Map(
    rows.flatMap((row) =>
      row.oid.startsWith(start) && typeof row.value === 'number'
        ? [[Number(row.oid.slice(start.length)), row.value] as const]
        : [],
    ),
  );
}

export interface MatchedPorts {
  /** Power port -> what is behind it; one that fits nowhere is missing. */
  readonly behind: ReadonlyMap<number, SwitchPort>;
  /** Power port -> what may be behind it: its number fits in more than one way, with others there in each. */
  readonly disputed: ReadonlyMap<number, readonly SwitchPort[]>;
}

const keys: Readonly<Record<PortNumbers, (port: SwitchPort) => number | undefined>> = {
  ifIndex: ({ ifIndex }) => ifIndex,
  bridgePort: ({ bridgePort }) => bridgePort,
  name: ({ name }) => lastNumber(name),
};

/**
 * RFC 3621 leaves the numbers of power ports to the maker of the switch. They are its interface indexes, or the ports of
 * its bridge, or the last number of the interface's name: what fits most of them is taken.
 * @param numbers which of them they are, where the owner of the switch says it
 */
export function matchPorts(
  powerPorts: readonly number[],
  ports: readonly SwitchPort[],
  numbers?: PortNumbers,
): MatchedPorts {
  const ways = (numbers === undefined ? Object.values(keys) : [keys[numbers]])
    .map((keyOf) => byKey(ports, keyOf))
    .map((way) => ({ way, fits: powerPorts.filter((port) => way.has(port)).length }));
  const most = Math.max(...ways.map(({ fits }) => fits));
  const best = ways.filter(({ fits }) => fits === most).map(({ way }) => way);
  const behind = new Map<number, SwitchPort>();
  const disputed = new Map<number, readonly SwitchPort[]>();
  for (const number of powerPorts) {
    const found = new Set(best.flatMap((way) => way.get(number) ?? []));
    const [first] = found;
    if (first === undefined) continue;
    if (new Set([...found].map(whoIsThere)).size === 1) behind.set(number, first);
    else disputed.set(number, [...found]);
  }
  return { behind, disputed };
}

/** What the guard looks at. */
const whoIsThere = ({ macs, neighbours }: SwitchPort): string => JSON.stringify([macs, neighbours]);

/** A number that two ports have says nothing. */
function byKey(ports: readonly SwitchPort[], keyOf: (port: SwitchPort) => number | undefined): Map<number, SwitchPort> {
  const found = new Map<number, SwitchPort>();
  const twice = new Set<number>();
  for (const port of ports) {
    const key = keyOf(port);
    if (key === undefined) continue;
    if (found.has(key)) twice.add(key);
    found.set(key, port);
  }
  for (const key of twice) found.delete(key);
  return found;
}

/** `GigabitEthernet1/0/7` -> 7. */
function lastNumber(name: string | undefined): number | undefined {
  const [, digits] = /(\d{1,5})\D*$/.exec(name ?? '') ?? [];
  return digits === undefined ? undefined : Number(digits);
}
