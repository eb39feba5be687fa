/** Ports on Node's own sockets: one system call per datagram, no interface, no packet sockets. Runs everywhere. */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';

import { AddressTexts } from './address-texts.ts';
import { cannot } from './errors.ts';
import { longestDatagramBytes, requireInside } from './limits.ts';
import type { DatagramPort, Datagrams, PortOptions, SendBuffer } from './port.ts';

export interface PlainDatagrams extends Datagrams {
  readonly kind: 'plain';
}

export function plainDatagrams(): PlainDatagrams {
  return {
    kind: 'plain',
    hold: heldByNode,
    allocate: (length) => heldByNode(new Uint8Array(length)),
    openPort: async (options) => new PlainPort(await bound(options), options),
  };
}

function heldByNode(bytes: Uint8Array): SendBuffer {
  // A socket keeps what it still has to send.
  return { bytes, release: () => undefined };
}

class PlainPort implements DatagramPort {
  readonly port: number;
  readonly #socket: Socket;
  readonly #sent: (error: Error | null) => void;
  readonly #addresses = new AddressTexts();
  #isOpen = true;

  constructor(socket: Socket, { handlers }: PortOptions) {
    this.#socket = socket;
    this.port = socket.address().port;
    this.#sent = (error) => {
      // Errors of one datagram concern its receiver only.
      if (error !== null && this.#isOpen) handlers.lost?.(error);
    };
    socket.on('message', (bytes: Buffer, from: RemoteInfo) => {
      if (bytes.length > longestDatagramBytes) return;
      handlers.received(bytes, 0, bytes.length, this.#addresses.numberOf(from.address), from.port, 0, 0);
    });
    socket.on('error', (error) => {
      if (this.#isOpen) handlers.lost?.(error);
    });
  }

  send(
    { bytes }: SendBuffer,
    start: number,
    length: number,
    segmentBytes: number,
    address: number,
    port: number,
  ): void {
    requireInside(start, length, bytes.length);
    const end = start + length;
    const step = segmentBytes > 0 ? segmentBytes : Math.max(length, 1);
    let at = start;
    do {
      this.#sendOne(bytes, at, Math.min(step, end - at), address, port);
      at += step;
    } while (at < end);
  }

  sendDirect(buffer: SendBuffer, start: number, length: number, address: number, port: number): void {
    this.send(buffer, start, length, 0, address, port);
  }

  sendCopy(bytes: Uint8Array, address: number, port: number): void {
    this.#sendOne(Uint8Array.from(bytes), 0, bytes.length, address, port);
  }

  gather(): void {
    // Node takes one datagram at a time, and the next while the last is dealt with.
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#socket.removeAllListeners('message');
    this.#socket.close();
  }

  #sendOne(bytes: Uint8Array, start: number, length: number, address: number, port: number): void {
    if (this.#isOpen) this.#socket.send(bytes, start, length, port, this.#addresses.textOf(address), this.#sent);
  }
}

function bound({ address, port, receiveBufferBytes }: PortOptions): Promise<Socket> {
  const socket = createSocket({
    type: 'udp4',
    recvBufferSize: receiveBufferBytes,
    // All addresses are numbers already; the default asks the resolver's thread pool for each datagram.
    lookup: (host, _options, found) => found(null, host, 4),
  });
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException): void => {
      socket.close();
      reject(cannot(`listen on UDP ${address}:${port}`, error));
    };
    socket.once('error', fail);
    socket.bind({ address, port, exclusive: true }, () => {
      socket.off('error', fail);
      resolve(socket);
    });
  });
}
