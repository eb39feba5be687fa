/** A board's own small IP stack: one address, one server, ARP for both of them, and frames made ready for the many ACKs. */
import { arpAt, arpFrame, arpOperation, at, everyone, udpFrame, uint16, uint32 } from '../stack/frames.ts';
import type { Fate } from '../stack/faults.ts';
import type { Station, Switchboard } from '../stack/switchboard.ts';

const dhcpPort = { client: 68, server: 67 } as const;
const broadcastAddress = 0xff_ff_ff_ff;

/** TFTP: opcode 4 and the block. */
const ackOpcode = 4;
const ackBlockAt = at.payload + 2;

export class BoardLink {
  readonly #station: Station;
  readonly #switchboard: Switchboard;
  #address = 0;
  #server = 0;
  #serverMac: Uint8Array | undefined;
  /** Of the transfer at hand; only its block number changes. */
  #ack: Buffer | undefined;

  constructor(station: Station, switchboard: Switchboard) {
    this.#station = station;
    this.#switchboard = switchboard;
  }

  get server(): number {
    return this.#server;
  }

  /** Without address and server it hears DHCP alone. */
  configure(address: number, server: number): void {
    this.#switchboard.readdress(this.#station, this.#address, address);
    this.#address = address;
    this.#server = server;
    this.#serverMac = undefined;
    this.#ack = undefined;
  }

  broadcastDhcp(payload: Uint8Array, nowMs: number): Fate {
    const frame = udpFrame(
      {
        sourceMac: this.#station.mac,
        destinationMac: everyone,
        sourceAddress: 0,
        destinationAddress: broadcastAddress,
        sourcePort: dhcpPort.client,
        destinationPort: dhcpPort.server,
      },
      payload,
    );
    return this.#transmit(frame, nowMs);
  }

  /** @returns `unresolved` when it asked for the server's hardware address instead */
  send(payload: Uint8Array, sourcePort: number, destinationPort: number, nowMs: number): Fate | 'unresolved' {
    this.#ack = undefined;
    if (this.#serverMac === undefined) return this.#ask(nowMs);
    return this.#transmit(this.#frame(this.#serverMac, payload, sourcePort, destinationPort), nowMs);
  }

  acknowledge(block: number, sourcePort: number, destinationPort: number, nowMs: number): Fate | 'unresolved' {
    let frame = this.#ack;
    if (frame === undefined) {
      if (this.#serverMac === undefined) return this.#ask(nowMs);
      frame = this.#frame(this.#serverMac, Uint8Array.of(0, ackOpcode, 0, 0), sourcePort, destinationPort);
      this.#ack = frame;
    }
    frame[ackBlockAt] = block >> 8;
    frame[ackBlockAt + 1] = block;
    return this.#transmit(frame, nowMs);
  }

  /** @returns true when the server's hardware address is known since now */
  hearArp(frame: Uint8Array, start: number, nowMs: number, answers: boolean): boolean {
    const sender = uint32(frame, start + arpAt.senderAddress);
    const isNews = sender === this.#server && sender !== 0 && this.#serverMac === undefined;
    const senderMac = Uint8Array.from(frame.subarray(start + arpAt.senderMac, start + arpAt.senderMac + 6));
    if (isNews) this.#serverMac = senderMac;
    const isForUs = this.#address !== 0 && uint32(frame, start + arpAt.targetAddress) === this.#address;
    if (answers && isForUs && uint16(frame, start + arpAt.operation) === arpOperation.request) {
      const { mac } = this.#station;
      const answer = { senderMac: mac, senderAddress: this.#address, targetMac: senderMac, targetAddress: sender };
      this.#transmit(arpFrame({ operation: 'reply', ...answer }), nowMs);
    }
    return isNews;
  }

  #ask(nowMs: number): 'unresolved' {
    const asked = { senderMac: this.#station.mac, senderAddress: this.#address, targetAddress: this.#server };
    this.#transmit(arpFrame({ operation: 'request', ...asked }), nowMs);
    return 'unresolved';
  }

  #frame(destinationMac: Uint8Array, payload: Uint8Array, sourcePort: number, destinationPort: number): Buffer {
    const { mac: sourceMac } = this.#station;
    const addresses = { sourceAddress: this.#address, destinationAddress: this.#server };
    return udpFrame({ sourceMac, destinationMac, ...addresses, sourcePort, destinationPort }, payload);
  }

  #transmit(frame: Uint8Array, nowMs: number): Fate {
    return this.#switchboard.transmit(this.#station, frame, nowMs);
  }
}
