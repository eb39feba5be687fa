/**
 * Many stations behind one packet socket: which of them is a frame for, and what does the network do to it on the way?
 * No socket and no clock in here.
 */
import { DelayLine } from './delay-line.ts';
import { overtakenMs, type Fate, type Faults } from './faults.ts';
import { arpAt, at, etherType, isArp, isUdp, lastFour, uint16, uint32 } from './frames.ts';
import type { Random } from './random.ts';

export interface FramePort {
  /** The bytes are copied. */
  send(frame: Uint8Array): void;
}

export interface Station {
  /** The last four bytes are no other station's. */
  readonly mac: Uint8Array;
  readonly random: Random;
  /** The bytes are valid during the call only. `isRepeated`: the network has made two of it. */
  hearUdp(frame: Uint8Array, start: number, nowMs: number, isRepeated: boolean): void;
  hearArp(frame: Uint8Array, start: number, nowMs: number): void;
  /** A frame for it did not arrive. */
  missFrame(): void;
}

interface Held {
  readonly frame: Uint8Array;
  /** undefined: it is on its way out. */
  readonly station: Station | undefined;
  readonly isRepeated: boolean;
}

const dhcpClientPort = 68;
/** Of chaddr in a DHCP message, and of the part of it that tells stations apart. */
const stationKeyInDhcp = at.payload + 28 + 2;
const shortestDhcp = 240;

export class Switchboard {
  readonly #port: FramePort;
  readonly #faults: Faults;
  readonly #held = new DelayLine<Held>();
  readonly #byMac = new Map<number, Station>();
  readonly #byAddress = new Map<number, Station>();
  framesIn = 0;
  framesOut = 0;

  constructor(port: FramePort, faults: Faults) {
    this.#port = port;
    this.#faults = faults;
  }

  /** Something is to be released soon. */
  get holdsFrames(): boolean {
    return !this.#held.isEmpty;
  }

  attach(station: Station): void {
    this.#byMac.set(lastFour(station.mac, 2), station);
  }

  /** From now on the station answers for `to` and no longer for `from`; 0 is no address. */
  readdress(station: Station, from: number, to: number): void {
    if (from !== 0 && this.#byAddress.get(from) === station) this.#byAddress.delete(from);
    if (to !== 0) this.#byAddress.set(to, station);
  }

  /** @returns what becomes of it on the way out */
  transmit(station: Station, frame: Uint8Array, nowMs: number): Fate {
    this.framesOut += 1;
    const fate = this.#faults.fate(station.random);
    if (fate === 'lost') return fate;
    if (fate === 'later' || this.#faults.delayMs > 0) {
      this.#hold({ frame: Uint8Array.from(frame), station: undefined, isRepeated: false }, nowMs, fate, station.random);
    } else this.#port.send(frame);
    if (fate === 'twice') this.#port.send(frame);
    return fate;
  }

  receive(frame: Uint8Array, start: number, length: number, nowMs: number): void {
    if (length < at.payload) return;
    const station =
      ((frame[start] ?? 0) & 1) === 1 ? this.#meantByAll(frame, start, length) : this.#meant(frame, start);
    if (station === undefined || !(isUdp(frame, start, length) || isArp(frame, start, length))) return;
    this.framesIn += 1;
    const fate = this.#faults.fate(station.random);
    if (fate === 'lost') return station.missFrame();
    if (fate === 'later' || this.#faults.delayMs > 0) {
      const copy = Uint8Array.from(frame.subarray(start, start + length));
      this.#hold({ frame: copy, station, isRepeated: fate === 'twice' }, nowMs, fate, station.random);
    } else hear(station, frame, start, nowMs, fate === 'twice');
    if (fate === 'twice') hear(station, frame, start, nowMs, true);
  }

  /** Frames whose time has come. */
  release(nowMs: number): void {
    this.#held.release(nowMs, ({ frame, station, isRepeated }) => {
      if (station === undefined) this.#port.send(frame);
      else hear(station, frame, 0, nowMs, isRepeated);
    });
  }

  #hold(held: Held, nowMs: number, fate: Fate, random: Random): void {
    const extraMs = fate === 'later' ? random.between(overtakenMs.first, overtakenMs.last) : 0;
    this.#held.add(nowMs + this.#faults.delayMs + extraMs, held);
  }

  #meant(frame: Uint8Array, start: number): Station | undefined {
    const station = this.#byMac.get(lastFour(frame, start + 2));
    return station?.mac[0] === frame[start] && station?.mac[1] === frame[start + 1] ? station : undefined;
  }

  /** A broadcast is handed to the one station that does something with it. */
  #meantByAll(frame: Uint8Array, start: number, length: number): Station | undefined {
    if (isArp(frame, start, length)) return this.#byAddress.get(uint32(frame, start + arpAt.targetAddress));
    const isDhcp = length >= at.payload + shortestDhcp && uint16(frame, start + at.destinationPort) === dhcpClientPort;
    return isDhcp ? this.#byMac.get(lastFour(frame, start + stationKeyInDhcp)) : undefined;
  }
}

function hear(station: Station, frame: Uint8Array, start: number, nowMs: number, isRepeated: boolean): void {
  // The second half of `receive` has proved that it is one of the two.
  if (uint16(frame, start + at.type) === etherType.arp) station.hearArp(frame, start, nowMs);
  else station.hearUdp(frame, start, nowMs, isRepeated);
}
