/** Network interfaces as `ip` shows them: is ours there with its address, and is it the only one that a broadcast can come in by? */
import { readFile } from 'node:fs/promises';

import { HostError } from '../model/errors.ts';
import type { Ipv4Address } from '../model/ipv4.ts';
import { parseMac, type MacAddress } from '../model/mac.ts';
import { run } from './process.ts';

export interface NetworkInterface {
  readonly name: string;
  /** `ether`, `loopback`, `sit`… */
  readonly kind: string;
  readonly isUp: boolean;
  /** The bridge or bond that it is a port of: such a port has no traffic of its own. */
  readonly master: string | undefined;
  /** IPv4 only. */
  readonly addresses: readonly string[];
}

/** What we read of `ip -json address show`; everything may be missing. */
interface IpAddressEntry {
  readonly ifname?: string;
  readonly link_type?: string;
  readonly flags?: readonly string[];
  readonly master?: string;
  readonly addr_info?: readonly { readonly family?: string; readonly local?: string }[];
}

export async function readInterfaces(signal: AbortSignal): Promise<readonly NetworkInterface[]> {
  const text = await run(['ip', '-json', 'address', 'show'], { signal });
  const entries = JSON.parse(text) as readonly IpAddressEntry[];
  return entries.map(({ ifname = '', link_type: kind = '', flags = [], master, addr_info: addresses = [] }) => ({
    name: ifname,
    kind,
    isUp: flags.includes('UP'),
    master,
    addresses: addresses.flatMap(({ family, local }) => (family === 'inet' && local !== undefined ? [local] : [])),
  }));
}

/** @throws HostError that says which interfaces or addresses there are. */
export function requireAddress(interfaces: readonly NetworkInterface[], name: string, address: Ipv4Address): void {
  const found = interfaces.find((candidate) => candidate.name === name);
  if (found === undefined) {
    throw new HostError(`this machine has no interface ${name}`, {
      hint: `Correct network.interface in cluster.yaml; there are: ${names(interfaces.filter(({ kind }) => kind !== 'loopback'))}.`,
    });
  }
  if (found.addresses.includes(address)) return;
  throw new HostError(`${name} does not have the address ${address}`, {
    hint: `Run "ip address add ${address}/PREFIX dev ${name}", or correct network.address in cluster.yaml; ${name} has: ${found.addresses.join(', ') || 'none'}.`,
  });
}

/** Those by which a client's broadcast could reach a socket for all addresses, beside `name`. */
export function otherInterfaces(interfaces: readonly NetworkInterface[], name: string): readonly NetworkInterface[] {
  return interfaces.filter(
    (other) =>
      other.name !== name &&
      other.master !== name &&
      other.kind !== 'loopback' &&
      // A tunnel device that every namespace has (sit0, tunl0) and nobody uses is down; a network card may come up later.
      (other.kind === 'ether' || other.isUp),
  );
}

export function names(interfaces: readonly NetworkInterface[]): string {
  return interfaces.map(({ name }) => name).join(', ');
}

/** @returns undefined for a device that is no Ethernet station, or not there */
export async function readHardwareAddress(device: string): Promise<MacAddress | undefined> {
  try {
    return parseMac(await readFile(`/sys/class/net/${device}/address`, 'utf8'));
  } catch {
    return undefined;
  }
}
