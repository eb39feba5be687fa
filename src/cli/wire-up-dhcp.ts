/** DHCP as a part of the boot plane's thread: looks for other servers first and now and then, and answers on a socket that it keeps. */
import { once } from 'node:events';

import type { OpenDatagrams } from '../host/datagram/open.ts';
import { openDhcpSocket, type DhcpSocket } from '../host/dhcp-socket.ts';
import { HostError } from '../model/errors.ts';
import type { Ipv4Address } from '../model/ipv4.ts';
import type { MacAddress } from '../model/mac.ts';
import type { DhcpWho } from '../plan/dhcp-decision.ts';
import type { DhcpSign } from '../plan/dhcp-signs.ts';
import type { DhcpCounters } from '../serve/dhcp-counters.ts';
import type { DhcpDeps } from '../serve/dhcp-deps.ts';
import { serveDhcp } from '../serve/dhcp.ts';
import { findForeignDhcp, foreignDhcpError } from '../serve/foreign-dhcp.ts';
import type { PlaneThread } from '../serve/plane/thread.ts';
import type { RunPart } from '../serve/plane/thread-parts.ts';
import { encodeUdpFrame } from '../wire/udp-frame.ts';
import type { PlaneOptions } from './wire-up-plane.ts';
import { addressProbe } from './wire-up-probe.ts';

interface DhcpOptions {
  readonly admit: DhcpDeps['admit'];
  readonly datagrams: OpenDatagrams;
  readonly counters: DhcpCounters;
}

/** @param datagrams with the addon the socket belongs to the interface, and frames reach who has no address yet */
export function dhcpPart(
  plane: PlaneThread,
  options: PlaneOptions,
  { admit, datagrams, counters }: DhcpOptions,
): RunPart {
  const sockets = keptSockets(plane, options, datagrams);
  let isAlone = false;
  return async (signal, ready) => {
    const { network } = plane.site.current();
    if (network.dhcp === 'off') return idle(signal, ready);
    const findForeign = foreignFinder(plane, sockets);
    if (!isAlone && network.dhcp === 'server') {
      isAlone = await requireNoOther(plane, { ...options, findForeign, signal });
    }
    const socket = await sockets.open('dhcp', signal);
    ready();
    const looksAtOnce = !isAlone || options.allowForeignDhcp;
    const deps = dhcpDeps(plane, datagrams, signal);
    await serveDhcp({ socket, ...deps, admit, counters, findForeign, looksAtOnce }, signal);
    if (signal.aborted) await sockets.close();
  };
}

/** Somebody else does all of it: nothing here can go wrong. */
async function idle(signal: AbortSignal, ready: () => void): Promise<void> {
  ready();
  if (!signal.aborted) await once(signal, 'abort');
}

function dhcpDeps(
  plane: PlaneThread,
  datagrams: OpenDatagrams,
  signal: AbortSignal,
): Omit<DhcpDeps, 'socket' | 'admit' | 'counters' | 'findForeign' | 'looksAtOnce'> {
  const { site, log } = plane;
  return {
    site: () => {
      const { network, nodes, ports } = site.current();
      return { network, nodes, clientPort: ports.dhcpClient, serverPort: ports.dhcp, httpPort: ports.http };
    },
    leases: site.leases,
    record: (who) => recordWho(plane, who),
    sign: (who, sign) => signWho(plane, who, sign),
    conflict: (board) => plane.sign({ kind: 'conflict', board }),
    probe: addressProbe(site.current().network.interface, datagrams, signal),
    report: (problems) => plane.report('dhcp', problems),
    log,
    nowMs: () => Date.now(),
  };
}

function recordWho(plane: PlaneThread, who: DhcpWho): Promise<void> {
  if (who.kind === 'node') return plane.record({ kind: 'mac', node: who.node.name, mac: who.mac });
  const { board } = who;
  const isNew = (plane.site.leases.of(board.mac)?.recordedUntilMs ?? 0) === 0;
  return plane.record({ kind: 'board', board, isNew });
}

