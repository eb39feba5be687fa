/**
 * The UDP socket that DHCP is spoken on: it hears what comes in by one interface and by no other.
 *
 * The addon binds its socket to the interface. Node cannot: there, either systemd did it and handed the socket over, or
 * the interface is the only one beside loopback, as in a network namespace. Anything else would answer other networks.
 */
import { readlink } from 'node:fs/promises';

import { HostError } from '../model/errors.ts';
import type { Ipv4Address } from '../model/ipv4.ts';
import type { MacAddress } from '../model/mac.ts';
import type { Endpoint } from './datagram/port.ts';
import { openAddonSocket, type AddonSocketDeps } from './dhcp-socket-addon.ts';
import { adoptPlainSocket, openPlainPair } from './dhcp-socket-plain.ts';
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
  /** Undefined: Node's own sockets. */
  readonly addon?: AddonSocketDeps | undefined;
  readonly signal: AbortSignal;
}

export interface DhcpReceiver {
  readonly received: (bytes: Uint8Array, from: Endpoint) => void;
  /** One datagram was lost to an error; the socket goes on. */
  readonly failed: (error: Error) => void;
}

/** With `mac` the client has no address yet: nobody could find out its hardware address. */
interface DhcpDestination extends Endpoint {
  readonly mac?: MacAddress;
}

export interface DhcpSocket {
  /** Who gets what comes in from now on; undefined: nobody. */
  receive(receiver: DhcpReceiver | undefined): void;
  send(bytes: Uint8Array, to: DhcpDestination): Promise<void>;
  /** An inherited socket is gone for good then: open it once and keep it while the process lives. */
  close(): Promise<void>;
}

/** @throws HostError with the cure; nothing is left open then, and it may be tried again. */
export async function openDhcpSocket(options: DhcpSocketOptions): Promise<DhcpSocket> {
  const { addon, signal } = options;
  const interfaces = await readInterfaces(signal);
  requireAddress(interfaces, options.interface, options.address);
  const inherited = options.inherited.find((socket) => socket.name === options.name);
  if (inherited !== undefined) {
    await requireBound(inherited, options);
    return addon === undefined
      ? adoptPlainSocket(inherited.fd, options)
      : openAddonSocket(addon, options, inherited.fd);
  }
  if (addon !== undefined) return openAddonSocket(addon, options);
  const others = otherInterfaces(interfaces, options.interface);
  if (others.length > 0) {
    throw new HostError(`DHCP on ${options.interface} would also answer on ${names(others)}`, {
      hint: 'Run "systemctl enable --now pi-image-dhcp.socket", which binds the socket to the interface, or run in a network namespace that has only that one.',
    });
  }
  return openPlainPair(options);
}

async function requireBound({ fd }: InheritedSocket, options: DhcpSocketOptions): Promise<void> {
  const { interface: device, port, signal } = options;
  const bound = await boundTo(fd, signal);
  const wanted = `0.0.0.0%${device}:${port}`;
  if (bound === wanted) return;
  throw new HostError(
    `the DHCP socket from systemd is bound to ${bound ?? 'nothing that is UDP'} and not to ${wanted}`,
    {
      hint: `Set BindToDevice=${device} and ListenDatagram=0.0.0.0:${port} with "systemctl edit pi-image-dhcp.socket", then restart it.`,
    },
  );
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
