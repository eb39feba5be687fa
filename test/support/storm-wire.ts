/** A storage node and a wire without sockets and clock, for storms in unit tests: time passes only when it is told to. */
import { ipv4ToBytes, ipv4ToNumber, type Ipv4Address } from '../../src/model/ipv4.ts';
import { parseMac, macToBytes, macFromBytes } from '../../src/model/mac.ts';
import { arpAt, arpFrame, at, isArp, payloadBytes, udpFrame, uint16, uint32 } from '../../src/rack/stack/frames.ts';
import type { FramePort } from '../../src/rack/stack/switchboard.ts';
import type { StormNode } from '../../src/rack/storm/mix.ts';
import type { Storm } from '../../src/rack/storm/storm.ts';
import { decodeDhcp } from '../../src/wire/dhcp-decode.ts';
import { encodeDhcp } from '../../src/wire/dhcp-encode.ts';
import { messageTypeValue, readMessageType } from '../../src/wire/dhcp-options.ts';
import { readMac, type DhcpPacket } from '../../src/wire/dhcp.ts';
import { piVendorOptions } from '../../src/wire/pi-dhcp.ts';
import { decodeTftp, encodeTftp, type TftpPacket } from '../../src/wire/tftp.ts';

const server = '10.42.0.1' as Ipv4Address;
const serverMac = macToBytes(parseMac('02:00:00:00:00:01'));

/** As of a server with a floor of 1 s. */
const resendMs = 1000;

interface Transfer {
  readonly file: Uint8Array;
  readonly blockSize: number;
  readonly reply: (packet: TftpPacket) => void;
  block: number;
  sentMs: number;
  isOver: boolean;
}

export interface WireOptions {
  readonly nodes: readonly StormNode[];
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** false: this DISCOVER is held back. */
  readonly admits?: (name: string, nowMs: number) => boolean;
  /** Every block, without a reason. */
  readonly sendsTwice?: boolean;
  /** Changes what a board is sent. */
  readonly spoil?: (path: string, file: Uint8Array) => Uint8Array;
}

export class StormWire implements FramePort {
  readonly #options: WireOptions;
  readonly #byMac: ReadonlyMap<string, StormNode>;
  readonly #transfers = new Map<string, Transfer>();
  readonly #toBoards: Uint8Array[] = [];
  readonly #toServer: Uint8Array[] = [];
  /** Every request, as `node0001 kernel8.img`. */
  readonly requests: string[] = [];
  nowMs = 0;

  constructor(options: WireOptions) {
    this.#options = options;
    this.#byMac = new Map(options.nodes.map((node) => [node.identity.mac, node]));
  }

  send(frame: Uint8Array): void {
    this.#toServer.push(Uint8Array.from(frame));
  }

  /** Until all boards are through, or the time is over; a round trip takes no time. */
  run(storm: Storm, deadlineMs: number): void {
    storm.powerOn(0);
    for (this.nowMs = 0; this.nowMs <= deadlineMs && !storm.isOver; this.nowMs += storm.restMs) {
      storm.tick(this.nowMs);
      this.#resend();
      while (this.#toServer.length + this.#toBoards.length > 0) this.#exchange(storm);
    }
  }

  #exchange(storm: Storm): void {
    for (const frame of this.#toServer.splice(0)) this.#serve(frame);
    for (const frame of this.#toBoards.splice(0)) {
      // As a batch lies in the slab: somewhere in the middle.
      const slab = Buffer.concat([Buffer.alloc(7), frame, Buffer.alloc(3)]);
      storm.receive(slab, 7, frame.byteLength, this.nowMs);
    }
  }

  #serve(frame: Uint8Array): void {
    if (isArp(frame, 0, frame.byteLength)) return this.#answerArp(frame);
    const payload = frame.subarray(at.payload, at.payload + payloadBytes(frame, 0));
    if (uint16(frame, at.destinationPort) === 67) this.#answerDhcp(decodeDhcp(payload));
    else this.#answerTftp(frame, decodeTftp(payload));
  }

