/** DHCP messages as a client writes them, and answers as words. */
import { parseIpv4 } from '../../src/model/ipv4.ts';
import { macToBytes, parseMac } from '../../src/model/mac.ts';
import { noAddress, type DhcpPacket } from '../../src/wire/dhcp.ts';
import { addressesValue, messageTypeValue, option, type MessageType } from '../../src/wire/dhcp-options.ts';

export interface Ask {
  readonly mac?: string;
  readonly ciaddr?: string;
  readonly giaddr?: string;
  /** Option 50. */
  readonly requested?: string;
  /** Option 54. */
  readonly server?: string;
  /** Option 60. */
  readonly vendorClass?: string;
  /** Further options. */
  readonly options?: readonly (readonly [number, Uint8Array])[];
}

export const firmwareClass = 'PXEClient:Arch:00000:UNDI:002001';

/** A message of the type; undefined makes plain BOOTP. */
export function ask(type: MessageType | undefined, of: Ask = {}): DhcpPacket {
  return {
    op: 'request',
    htype: 1,
    hops: 0,
    xid: 0x26f30339,
    secs: 7,
    flags: 0,
    ciaddr: of.ciaddr === undefined ? noAddress : parseIpv4(of.ciaddr),
    yiaddr: noAddress,
    siaddr: noAddress,
    giaddr: of.giaddr === undefined ? noAddress : parseIpv4(of.giaddr),
    chaddr: macToBytes(parseMac(of.mac ?? 'dc:a6:32:00:00:01')),
    sname: '',
    file: '',
    options: new Map([
      ...(type === undefined ? [] : [[option.messageType, messageTypeValue(type)] as const]),
      ...(of.requested === undefined ? [] : [addressOption(option.requestedAddress, of.requested)]),
      ...(of.server === undefined ? [] : [addressOption(option.serverId, of.server)]),
      ...(of.vendorClass === undefined ? [] : [[option.vendorClass, Buffer.from(of.vendorClass)] as const]),
      ...(of.options ?? []),
    ]),
  };
}

function addressOption(code: number, address: string) {
  return [code, addressesValue([parseIpv4(address)])] as const;
}

/** Option 97: serial four times, little endian. */
export function serialOption(serial: string): readonly [number, Uint8Array] {
  const word = [...Buffer.from(serial, 'hex')].toReversed();
  return [option.machineId, Uint8Array.of(0, ...word, ...word, ...word, ...word)];
}
