/**
 * What a hostile neighbour of the boards does while they boot: it makes up senders, and so needs no board of its own.
 * Frames and time; no socket and no clock.
 */
import { ipv4ToNumber, type Ipv4Address } from '../../model/ipv4.ts';
import { macFromBytes } from '../../model/mac.ts';
import { parseSerial } from '../../model/serial.ts';
import { encodeTftp, type TftpPacket } from '../../wire/tftp.ts';
import { discoverPacket } from '../firmware-dhcp.ts';
import { everyone, udpFrame } from '../stack/frames.ts';
import type { Random } from '../stack/random.ts';
import type { FramePort } from '../stack/switchboard.ts';
import { stormNetwork } from './mix.ts';

/** Frames a second of each kind. */
export interface FloodRates {
  /** DISCOVERs of boards that nobody knows, each from a MAC that was never seen. */
  readonly discover: number;
  /** Requests for the kernel that nobody goes on with: from addresses of real boards and of none. */
  readonly halfOpen: number;
  /** ACKs with made-up blocks, in the name of real boards, to ports that transfers may have. */
  readonly spoofedAck: number;
  /** Requests of 1,400 bytes, with names and options without end. */
  readonly oversized: number;
}

export const noFlood: FloodRates = { discover: 0, halfOpen: 0, spoofedAck: 0, oversized: 0 };

export const floodKinds = ['discover', 'halfOpen', 'spoofedAck', 'oversized'] as const;
type FloodKind = (typeof floodKinds)[number];

const tftpPort = 69;
/** As Linux chooses them for a socket that asks for none. */
const ephemeralPorts = { first: 32_768, last: 60_999 } as const;

export class Flood {
  readonly #rates: FloodRates;
  readonly #addresses: readonly Ipv4Address[];
  readonly #random: Random;
  readonly #port: FramePort;
  readonly #owed = new Map<FloodKind, number>();
  #lastMs: number | undefined;
  sent = 0;

  /** @param addresses of the boards that boot */
  constructor(rates: FloodRates, addresses: readonly Ipv4Address[], port: FramePort, random: Random) {
    this.#rates = rates;
    this.#addresses = addresses;
    this.#port = port;
    this.#random = random;
  }

  /** What is due since the last time. */
  tick(nowMs: number): void {
    const seconds = (nowMs - (this.#lastMs ?? nowMs)) / 1000;
    this.#lastMs = nowMs;
    for (const kind of floodKinds) {
      let owed = (this.#owed.get(kind) ?? 0) + seconds * this.#rates[kind];
      for (; owed >= 1; owed -= 1) this.#send(kind);
      this.#owed.set(kind, owed);
    }
  }

  #send(kind: FloodKind): void {
    this.sent += 1;
    if (kind === 'discover') return this.#discover();
    const address = this.#someAddress();
    const fromPort = this.#random.between(1024, 65_535);
    const toPort = kind === 'spoofedAck' ? this.#random.between(ephemeralPorts.first, ephemeralPorts.last) : tftpPort;
    this.#toServer(address, fromPort, toPort, encodeTftp(this.#packet(kind)));
  }

  #packet(kind: Exclude<FloodKind, 'discover'>): TftpPacket {
    if (kind === 'spoofedAck') return { kind: 'ack', block: this.#random.between(0, 65_535) };
    const isLong = kind === 'oversized';
    const options = new Map([['blksize', isLong ? '65464' : '1468'], ['tsize', '0'], ...(isLong ? longOptions : [])]);
    return { kind: 'read', path: isLong ? 'a'.repeat(700) : 'kernel8.img', mode: 'octet', options };
  }

  #discover(): void {
    const mac = this.#someMac();
    const serial = parseSerial(this.#random.uint32().toString(16).padStart(8, '0'));
    const who = { board: 'pi4', mac: macFromBytes(mac), serial, revision: 0xd03115, eeprom: '2026-08-04' } as const;
    const addresses = { sourceAddress: 0, destinationAddress: 0xff_ff_ff_ff, sourcePort: 68, destinationPort: 67 };
    const macs = { sourceMac: mac, destinationMac: everyone };
    this.#port.send(udpFrame({ ...macs, ...addresses }, discoverPacket(who, this.#random.uint32())));
  }

  #toServer(sourceAddress: number, sourcePort: number, destinationPort: number, payload: Uint8Array): void {
    const destinationAddress = ipv4ToNumber(stormNetwork.storage.address);
    // Linux takes what is for its address from a broadcast too: nobody has to be asked for a hardware address.
    const macs = { sourceMac: this.#someMac(), destinationMac: everyone };
    this.#port.send(udpFrame({ ...macs, sourceAddress, destinationAddress, sourcePort, destinationPort }, payload));
  }

  /** Of a board, or, one time in two, of nobody. */
  #someAddress(): number {
    const address = this.#addresses[this.#random.between(0, 2 * this.#addresses.length - 1)];
    const network = ipv4ToNumber(stormNetwork.storage.address);
    return address === undefined ? network + this.#random.between(2048, 3500) : ipv4ToNumber(address);
  }

  /** Of a Pi 4 as far as its prefix says, with a number that no board of a storm has. */
  #someMac(): Uint8Array {
    const tail = 0x80_00_00 + this.#random.between(0, 0x7f_ff_fe);
    return Uint8Array.of(0xdc, 0xa6, 0x32, tail >> 16, tail >> 8, tail);
  }
}

const longOptions: readonly [string, string][] = Array.from({ length: 60 }, (_, at) => [`option${at}`, '1'.repeat(4)]);
