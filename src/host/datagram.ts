/** UDP sockets: one that listens, and one that talks to a single peer. Plain Node; no protocol in here. */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';

import { HostError } from '../model/errors.ts';
import { parseIpv4, type Ipv4Address } from '../model/ipv4.ts';
import type { Endpoint } from './datagram/port.ts';

export type { Endpoint };

export interface ListeningSocket {
  readonly port: number;
  /** Fire and forget: what the network refuses is as lost as what it loses. */
  send(bytes: Uint8Array, to: Endpoint): void;
  close(): void;
}

/** The kernel hands it nothing from any other address or port. */
export interface PeerSocket {
  send(bytes: Uint8Array): void;
  close(): void;
}

export interface ListeningHandlers {
  readonly received: (bytes: Buffer, from: Endpoint) => void;
  /** The socket is closed and of no use any more; called at most once, never after close(). */
  readonly failed: (error: Error) => void;
}

export interface PeerHandlers {
  readonly received: (bytes: Buffer) => void;
  /** The peer says that nobody is at its port (ICMP), and the socket is closed; called at most once, never after close(). */
  readonly gone: () => void;
}

/** A burst of requests waits here while the event loop is busy; the kernel cuts it to net.core.rmem_max. */
const listenBufferBytes = 4 << 20;

export async function listenForDatagrams(local: Endpoint, handlers: ListeningHandlers): Promise<ListeningSocket> {
  const socket = newSocket(listenBufferBytes);
  await opened(socket, `listen on UDP ${local.address}:${local.port}`, (done) => {
    socket.bind({ address: local.address, port: local.port, exclusive: true }, done);
  });
  const close = closeOnce(socket);
  socket.on('error', (error) => {
    if (close()) handlers.failed(error);
  });
  socket.on('message', (bytes: Buffer, from: RemoteInfo) => {
    handlers.received(bytes, { address: parseIpv4(from.address), port: from.port });
  });
  return {
    port: socket.address().port,
    send: (bytes, to) => socket.send(bytes, 0, bytes.byteLength, to.port, to.address, ignore),
    close,
  };
}

/** Takes a free port of `address` and keeps it for one peer. */
export async function openToPeer(address: Ipv4Address, peer: Endpoint, handlers: PeerHandlers): Promise<PeerSocket> {
  const socket = newSocket();
  await opened(socket, `open a UDP port to ${peer.address}:${peer.port}`, (done) => {
    socket.bind({ address, port: 0, exclusive: true }, () => socket.connect(peer.port, peer.address, done));
  });
  const close = closeOnce(socket);
  socket.on('error', (error: NodeJS.ErrnoException) => {
    // A Pi 3 stops answering ARP during a transfer, links flap: all but this one is loss, and passes.
    if (error.code === 'ECONNREFUSED' && close()) handlers.gone();
  });
  socket.on('message', (bytes: Buffer, from: RemoteInfo) => {
    // Between bind and connect the port was open to everybody.
    if (from.port === peer.port && from.address === peer.address) handlers.received(bytes);
  });
  return { send: (bytes) => socket.send(bytes, 0, bytes.byteLength), close };
}

function newSocket(recvBufferSize?: number): Socket {
  return createSocket({
    type: 'udp4',
    ...(recvBufferSize !== undefined && { recvBufferSize }),
    // All addresses are numbers already; the default asks the resolver's thread pool for each socket.
    lookup: (host, _options, found) => found(null, host, 4),
  });
}

/** Runs `open` and waits until it calls back. @throws HostError; the socket is closed then. */
function opened(socket: Socket, what: string, open: (done: (error?: Error) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException): void => {
      socket.close();
      const hint = hints[error.code ?? ''];
      reject(new HostError(`cannot ${what}`, { cause: error, ...(hint !== undefined && { hint }) }));
    };
    socket.once('error', fail);
    open((error) => {
      if (error !== undefined) return fail(error);
      socket.off('error', fail);
      resolve();
    });
  });
}

const hints: Readonly<Record<string, string>> = {
  EADDRINUSE: 'Find what listens there with "ss -lunp" and stop it, for example "systemctl stop dnsmasq tftpd-hpa".',
  EACCES: 'Ports below 1024 need root or CAP_NET_BIND_SERVICE: start the service with systemd or as root.',
  EADDRNOTAVAIL: 'Give this address to the interface, or set network.address in cluster.yaml to one this machine has.',
};

/** @returns a close that may be called again, and says whether it was the first time */
function closeOnce(socket: Socket): () => boolean {
  let isOpen = true;
  return () => {
    if (!isOpen) return false;
    isOpen = false;
    socket.removeAllListeners('message');
    socket.close();
    return true;
  };
}

function ignore(): void {
  // Errors of one datagram on a shared socket concern its receiver only.
}
