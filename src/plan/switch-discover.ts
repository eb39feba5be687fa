/** Which port feeds which node? Proposed from what switches have learned; a port that is not clearly one board's is none. */
import type { MacAddress } from '../model/mac.ts';
import type { NodeSpec } from '../model/node.ts';
import type { PowerPort } from '../model/power.ts';
import type { SwitchPort } from './switch-tables.ts';

export interface SeenSwitch {
  readonly name: string;
  readonly uplinks: readonly number[];
  /** Power port -> what is behind it. */
  readonly behind: ReadonlyMap<number, SwitchPort>;
  /** Power ports that may be either of these. */
  readonly disputed: ReadonlyMap<number, readonly SwitchPort[]>;
  readonly learned: readonly SwitchPort[];
}

export type Proposal =
  | {
      readonly kind: 'found';
      readonly node: string;
      readonly power: PowerPort;
      /** What stands in its description now. */
      readonly before: PowerPort | undefined;
      /** By what its board was recognised there. */
      readonly by: 'mac' | 'lldp';
    }
  | { readonly kind: 'open'; readonly node: string; readonly before: PowerPort | undefined; readonly reason: string };

export function proposePorts(
  nodes: readonly NodeSpec[],
  switches: readonly SeenSwitch[],
  ownMacs: readonly MacAddress[],
): Proposal[] {
  return nodes.map((node) => {
    const before = node.power;
    const place = placeOf(node, switches, ownMacs);
    return place.kind === 'open'
      ? { kind: 'open', node: node.name, before, reason: place.reason }
      : { kind: 'found', node: node.name, before, power: place.power, by: place.by };
  });
}

type Place =
  | { readonly kind: 'found'; readonly power: PowerPort; readonly by: 'mac' | 'lldp' }
  | { readonly kind: 'open'; readonly reason: string };

interface Sighting {
  readonly seen: SeenSwitch;
  readonly at: SwitchPort;
  /** undefined: that port gives no power. */
  readonly port: number | undefined;
  readonly by: 'mac' | 'lldp';
  readonly isAlone: boolean;
}

function placeOf({ mac }: NodeSpec, switches: readonly SeenSwitch[], ownMacs: readonly MacAddress[]): Place {
  if (mac === undefined) return unplaced('its MAC address is not known: it is learned when it boots');
  const sightings = switches.flatMap((seen) => sightingsOn(seen, mac, ownMacs));
  const alone = sightings.filter(({ isAlone }) => isAlone);
  const [first, second] = alone;
  if (first === undefined) return unplaced(whyNowhere(mac, sightings));
  if (second !== undefined) return unplaced(`it is seen alone at ${alone.map(nameOf).join(' and ')}`);
  if (first.port === undefined) return unplaced(whyNoPort(first));
  return { kind: 'found', power: { switch: first.seen.name, port: first.port }, by: first.by };
}

const unplaced = (reason: string): Place => ({ kind: 'open', reason });

function sightingsOn(seen: SeenSwitch, mac: MacAddress, ownMacs: readonly MacAddress[]): Sighting[] {
  return seen.learned.flatMap((at): Sighting[] => {
    const { macs, neighbours } = at;
    const isNeighbour = neighbours.some((each) => each.macs.includes(mac));
    if (!isNeighbour && !macs.includes(mac)) return [];
    const port = [...seen.behind].find(([, { bridgePort }]) => bridgePort === at.bridgePort)?.[0];
    const isUplink = (port !== undefined && seen.uplinks.includes(port)) || macs.some((each) => ownMacs.includes(each));
    const hasBridge = neighbours.some((each) => each.isBridge && !each.macs.includes(mac));
    // A board with containers has many addresses, and says itself by LLDP that all of them are behind it.
    const isOnly = isNeighbour ? neighbours.length === 1 : macs.length === 1;
    return [{ seen, at, port, by: isNeighbour ? 'lldp' : 'mac', isAlone: !isUplink && !hasBridge && isOnly }];
  });
}

function whyNoPort(sighting: Sighting): string {
  const { seen, at } = sighting;
  const isDisputed = [...seen.disputed.values()].flat().some(({ bridgePort }) => bridgePort === at.bridgePort);
  if (!isDisputed) return `it is behind ${nameOf(sighting)}, which gives no power`;
  return `it is behind ${nameOf(sighting)}, and more than one power port may be that: write "portNumbers" for ${seen.name}`;
}

function nameOf({ seen, at, port }: Sighting): string {
  return `${seen.name} ${port === undefined ? (at.name ?? `bridge port ${at.bridgePort}`) : `port ${port}`}`;
}

function whyNowhere(mac: MacAddress, sightings: readonly Sighting[]): string {
  const [first] = sightings;
  if (first === undefined) return `no switch has seen ${mac} lately: does its board have power?`;
  const others = first.at.macs.length - 1;
  const crowd = others > 0 ? `${others} other addresses` : 'a bridge';
  return `it is behind ${nameOf(first)} together with ${crowd}: another switch is in between`;
}
