/** Ethernet addresses. */
import type { Branded } from './brand.ts';
import { ConfigError } from './errors.ts';
import { parsedText } from './parsed-text.ts';

/** An Ethernet address in the one spelling used everywhere: `dc:a6:32:01:02:03`. */
export type MacAddress = Branded<'MacAddress'>;

const separated =
  /^([0-9a-f]{2})[:-]([0-9a-f]{2})[:-]([0-9a-f]{2})[:-]([0-9a-f]{2})[:-]([0-9a-f]{2})[:-]([0-9a-f]{2})$/i;

/** Reads what people paste: colons or dashes, upper or lower case. */
export function parseMac(text: string): MacAddress {
  const pairs = separated.exec(text.trim())?.slice(1);
  if (pairs === undefined) {
    throw new ConfigError(`"${text}" is not a MAC address`, {
      hint: 'Write six pairs, for example dc:a6:32:01:02:03.',
    });
  }
  return pairs.join(':').toLowerCase() as MacAddress;
}

/** @param bytes six bytes in wire order */
export function macFromBytes(bytes: Uint8Array): MacAddress {
  const [first = 0, second = 0, third = 0, fourth = 0, fifth = 0, sixth = 0] = bytes;
  const start = `${pairOf[first]}:${pairOf[second]}:${pairOf[third]}`;
  return `${start}:${pairOf[fourth]}:${pairOf[fifth]}:${pairOf[sixth]}` as MacAddress;
}

const pairOf: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

export function macToBytes(mac: MacAddress): Uint8Array {
  return Uint8Array.from(mac.split(':'), (pair) => Number.parseInt(pair, 16));
}

/** As the Pi writes it in TFTP_PREFIX=2 paths: `dc-a6-32-01-02-03`. */
export function macWithDashes(mac: MacAddress): string {
  return mac.replaceAll(':', '-');
}

export const Mac = parsedText(parseMac);
