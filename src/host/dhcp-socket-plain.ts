/** DHCP on Node's own sockets. */
import { createSocket, type RemoteInfo, type Socket, type SocketOptions } from 'node:dgram';
import { once } from 'node:events';

import { parseIpv4 } from '../model/ipv4.ts';
import { cannotOpenDhcp, cannotSendDhcp, dhcpReceiveBufferBytes } from './dhcp-socket-errors.ts';
import type { DhcpReceiver, DhcpSocket, DhcpSocketOptions } from './dhcp-socket.ts';

/** @param fd of a socket that is bound to the interface */
export async function adoptPlainSocket(fd: number, options: DhcpSocketOptions): Promise<DhcpSocket> {
  const socket = newSocket();
  await opened(socket, options, () => socket.bind({ fd }));
  return asDhcpSocket(socket, [socket]);
}

/**
 * A socket bound to an address gets no broadcasts, and one bound to none cannot send to 255.255.255.255 where no
 * route leads there. So one listens to all, and one at the address sends, and hears what is sent to it alone.
 */
export async function openPlainPair(options: DhcpSocketOptions): Promise<DhcpSocket> {
  await requireFree(options);
  const all = newSocket({ reuseAddr: true });
  await opened(all, options, () => all.bind({ address: '0.0.0.0', port: options.port, exclusive: true }));
  const own = newSocket({ reuseAddr: true });
  try {
    await opened(own, options, () => own.bind({ address: options.address, port: options.port, exclusive: true }));
  } catch (error) {
    await closed(all);
    throw error;
  }
  return asDhcpSocket(own, [all, own]);
}

/** Two sockets at one port need SO_REUSEADDR, which would also share the port with a foreign server: so it is tried without first. */
async function requireFree(options: DhcpSocketOptions): Promise<void> {
  const probe = newSocket();
  await opened(probe, options, () => probe.bind({ address: '0.0.0.0', port: options.port, exclusive: true }));
  await closed(probe);
}

function newSocket(more: Partial<SocketOptions> = {}): Socket {
  return createSocket({
    type: 'udp4',
    recvBufferSize: dhcpReceiveBufferBytes,
    // All addresses are numbers already; the default would ask a resolver thread.
    lookup: (host, _options, found) => found(null, host, 4),
    ...more,
  });
}

async function opened(socket: Socket, options: DhcpSocketOptions, bind: () => void): Promise<void> {
  const listening = once(socket, 'listening', { signal: options.signal });
  // When bind() itself throws, nobody waits for this any more.
  listening.catch(() => undefined);
  try {
    bind();
    await listening;
    socket.setBroadcast(true);
  } catch (error) {
    await closed(socket);
    options.signal.throwIfAborted();
    throw cannotOpenDhcp(options, error);
  }
}

function asDhcpSocket(sender: Socket, sockets: readonly Socket[]): DhcpSocket {
  let receiver: DhcpReceiver | undefined;
  for (const socket of sockets) {
    socket.on('message', (bytes: Buffer, from: RemoteInfo) => {
      receiver?.received(bytes, { address: parseIpv4(from.address), port: from.port });
    });
    socket.on('error', (error) => receiver?.failed(error));
  }
  return {
    receive: (next) => {
      receiver = next;
    },
    send: (bytes, to) =>
      new Promise((resolve, reject) => {
        // Node cannot address a frame: whom it concerns knows it by its own hardware address in the message.
        sender.send(bytes, to.port, to.mac === undefined ? to.address : '255.255.255.255', (error) =>
          error === null ? resolve() : reject(cannotSendDhcp(to, error)),
        );
      }),
    close: async () => {
      receiver = undefined;
      for (const socket of sockets) await closed(socket);
    },
  };
}

function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    try {
      socket.close(() => resolve());
    } catch {
      // It never opened, or is closed already.
      resolve();
    }
  });
}
