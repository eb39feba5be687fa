/** IPv4 addresses, subnets and ranges. */
import { isIPv4 } from 'node:net';

import type { Branded } from './brand.ts';
import { ConfigError } from './errors.ts';
import { parsedText } from './parsed-text.ts';

/** A dotted quad without leading zeros: `10.42.0.11`. */
export type Ipv4Address = Branded<'Ipv4Address'>;

/** One address on a network: `10.42.0.1/24`. */
export interface Ipv4Interface {
  readonly address: Ipv4Address;
  readonly prefixLength: number;
}

/** First and last address, both included. */
export interface Ipv4Range {
  readonly first: Ipv4Address;
  readonly last: Ipv4Address;
}

export function parseIpv4(text: string): Ipv4Address {
  if (!isIPv4(text)) {
    throw new ConfigError(`"${text}" is not an IPv4 address`, { hint: 'Write four numbers, for example 10.42.0.11.' });
  }
  return text as Ipv4Address;
}

export function parseIpv4Interface(text: string): Ipv4Interface {
  const [address = '', length = '', ...rest] = text.split('/');
  const prefixLength = Number(length);
  if (rest.length > 0 || !isIPv4(address) || !/^\d{1,2}$/.test(length) || prefixLength < 8 || prefixLength > 30) {
    throw new ConfigError(`"${text}" is not an address with its prefix length (8 to 30)`, {
      hint: 'Write the address of this machine and its network, for example 10.42.0.1/24.',
    });
  }
  return { address: parseIpv4(address), prefixLength };
}

/** A whole network, by its first address: `10.43.0.0/24`. */
function parseIpv4Subnet(text: string): Ipv4Interface {
  const subnet = parseIpv4Interface(text);
  const first = networkAddress(subnet);
  if (subnet.address === first) return subnet;
  throw new ConfigError(`"${text}" is an address of a network and not a network`, {
    hint: `Write its first address: ${first}/${subnet.prefixLength}.`,
  });
}

export function parseIpv4Range(text: string): Ipv4Range {
  const [first = '', last = '', ...rest] = text.split('-').map((part) => part.trim());
  if (
    rest.length > 0 ||
    !isIPv4(first) ||
    !isIPv4(last) ||
    ipv4ToNumber(parseIpv4(first)) > ipv4ToNumber(parseIpv4(last))
  ) {
    throw new ConfigError(`"${text}" is not a range of addresses`, {
      hint: 'Write first and last address, for example 10.42.0.200-10.42.0.239.',
    });
  }
  return { first: parseIpv4(first), last: parseIpv4(last) };
}

/** As it is read: `10.42.0.1/24`. */
export function renderInterface({ address, prefixLength }: Ipv4Interface): string {
  return `${address}/${prefixLength}`;
}

/** As it is read: `10.42.0.200-10.42.0.239`. */
export function renderRange({ first, last }: Ipv4Range): string {
  return `${first}-${last}`;
}

/** 32-bit unsigned number in host order, for arithmetic only. */
export function ipv4ToNumber(address: Ipv4Address): number {
  let value = 0;
  let part = 0;
  // Without split(): this runs several times for each datagram.
  for (let at = 0; at < address.length; at++) {
    const code = address.charCodeAt(at);
    if (code === dot) {
      value = value * 256 + part;
      part = 0;
    } else {
      part = part * 10 + code - zero;
    }
  }
  return value * 256 + part;
}

const dot = '.'.charCodeAt(0);
const zero = '0'.charCodeAt(0);

export function ipv4FromNumber(value: number): Ipv4Address {
  return `${(value >>> 24) & 255}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}` as Ipv4Address;
}

export function ipv4ToBytes(address: Ipv4Address): Uint8Array {
  const value = ipv4ToNumber(address);
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
}

/** @param bytes four bytes in wire order */
export function ipv4FromBytes(bytes: Uint8Array): Ipv4Address {
  const [first = 0, second = 0, third = 0, fourth = 0] = bytes;
  return `${first}.${second}.${third}.${fourth}` as Ipv4Address;
}

export function netmask(prefixLength: number): Ipv4Address {
  return ipv4FromNumber(2 ** 32 - 2 ** (32 - prefixLength));
}

export function networkAddress(of: Ipv4Interface): Ipv4Address {
  const size = 2 ** (32 - of.prefixLength);
  return ipv4FromNumber(Math.floor(ipv4ToNumber(of.address) / size) * size);
}

export function broadcastAddress(of: Ipv4Interface): Ipv4Address {
  return ipv4FromNumber(ipv4ToNumber(networkAddress(of)) + 2 ** (32 - of.prefixLength) - 1);
}

/** True for a host address of the subnet: its network and broadcast addresses are none. */
export function isHostInSubnet(address: Ipv4Address, subnet: Ipv4Interface): boolean {
  const value = ipv4ToNumber(address);
  return value > ipv4ToNumber(networkAddress(subnet)) && value < ipv4ToNumber(broadcastAddress(subnet));
}

/** @returns how many addresses it holds */
export function rangeSize({ first, last }: Ipv4Range): number {
  return ipv4ToNumber(last) - ipv4ToNumber(first) + 1;
}

export function isInRange(address: Ipv4Address, range: Ipv4Range): boolean {
  const value = ipv4ToNumber(address);
  return value >= ipv4ToNumber(range.first) && value <= ipv4ToNumber(range.last);
}

export const Ipv4 = parsedText(parseIpv4);
export const Ipv4InterfaceText = parsedText(parseIpv4Interface);
export const Ipv4SubnetText = parsedText(parseIpv4Subnet);
export const Ipv4RangeText = parsedText(parseIpv4Range);