/** A boot begins before what was seen of it is counted. */
function signWho(plane: PlaneThread, who: DhcpWho, sign: DhcpSign): void {
  if (who.kind === 'unknown') {
    if (sign.kind === 'ack') plane.sign({ kind: 'board', board: who.board });
    return;
  }
  const { node, mac, isFirmwareDiscover } = who;
  if (sign.kind === 'discover' && isFirmwareDiscover) plane.sign({ kind: 'discover', node: node.name, mac });
  plane.sign({ kind: 'seen', node: node.name, mac, sign });
}

type SocketName = 'dhcp' | 'dhcp-client';

interface Sockets {
  readonly open: (name: SocketName, signal: AbortSignal) => Promise<DhcpSocket>;
  /** Gives the port back, where it was not systemd's. */
  readonly release: (name: SocketName) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** One that systemd handed over cannot be opened twice: both are kept as long as the thread lives. */
function keptSockets(
  { site, giveUp }: PlaneThread,
  { inherited, hasLostInherited }: PlaneOptions,
  datagrams: OpenDatagrams,
): Sockets {
  const addon = datagrams.kind === 'addon' ? { datagrams, encodeFrame: encodeUdpFrame } : undefined;
  const kept = new Map<SocketName, DhcpSocket>();
  const open = async (name: SocketName, signal: AbortSignal): Promise<DhcpSocket> => {
    const { network, ports } = site.current();
    const port = name === 'dhcp' ? ports.dhcp : ports.dhcpClient;
    const { address } = network.address;
    try {
      return await openDhcpSocket({ interface: network.interface, address, port, name, inherited, addon, signal });
    } catch (error) {
      if (hasLostInherited && !signal.aborted) giveUp(lostSocket(error));
      throw error;
    }
  };
  return {
    open: async (name, signal) => {
      const socket = kept.get(name) ?? (await open(name, signal));
      kept.set(name, socket);
      return socket;
    },
    release: async (name) => {
      if (inherited.some((socket) => socket.name === name)) return;
      await kept.get(name)?.close();
      kept.delete(name);
    },
    close: async () => {
      for (const socket of kept.values()) await socket.close();
      kept.clear();
    },
  };
}

/** Only a new process gets the socket again. */
function lostSocket(cause: unknown): HostError {
  return new HostError('the DHCP socket from systemd went with the thread that had it', {
    cause,
    hint: 'The service ends, so that systemd starts it with its sockets again.',
  });
}

type FindForeign = NonNullable<DhcpDeps['findForeign']>;

/** The port of clients is ours only while we ask: this machine may be one itself, on another network. */
function foreignFinder({ site }: PlaneThread, sockets: Sockets): FindForeign {
  return async (asks: (mac: MacAddress) => void, signal): Promise<readonly Ipv4Address[]> => {
    const { network, ports } = site.current();
    const clientSocket = await sockets.open('dhcp-client', signal);
    try {
      const ours = network.address.address;
      return await findForeignDhcp({ clientSocket, ours, serverPort: ports.dhcp, signal, asks });
    } finally {
      await sockets.release('dhcp-client');
    }
  };
}

/** A foreign server ends the whole service, once it has been found at the start. */
async function requireNoOther(
  { site, log, giveUp }: PlaneThread,
  { allowForeignDhcp, findForeign, signal }: PlaneOptions & { findForeign: FindForeign; signal: AbortSignal },
): Promise<boolean> {
  // Whoever knows of the other server need not wait for it; the look while serving tells it.
  if (allowForeignDhcp) {
    log.warn('dhcp.foreign-allowed', { reason: 'other servers are not looked for before this one answers' });
    return true;
  }
  const servers = await findForeign(() => undefined, signal);
  if (servers.length === 0) return true;
  const error = foreignDhcpError(servers, site.current().network.interface);
  giveUp(error);
  throw error;
}
