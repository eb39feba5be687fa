/** DHCP for many boards on one interface: one socket at the client's port, answers told apart by hardware address. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

import type { BoardIdentity } from '../../src/rack/eeprom.ts';
import { decideOffer, discoverPacket, requestPacket, type Offer } from '../../src/rack/firmware-dhcp.ts';
import { readMac } from '../../src/wire/dhcp.ts';
import { decodeDhcp } from '../../src/wire/dhcp-decode.ts';

const everyone = '255.255.255.255';
const [serverPort, clientPort] = [67, 68];

export class BoardDhcp {
  readonly #socket: Socket;
  readonly #waiting = new Map<string, (datagram: Uint8Array) => void>();

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('message', (datagram) => {
      const mac = readMac(decodeDhcp(datagram));
      if (mac !== undefined) this.#waiting.get(mac)?.(datagram);
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

  close(): void {
    this.#socket.close();
  }

  async #repeat(packet: Uint8Array, repeatMs: number, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#send(packet);
      await sleep(repeatMs, undefined, { signal }).catch(() => undefined);
    }
  }

  #send(packet: Uint8Array): void {
    // An unreachable network is silence to a board.
    this.#socket.send(packet, serverPort, everyone, () => undefined);
  }
}
