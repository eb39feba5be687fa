/**
 * The UDP socket that DHCP is spoken on: it hears broadcasts of one interface and of no other.
 *
 * Node cannot bind a socket to an interface (SO_BINDTODEVICE). So either systemd did it and handed the socket over, or
 * the interface is the only one beside loopback, as in a network namespace. Anything else would answer other networks.
 */
import { createSocket, type RemoteInfo, type Socket, type SocketOptions } from 'node:dgram';
import { once } from 'node:events';
import { readlink } from 'node:fs/promises';

import { HostError } from '../model/errors.ts';
import { parseIpv4, type Ipv4Address } from '../model/ipv4.ts';
import type { MacAddress } from '../model/mac.ts';
import type { Endpoint } from './datagram.ts';
import { names, otherInterfaces, readInterfaces, requireAddress } from './interfaces.ts';
import { run } from './process.ts';
import type { InheritedSocket } from './systemd-sockets.ts';

export interface DhcpSocketOptions {
  readonly interface: string;
  /** Of this machine on the interface. */
  readonly address: Ipv4Address;
  readonly port: number;
  /** `dhcp` for the server's socket, `dhcp-client` for the one that looks for other servers. */
  readonly name: 'dhcp' | 'dhcp-client';
  /** From parseListenFds. */
  readonly inherited: readonly InheritedSocket[];
  readonly signal: AbortSignal;
}

export interface DhcpReceiver {
  readonly received: (bytes: Uint8Array, from: Endpoint) => void;
  /** One datagram was lost to an error; the socket goes on. */
  readonly failed: (error: Error) => void;
}

/** With `mac` the client has no address yet: nobody could find out its hardware address. */
export interface DhcpDestination extends Endpoint {
  readonly mac?: MacAddress;
}

export interface DhcpSocket {
  /** Who gets what comes in from now on; undefined: nobody. */
  receive(receiver: DhcpReceiver | undefined): void;
  send(bytes: Uint8Array, to: DhcpDestination): Promise<void>;
  /** An inherited socket is gone for good then: open it once and keep it while the process lives. */
  close(): Promise<void>;
}

/** Some hundred clients may be switched on at once; the kernel cuts it to net.core.rmem_max. */
const receiveBufferBytes = 1 << 20;

/** @throws HostError with the cure; nothing is left open then, and it may be tried again. */
export async function openDhcpSocket(options: DhcpSocketOptions): Promise<DhcpSocket> {
  const interfaces = await readInterfaces(options.signal);
  requireAddress(interfaces, options.interface, options.address);
  const inherited = options.inherited.find((socket) => socket.name === options.name);
  if (inherited !== undefined) return openInherited(inherited, options);
  const others = otherInterfaces(interfaces, options.interface);
  if (others.length > 0) {
    throw new HostError(`DHCP on ${options.interface} would also answer on ${names(others)}`, {
      hint: 'Run "systemctl enable --now pi-image-dhcp.socket", which binds the socket to the interface, or run in a network namespace that has only that one.',
    });
  }
  return openPair(options);
}

async function openInherited({ fd }: InheritedSocket, options: DhcpSocketOptions): Promise<DhcpSocket> {
  const { interface: device, port, signal } = options;
  const bound = await boundTo(fd, signal);
  const wanted = `0.0.0.0%${device}:${port}`;
  if (bound !== wanted) {
    throw new HostError(
      `the DHCP socket from systemd is bound to ${bound ?? 'nothing that is UDP'} and not to ${wanted}`,
      {
        hint: `Set BindToDevice=${device} and ListenDatagram=0.0.0.0:${port} with "systemctl edit pi-image-dhcp.socket", then restart it.`,
      },
    );
  }
  const socket = newSocket();
  await opened(socket, options, () => socket.bind({ fd }));
  return asDhcpSocket(socket, [socket]);
}

/** @returns the local address of the UDP socket as ss writes it, for example `0.0.0.0%eth0:67`. */
async function boundTo(fd: number, signal: AbortSignal): Promise<string | undefined> {
  const link = await readlink(`/proc/self/fd/${fd}`).catch(() => '');
  const inode = /^socket:\[(\d+)\]$/.exec(link)?.[1];
  const listed = await run(['ss', '-Hlune'], { signal });
  const line = listed.split('\n').find((candidate) => candidate.split(/\s+/).includes(`ino:${inode}`));
  // UNCONN 0 0 0.0.0.0%eth0:67 0.0.0.0:* ino:12345 …
  return line?.split(/\s+/)[3];
}

/**
 * A socket bound to an address gets no broadcasts, and one bound to none cannot send to 255.255.255.255 where no
 * route leads there. So one listens to all, and one at the address sends, and hears what is sent to it alone.
 */
async function openPair(options: DhcpSocketOptions): Promise<DhcpSocket> {
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
    recvBufferSize: receiveBufferBytes,
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
    throw cannotOpen(options, error);
  }
}

function cannotOpen({ port, interface: device }: DhcpSocketOptions, cause: unknown): HostError {
  const code = (cause as NodeJS.ErrnoException).code ?? '';
  const hints: Readonly<Record<string, string>> = {
    EADDRINUSE: `Find who has it with "ss -lunp sport = :${port}" and stop that, for example "systemctl stop dnsmasq".`,
    EACCES: 'Ports below 1024 need root or CAP_NET_BIND_SERVICE: start the service with systemd or as root.',
  };
  const what =
    code === 'EADDRINUSE' ? `UDP port ${port} is taken, DHCP needs it` : `cannot open UDP port ${port} for DHCP`;
  const hint = hints[code];
  return new HostError(`${what} on ${device}`, { cause, ...(hint !== undefined && { hint }) });
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
          error === null ? resolve() : reject(cannotSend(to, error)),
        );
      }),
    close: async () => {
      receiver = undefined;
      for (const socket of sockets) await closed(socket);
    },
  };
}

function cannotSend(to: Endpoint, cause: Error): HostError {
  return new HostError(`cannot send to ${to.address}:${to.port}`, { cause });
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
