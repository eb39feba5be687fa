/** DHCP as a board's boot loader speaks it, without socket and clock: what it sends, and which OFFER it takes. */
import { isIPv4 } from 'node:net';

import { ipv4ToBytes, parseIpv4, type Ipv4Address } from '../model/ipv4.ts';
import { macToBytes } from '../model/mac.ts';
import { layout, magicCookie, noAddress, readMac, type DhcpPacket } from '../wire/dhcp.ts';
import { messageTypeValue, option, readAddress, readMessageType, readText } from '../wire/dhcp-options.ts';
import { eepromOf, identityOptions, type BoardIdentity } from './eeprom.ts';

/** What the loader takes from an OFFER. */
export interface Offer {
  readonly address: Ipv4Address;
  readonly serverId: Ipv4Address;
  readonly tftpServer: Ipv4Address;
  readonly prefixLength: number;
  readonly gateway: Ipv4Address | undefined;
}

export type OfferDecision =
  { readonly kind: 'take'; readonly offer: Offer } | { readonly kind: 'ignore'; readonly reason: string };

/** 320 or 322 bytes, never padded: the loaders' own packets are shorter than RFC 1542 §2.1 asks for. */
export function discoverPacket(who: BoardIdentity, xid: number, stage = 0): Uint8Array {
  const eeprom = eepromOf(who.board, who.eeprom, stage);
  const values = new Map(identityOptions(who, eeprom)).set(option.messageType, messageTypeValue('discover'));
  return packet(who, xid, eeprom.discoverOptions, values);
}

/** Repeats the OFFER's server also in siaddr. @returns undefined for a Pi 3, which sends none */
export function requestPacket(who: BoardIdentity, xid: number, offer: Offer): Uint8Array | undefined {
  const eeprom = eepromOf(who.board, who.eeprom);
  if (eeprom.requestOptions === undefined) return undefined;
  const server = ipv4ToBytes(offer.serverId);
  const values = new Map(identityOptions(who, eeprom))
    .set(option.messageType, messageTypeValue('request'))
    .set(option.requestedAddress, ipv4ToBytes(offer.address))
    .set(option.serverId, server);
  return packet(who, xid, eeprom.requestOptions, values, server);
}

/**
 *     op 1, htype 1, hlen 6, hops 0, xid, secs 0, flags 0, ciaddr, yiaddr, siaddr, giaddr, chaddr   (RFC 2131 §2)
 *
 * `flags` is 0 although the board has no address yet: it hears unicast and broadcast alike.
 */
function packet(
  who: BoardIdentity,
  xid: number,
  order: readonly number[],
  values: ReadonlyMap<number, Uint8Array>,
  siaddr?: Uint8Array,
): Uint8Array {
  const head = Buffer.alloc(layout.options);
  head.set([1, 1, 6, 0]);
  head.writeUInt32BE(xid, 4);
  if (siaddr !== undefined) head.set(siaddr, 20);
  head.set(macToBytes(who.mac), layout.chaddr.at);
  head.writeUInt32BE(magicCookie, layout.cookie.at);
  const options = order.map((tag) => {
    const value = values.get(tag) ?? new Uint8Array();
    return Buffer.concat([Uint8Array.of(tag, value.byteLength), value]);
  });
  return Buffer.concat([head, ...options, Uint8Array.of(option.end)]);
}

/**
 * Measured on a Pi 4: it takes an OFFER with PXE menu item "Raspberry Pi Boot" (option 43, sub-option 9) or with a
 * dotted quad in option 66. Plain text in option 43 is not enough, and nothing else is looked at.
 */
export function decideOffer(reply: DhcpPacket, who: BoardIdentity, xid: number): OfferDecision {
  if (!isForUs(reply, who, xid)) return ignore('not an answer to this board');
  if (readMessageType(reply.options) !== 'offer') return ignore('not an OFFER');
  const optionServer = dottedQuad(readText(reply.options, option.tftpServerName));
  if (optionServer === undefined && !hasPiMenu(reply.options.get(option.vendorOptions))) {
    return ignore('neither "Raspberry Pi Boot" in option 43 nor an address in option 66');
  }
  const serverId = readAddress(reply.options, option.serverId);
  const siaddr = reply.siaddr === noAddress ? undefined : reply.siaddr;
  const tftpServer = optionServer ?? siaddr ?? serverId;
  if (tftpServer === undefined || serverId === undefined) return ignore('no server is named');
  return { kind: 'take', offer: offerOf(reply, serverId, tftpServer) };
}

/** Beside a home router: its OFFER has the address, and another one says where to boot from. Measured on a Pi 4, in either order. */
export interface OfferHalves {
  readonly address?: Offer;
  readonly boot?: Offer;
}

export function addHalf(halves: OfferHalves, reply: DhcpPacket, who: BoardIdentity, xid: number): OfferHalves {
  const decision = decideOffer(reply, who, xid);
  if (decision.kind === 'take') return { ...halves, boot: decision.offer };
  const serverId = readAddress(reply.options, option.serverId);
  const isOffer = isForUs(reply, who, xid) && readMessageType(reply.options) === 'offer';
  if (!isOffer || reply.yiaddr === noAddress || serverId === undefined) return halves;
  return { ...halves, address: offerOf(reply, serverId, serverId) };
}

/** @returns undefined while one of the two is missing */
export function joinHalves({ address, boot }: OfferHalves): Offer | undefined {
  if (boot === undefined || boot.address !== noAddress) return boot;
  return address && { ...address, tftpServer: boot.tftpServer };
}

function offerOf(reply: DhcpPacket, serverId: Ipv4Address, tftpServer: Ipv4Address): Offer {
  const prefixLength = maskLength(reply.options.get(option.subnetMask));
  return {
    address: reply.yiaddr,
    serverId,
    tftpServer,
    prefixLength,
    gateway: readAddress(reply.options, option.router),
  };
}

function isForUs(reply: DhcpPacket, who: BoardIdentity, xid: number): boolean {
  return reply.op === 'reply' && reply.xid === xid && readMac(reply) === who.mac;
}

function ignore(reason: string): OfferDecision {
  return { kind: 'ignore', reason };
}

/** Option 66 with a host name is passed over: the loader has no resolver. */
function dottedQuad(value: string | undefined): Ipv4Address | undefined {
  const text = value?.replace(/\0+$/, '') ?? '';
  return isIPv4(text) ? parseIpv4(text) : undefined;
}

/** Sub-option 9 is a list of menu items: type (2 bytes), length, text. Trailing blanks do not matter. */
function hasPiMenu(vendorData: Uint8Array | undefined): boolean {
  if (vendorData === undefined) return false;
  for (let at = 0; at + 1 < vendorData.byteLength && vendorData[at] !== 255;) {
    const length = vendorData[at + 1] ?? 0;
    const value = Buffer.from(vendorData.subarray(at + 2, at + 2 + length));
    if (vendorData[at] === 9 && value.subarray(3).toString('latin1').startsWith('Raspberry Pi Boot')) return true;
    at += 2 + length;
  }
  return false;
}

/** Without option 1 the network is taken as a /24. */
function maskLength(mask: Uint8Array | undefined): number {
  if (mask?.byteLength !== 4) return 24;
  return [...mask].map((byte) => byte.toString(2).replaceAll('0', '').length).reduce((sum, bits) => sum + bits, 0);
}
