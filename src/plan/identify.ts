/** Which node is the board with this MAC and serial? From the list of nodes alone. */
import type { MacAddress } from '../model/mac.ts';
import type { NodeSpec } from '../model/node.ts';
import type { Serial } from '../model/serial.ts';
import { pi3Mac } from '../wire/pi-dhcp.ts';

export type Identity =
  /** `learnsMac`: found by its serial, the node's MAC was not known yet. */
  | { readonly kind: 'node'; readonly node: NodeSpec; readonly learnsMac: boolean }
  | { readonly kind: 'unknown' }
  /** One sentence that names the nodes and says what to do. */
  | { readonly kind: 'conflict'; readonly reason: string };

export interface BoardIds {
  readonly mac: MacAddress;
  /** Only firmware says it. */
  readonly serial?: Serial | undefined;
}

/** By MAC, else by serial. Where the two do not name the same node, nobody is booted by guess. */
export function identify(board: BoardIds, nodes: readonly NodeSpec[]): Identity {
  const byMac = nodes.find((node) => node.mac === board.mac);
  const bySerial = nodes.find((node) => isSerialOf(node, board));
  if (byMac !== undefined && bySerial !== undefined && byMac !== bySerial) {
    return conflict(
      `the board with MAC ${board.mac} and serial ${board.serial} is ${byMac.name} by its MAC and ${bySerial.name} by its serial; correct one of the two in nodes.yaml`,
    );
  }
  if (byMac !== undefined) return checkSerial(byMac, board);
  if (bySerial !== undefined) return checkMac(bySerial, board);
  return { kind: 'unknown' };
}

/** A Pi 3 boot ROM says no serial, but its MAC follows from it. */
function isSerialOf(node: NodeSpec, board: BoardIds): boolean {
  if (node.serial === undefined) return false;
  if (board.serial !== undefined) return node.serial === board.serial;
  return node.board === 'pi3' && node.mac === undefined && pi3Mac(node.serial) === board.mac;
}

function checkSerial(node: NodeSpec, { mac, serial }: BoardIds): Identity {
  if (node.serial !== undefined && serial !== undefined && node.serial !== serial) {
    return conflict(
      `two boards have the MAC ${mac} of ${node.name}: one with serial ${serial}, while nodes.yaml gives ${node.name} the serial ${node.serial}; give one board another MAC, or correct the serial in nodes.yaml`,
    );
  }
  return { kind: 'node', node, learnsMac: false };
}

function checkMac(node: NodeSpec, { mac, serial }: BoardIds): Identity {
  if (node.mac !== undefined) {
    return conflict(
      `the board with serial ${serial} is ${node.name}, but its MAC is ${mac} and not ${node.mac}; if that is right, write "mac: ${mac}" for ${node.name} in nodes.yaml`,
    );
  }
  return { kind: 'node', node, learnsMac: true };
}

function conflict(reason: string): Identity {
  return { kind: 'conflict', reason };
}
