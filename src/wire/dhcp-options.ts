/** Names for the option codes that pi-image speaks, and typed readers and writers over their raw bytes. */
import { ipv4FromBytes, ipv4ToBytes, type Ipv4Address } from '../model/ipv4.ts';
import type { DhcpOptions } from './dhcp.ts';

/** RFC 2132; 97 is RFC 4578. */
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
  vendorClass: 60,
  clientId: 61,
  tftpServerName: 66,
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

export function readText(options: DhcpOptions, code: number): string | undefined {
  const value = options.get(code);
  return value === undefined ? undefined : Buffer.from(value).toString('latin1');
}

export function messageTypeValue(type: MessageType): Uint8Array {
  return Uint8Array.of(messageTypes.indexOf(type) + 1);
}

export function addressesValue(addresses: readonly Ipv4Address[]): Uint8Array {
  return Uint8Array.from(addresses.flatMap((address) => [...ipv4ToBytes(address)]));
}

export function textValue(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'latin1'));
}

export function uint32Value(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}