  #answerArp(frame: Uint8Array): void {
    const targetMac = frame.slice(arpAt.senderMac, arpAt.senderMac + 6);
    const targetAddress = uint32(frame, arpAt.senderAddress);
    const sender = { senderMac: serverMac, senderAddress: ipv4ToNumber(server) };
    this.#toBoards.push(arpFrame({ operation: 'reply', ...sender, targetMac, targetAddress }));
  }

  #answerDhcp(asked: DhcpPacket): void {
    const node = this.#byMac.get(readMac(asked) ?? '');
    if (node === undefined || readMessageType(asked.options) !== 'discover') return;
    if (this.#options.admits?.(node.name, this.nowMs) === false) return;
    const options = new Map([
      [53, messageTypeValue('offer')],
      [54, ipv4ToBytes(server)],
      [43, piVendorOptions()],
    ]);
    const offer = encodeDhcp({ ...asked, op: 'reply', yiaddr: node.address, siaddr: server, options });
    this.#reply(macToBytes(node.identity.mac), ipv4ToNumber(node.address), 67, 68, offer);
  }

  #answerTftp(frame: Uint8Array, packet: TftpPacket): void {
    const port = uint16(frame, at.sourcePort);
    const key = `${uint32(frame, at.ipSource)}:${port}`;
    if (packet.kind === 'read') return this.#begin(key, frame, packet.path, packet.options);
    const transfer = this.#transfers.get(key);
    if (transfer === undefined) return;
    if (packet.kind === 'error') transfer.isOver = true;
    if (packet.kind === 'ack' && packet.block === (transfer.block & 0xffff)) this.#next(transfer);
  }

  #begin(key: string, frame: Uint8Array, path: string, asked: ReadonlyMap<string, string>): void {
    const mac = frame.slice(at.source, at.source + 6);
    const [port, address] = [uint16(frame, at.sourcePort), uint32(frame, at.ipSource)];
    const name = path.replace(/^[0-9a-f]{8}\//, '');
    this.requests.push(`${this.#byMac.get(macFromBytes(mac))?.name} ${name}`);
    // A port of its own for each transfer, which is what the boards follow.
    const reply = (packet: TftpPacket) => this.#reply(mac, address, 2000 + (port % 60_000), port, encodeTftp(packet));
    const file = this.#options.files.get(name);
    if (file === undefined) return reply({ kind: 'error', code: 1, message: 'no such file' });
    const sent = this.#options.spoil?.(name, file) ?? file;
    const blockSize = Number(asked.get('blksize') ?? 512);
    const transfer = { file: sent, blockSize, reply, block: 0, sentMs: this.nowMs, isOver: false };
    this.#transfers.set(key, transfer);
    if (asked.size === 0) return this.#next(transfer);
    reply({ kind: 'option-ack', options: new Map([...asked].map(([option, value]) => [option, value])) });
  }

  #next(transfer: Transfer): void {
    if (transfer.block * transfer.blockSize > transfer.file.byteLength) transfer.isOver = true;
    else this.#sendBlock(transfer, transfer.block + 1);
  }

  #sendBlock(transfer: Transfer, block: number): void {
    transfer.block = block;
    transfer.sentMs = this.nowMs;
    const first = (block - 1) * transfer.blockSize;
    const bytes = transfer.file.subarray(first, first + transfer.blockSize);
    transfer.reply({ kind: 'data', block: block & 0xffff, bytes });
    if (this.#options.sendsTwice === true) transfer.reply({ kind: 'data', block: block & 0xffff, bytes });
  }

  #resend(): void {
    for (const transfer of this.#transfers.values()) {
      if (transfer.isOver || transfer.block === 0 || this.nowMs - transfer.sentMs < resendMs) continue;
      this.#sendBlock(transfer, transfer.block);
    }
  }

  #reply(mac: Uint8Array, address: number, from: number, to: number, payload: Uint8Array): void {
    const addresses = { sourceAddress: ipv4ToNumber(server), destinationAddress: address };
    const macs = { sourceMac: serverMac, destinationMac: mac };
    this.#toBoards.push(udpFrame({ ...macs, ...addresses, sourcePort: from, destinationPort: to }, payload));
  }
}
