/** Names for the option codes that pi-image speaks, and typed readers and writers over their raw bytes. */
import { ipv4FromBytes, ipv4ToBytes, type Ipv4Address } from '../model/ipv4.ts';
import type { DhcpOptions } from './dhcp.ts';

/** RFC 2132; 82 is RFC 3046, 97 is RFC 4578. */
export const option = {
  pad: 0,
  subnetMask: 1,
  router: 3,
  dnsServers: 6,
  hostName: 12,
  broadcastAddress: 28,
  ntpServers: 42,
  vendorOptions: 43,
  requestedAddress: 50,
  leaseSeconds: 51,
  overload: 52,
  messageType: 53,
  serverId: 54,
  parameterList: 55,
  message: 56,
  maxMessageBytes: 57,
  vendorClass: 60,
  clientId: 61,
  tftpServerName: 66,
  bootFile: 67,
  userClass: 77,
  relayInfo: 82,
  clientArchitecture: 93,
  machineId: 97,
  end: 255,
} as const;

const messageTypes = ['discover', 'offer', 'request', 'decline', 'ack', 'nak', 'release', 'inform'] as const;
export type MessageType = (typeof messageTypes)[number];

/** @returns undefined for plain BOOTP (no option 53) and for types that RFC 2131 does not know. */
export function readMessageType(options: DhcpOptions): MessageType | undefined {
  const code = options.get(option.messageType)?.[0];
  return code === undefined ? undefined : messageTypes[code - 1];
}

export function readAddress(options: DhcpOptions, code: number): Ipv4Address | undefined {
  const value = options.get(code);
  return value?.byteLength === 4 ? ipv4FromBytes(value) : undefined;
}

export function readUint16(options: DhcpOptions, code: number): number | undefined {
  const value = options.get(code);
  return value?.byteLength === 2 ? (value[0] ?? 0) * 256 + (value[1] ?? 0) : undefined;
}

export function readText(options: DhcpOptions, code: number): string | undefined {
  const value = options.get(code);
  return value === undefined ? undefined : latin1(value);
}

function latin1({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString('latin1');
}

/** What a relay adds (RFC 3046), as far as a server acts on it. */
export interface RelayInfo {
  /** The network of the client, where giaddr is in another: RFC 3527. */
  readonly link: Ipv4Address | undefined;
  /** What clients are to take for the server's address, so that their renewals come by the relay too: RFC 5107. */
  readonly server: Ipv4Address | undefined;
}

export function readRelayInfo(options: DhcpOptions): RelayInfo {
  const value = options.get(option.relayInfo);
  return { link: subOption(value, 5), server: subOption(value, 11) };
}

function subOption(value: Uint8Array | undefined, code: number): Ipv4Address | undefined {
  if (value === undefined) return undefined;
  for (let at = 0; at + 2 <= value.byteLength; at += 2 + (value[at + 1] ?? 0)) {
    const piece = value.subarray(at + 2, at + 2 + (value[at + 1] ?? 0));
    if (value[at] === code && piece.byteLength === 4) return ipv4FromBytes(piece);
  }
  return undefined;
}

const typeValues = new Map(messageTypes.map((type, index) => [type, Uint8Array.of(index + 1)]));

export function messageTypeValue(type: MessageType): Uint8Array {
  return typeValues.get(type) ?? Uint8Array.of(messageTypes.indexOf(type) + 1);
}

export function addressesValue(addresses: readonly Ipv4Address[]): Uint8Array {
  const bytes = new Uint8Array(4 * addresses.length);
  for (const [index, address] of addresses.entries()) bytes.set(ipv4ToBytes(address), 4 * index);
  return bytes;
}

export function textValue(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'latin1'));
}

export function uint32Value(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
}
