/** DHCP for many boards on one interface: one socket at the client's port, answers told apart by hardware address. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

import type { BoardIdentity } from '../../src/rack/eeprom.ts';
import { decideOffer, discoverPacket, requestPacket, type Offer } from '../../src/rack/firmware-dhcp.ts';
import { readMac } from '../../src/wire/dhcp.ts';
import { decodeDhcp } from '../../src/wire/dhcp-decode.ts';
import { readMessageType } from '../../src/wire/dhcp-options.ts';

const everyone = '255.255.255.255';
const [serverPort, clientPort] = [67, 68];

/** With an ACK. */
const patienceMs = 2000;

export class BoardDhcp {
  readonly #socket: Socket;
  /** For an OFFER, and for an ACK. */
  readonly #waiting = new Map<string, (datagram: Uint8Array) => void>();
  readonly #asking = new Map<string, (datagram: Uint8Array) => void>();

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('message', (datagram) => {
      const mac = readMac(decodeDhcp(datagram));
      if (mac === undefined) return;
      this.#waiting.get(mac)?.(datagram);
      this.#asking.get(mac)?.(datagram);
    });
  }

  /** Needs a default route, so that broadcasts leave without an address. */
  static async open(): Promise<BoardDhcp> {
    const socket = createSocket({ type: 'udp4', reuseAddr: true });
    socket.bind(clientPort, '0.0.0.0');
    await once(socket, 'listening');
    socket.setBroadcast(true);
    return new BoardDhcp(socket);
  }

  /** DISCOVER until there is an OFFER that firmware takes, then REQUEST, whose ACK it does not wait for. */
  async lease(who: BoardIdentity, xid: number, repeatMs: number): Promise<Offer> {
    const found = new AbortController();
    const offer = new Promise<Offer>((resolve) => {
      this.#waiting.set(who.mac, (datagram) => {
        const decision = decideOffer(decodeDhcp(datagram), who, xid);
        if (decision.kind === 'take') resolve(decision.offer);
      });
    });
    const asking = this.#repeat(discoverPacket(who, xid), repeatMs, found.signal);
    const taken = await offer;
    found.abort();
    await asking;
    this.#waiting.delete(who.mac);
    const request = requestPacket(who, xid, taken);
    if (request !== undefined) this.#send(request);
    return taken;
  }

  /** As an operating system does: the address is the client's when it is acknowledged, and it begins anew where it is not. */
  async acknowledged(who: BoardIdentity, xid: number, repeatMs: number): Promise<Offer> {
    for (;;) {
      const acknowledgement = new Promise<boolean>((resolve) => {
        this.#asking.set(who.mac, (datagram) => {
          const packet = decodeDhcp(datagram);
          if (packet.xid === xid && readMessageType(packet.options) === 'ack') resolve(true);
        });
      });
      const offer = await this.lease(who, xid, repeatMs);
      const isTaken = await Promise.race([acknowledgement, sleep(patienceMs, false)]);
      this.#asking.delete(who.mac);
      if (isTaken) return offer;
    }
  }

  close(): void {
    this.#socket.close();
  }

  async #repeat(packet: Uint8Array, repeatMs: number, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#send(packet);
      await sleep(repeatMs, undefined, { signal }).catch(() => undefined);
    }
  }

  #send(message: Uint8Array): void {
    // Many hardware addresses on one interface, which hears only its own: they ask for broadcasts (RFC 2131 §2, flags).
    const packet = Uint8Array.from(message);
    packet[10] = 0x80;
    // An unreachable network is silence to a board.
    this.#socket.send(packet, serverPort, everyone, () => undefined);
  }
}
