/** Which node is the board with this MAC and serial? From the list of nodes alone. */
import type { Ipv4Address } from '../model/ipv4.ts';
import type { MacAddress } from '../model/mac.ts';
import type { NodeSpec } from '../model/node.ts';
import type { Serial } from '../model/serial.ts';
import { pi3Mac } from '../wire/pi-dhcp.ts';

export type Identity =
  /** `learnsMac`: found by its serial, the node's MAC was not known yet. */
  | { readonly kind: 'node'; readonly node: NodeSpec; readonly learnsMac: boolean }
  | { readonly kind: 'unknown' }
  | IdentityConflict;

export interface IdentityConflict {
  readonly kind: 'conflict';
  /** Of the nodes that it could be. */
  readonly nodes: readonly string[];
  /** One sentence that names the nodes and says what to do: cause and cure. */
  readonly reason: string;
  readonly cause: string;
  readonly cure: string;
}

export interface BoardIds {
  readonly mac: MacAddress;
  /** Only firmware says it. */
  readonly serial?: Serial | undefined;
}

/** By MAC, else by serial. Where the two do not name the same node, nobody is booted by guess. */
export function identify(board: BoardIds, nodes: readonly NodeSpec[]): Identity {
  const index = indexOf(nodes);
  const byMac = index.byMac.get(board.mac);
  // A Pi 3 boot ROM says no serial, but its MAC follows from it.
  const bySerial = board.serial === undefined ? index.byPi3Mac.get(board.mac) : index.bySerial.get(board.serial);
  if (byMac !== undefined && bySerial !== undefined && byMac !== bySerial) {
    return conflict(
      [byMac, bySerial],
      `the board with MAC ${board.mac} and serial ${board.serial} is ${byMac.name} by its MAC and ${bySerial.name} by its serial`,
      'correct one of the two in nodes.yaml',
    );
  }
  if (byMac !== undefined) return checkSerial(byMac, board);
  if (bySerial !== undefined) return checkMac(bySerial, board);
  return unknown;
}

const unknown: Identity = { kind: 'unknown' };

export function nodeAt(address: Ipv4Address, nodes: readonly NodeSpec[]): NodeSpec | undefined {
  return indexOf(nodes).byAddress.get(address);
}

interface NodeIndex {
  readonly byMac: ReadonlyMap<MacAddress, NodeSpec>;
  readonly bySerial: ReadonlyMap<Serial, NodeSpec>;
  /** Those whose MAC is not known yet and follows from the serial. */
  readonly byPi3Mac: ReadonlyMap<MacAddress, NodeSpec>;
  readonly byAddress: ReadonlyMap<Ipv4Address, NodeSpec>;
}

/** Asked for every datagram, and the list of nodes is the same object until it changes. */
const known = new WeakMap<readonly NodeSpec[], NodeIndex>();

function indexOf(nodes: readonly NodeSpec[]): NodeIndex {
  const found = known.get(nodes);
  if (found !== undefined) return found;
  const made: NodeIndex = {
    byMac: mapBy(nodes, ({ mac }) => mac),
    bySerial: mapBy(nodes, ({ serial }) => serial),
    byPi3Mac: mapBy(nodes, ({ board, mac, serial }) =>
      board === 'pi3' && mac === undefined && serial !== undefined ? pi3Mac(serial) : undefined,
    ),
    byAddress: mapBy(nodes, ({ address }) => address),
  };
  known.set(nodes, made);
  return made;
}

/** Of two nodes with one key the first counts. */
function mapBy<K extends string>(
  nodes: readonly NodeSpec[],
  keyOf: (node: NodeSpec) => K | undefined,
): ReadonlyMap<K, NodeSpec> {
  const map = new Map<K, NodeSpec>();
  for (const node of nodes) {
    const key = keyOf(node);
    if (key !== undefined && !map.has(key)) map.set(key, node);
  }
  return map;
}

function checkSerial(node: NodeSpec, { mac, serial }: BoardIds): Identity {
  if (node.serial !== undefined && serial !== undefined && node.serial !== serial) {
    return conflict(
      [node],
      `two boards have the MAC ${mac} of ${node.name}: one with serial ${serial}, while nodes.yaml gives ${node.name} the serial ${node.serial}`,
      'give one board another MAC, or correct the serial in nodes.yaml',
    );
  }
  return { kind: 'node', node, learnsMac: false };
}

function checkMac(node: NodeSpec, { mac, serial }: BoardIds): Identity {
  if (node.mac !== undefined) {
    return conflict(
      [node],
      `the board with serial ${serial} is ${node.name}, but its MAC is ${mac} and not ${node.mac}`,
      `if that is right, write "mac: ${mac}" for ${node.name} in nodes.yaml`,
    );
  }
  return { kind: 'node', node, learnsMac: true };
}

function conflict(nodes: readonly NodeSpec[], cause: string, cure: string): IdentityConflict {
  return { kind: 'conflict', nodes: nodes.map(({ name }) => name), reason: `${cause}; ${cure}`, cause, cure };
}
