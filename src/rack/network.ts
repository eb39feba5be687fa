/** The rack's cabling: one switch, the storage node's port, and two plugs per board, one for firmware and one for QEMU. */
import { run, type Argv } from '../host/process.ts';
import type { Ipv4Interface } from '../model/ipv4.ts';
import type { MacAddress } from '../model/mac.ts';

/** A bridge in the rack's own network namespace. */
const bridge = 'switch';

/** Namespace of the storage node; its only interface beside loopback is `eth0`. */
export const storageNamespace = 'storage';
export const boardInterface = 'eth0';

/** Namespace of all boards of a storm: they have a network stack of their own, and the kernel's keeps out of the way. */
export const boardsNamespace = 'boards';

export interface BoardPlug {
  /** Namespace in which the board's firmware runs. */
  readonly namespace: string;
  /** TAP device on the switch, for QEMU. */
  readonly tap: string;
  /** The switch's end of the firmware's cable. */
  readonly firmwarePort: string;
}

/** Interface names have 15 characters at most, so boards are counted. */
export function plugOf(index: number): BoardPlug {
  return { namespace: `board${index}`, tap: `tap${index}`, firmwarePort: `fw${index}` };
}

/** Must run inside the rack's own network and mount namespaces, with a /run of their own. */
export async function cableStorage(address: Ipv4Interface, signal: AbortSignal): Promise<void> {
  await ip(['link', 'set', 'lo', 'up'], signal);
  // Without spanning tree and its delay a port forwards at once.
  await ip(['link', 'add', bridge, 'type', 'bridge', 'stp_state', '0', 'forward_delay', '0'], signal);
  await ip(['link', 'set', bridge, 'up'], signal);
  await ip(['netns', 'add', storageNamespace], signal);
  await plugIn('storage0', storageNamespace, undefined, signal);
  const inside = ['-n', storageNamespace];
  await ip([...inside, 'address', 'add', `${address.address}/${address.prefixLength}`, 'dev', boardInterface], signal);
  await ip([...inside, 'link', 'set', boardInterface, 'up'], signal);
}

export async function cableBoard(index: number, mac: MacAddress, signal: AbortSignal): Promise<void> {
  const plug = plugOf(index);
  await ip(['netns', 'add', plug.namespace], signal);
  await plugIn(plug.firmwarePort, plug.namespace, mac, signal);
  await ip(['tuntap', 'add', plug.tap, 'mode', 'tap'], signal);
  await ip(['link', 'set', plug.tap, 'master', bridge, 'up'], signal);
}

/** One cable for many boards, without an address for the kernel: what comes in goes to a packet socket. */
export async function cableBoards(signal: AbortSignal): Promise<void> {
  await ip(['netns', 'add', boardsNamespace], signal);
  await plugIn('boards0', boardsNamespace, undefined, signal);
  await ip(['-n', boardsNamespace, 'link', 'set', boardInterface, 'addrgenmode', 'none', 'arp', 'off'], signal);
  await ip(['-n', boardsNamespace, 'link', 'set', boardInterface, 'up'], signal);
}

/** One MAC must never be on two ports: the firmware's cable is out while the kernel runs. */
export async function connectFirmware(index: number, isConnected: boolean, signal: AbortSignal): Promise<void> {
  const { namespace } = plugOf(index);
  await ip(['-n', namespace, 'link', 'set', boardInterface, isConnected ? 'up' : 'down'], signal);
}

/** A cable from the switch (`port`) to eth0 of a namespace. */
async function plugIn(port: string, namespace: string, mac: MacAddress | undefined, signal: AbortSignal) {
  const peer = ['peer', 'name', boardInterface, ...(mac === undefined ? [] : ['address', mac]), 'netns', namespace];
  await ip(['link', 'add', port, 'type', 'veth', ...peer], signal);
  await ip(['link', 'set', port, 'master', bridge, 'up'], signal);
  await ip(['-n', namespace, 'link', 'set', 'lo', 'up'], signal);
}

async function ip(args: readonly string[], signal: AbortSignal): Promise<void> {
  await run(['ip', ...args], { signal });
}

/** The same command inside one of the rack's namespaces. */
export function inNamespace(namespace: string, argv: Argv): Argv {
  return ['ip', 'netns', 'exec', namespace, ...argv];
}
