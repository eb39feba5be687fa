/** DHCP as a part of the boot plane's thread: first looks for other servers, then answers on a socket that it keeps. */
import { openDhcpSocket, type DhcpSocket } from '../host/dhcp-socket.ts';
import { HostError } from '../model/errors.ts';
import type { DhcpWho } from '../plan/dhcp-reply.ts';
import { serveDhcp } from '../serve/dhcp.ts';
import { findForeignDhcp, foreignDhcpError } from '../serve/foreign-dhcp.ts';
import type { PlaneThread } from '../serve/plane/thread.ts';
import type { RunPart } from '../serve/plane/thread-parts.ts';
import type { PlaneOptions } from './wire-up-plane.ts';

export function dhcpPart(plane: PlaneThread, options: PlaneOptions): RunPart {
  const { site, log } = plane;
  const sockets = keptSockets(plane, options);
  const dhcpSite = () => {
    const { network, nodes, ports } = site.current();
    return { network, nodes, unknownBoards: site.unknownBoards(), clientPort: ports.dhcpClient };
  };
  let isAlone = false;
  return async (signal, ready) => {
    if (!isAlone) isAlone = await requireNoOther(plane, { ...options, sockets, signal });
    const socket = await sockets.open('dhcp', signal);
    ready();
    const record = (who: DhcpWho) => recordWho(plane, who);
    await serveDhcp({ socket, site: dhcpSite, record, log, nowMs: () => Date.now() }, signal);
    if (signal.aborted) await sockets.close();
  };
}

/** What must be on the disk before the answer is waited for; the rest is only told. */
async function recordWho(plane: PlaneThread, who: DhcpWho): Promise<void> {
  if (who.kind === 'unknown') {
    const { board } = who;
    if (plane.site.hasBoard(board)) return plane.sign({ kind: 'board', board });
    return plane.record({ kind: 'board', board });
  }
  const { node, mac, learnsMac, isFirmwareDiscover } = who;
  if (learnsMac) await plane.record({ kind: 'mac', node: node.name, mac });
  if (isFirmwareDiscover) plane.sign({ kind: 'discover', node: node.name, mac });
}

interface Sockets {
  readonly open: (name: 'dhcp' | 'dhcp-client', signal: AbortSignal) => Promise<DhcpSocket>;
  readonly close: () => Promise<void>;
}

/** One that systemd handed over cannot be opened twice: both are kept as long as the thread lives. */
function keptSockets({ site, giveUp }: PlaneThread, { inherited, hasLostInherited }: PlaneOptions): Sockets {
  const kept = new Map<string, DhcpSocket>();
  const open = async (name: 'dhcp' | 'dhcp-client', signal: AbortSignal): Promise<DhcpSocket> => {
    const { network, ports } = site.current();
    const port = name === 'dhcp' ? ports.dhcp : ports.dhcpClient;
    const { address } = network.address;
    try {
      return await openDhcpSocket({ interface: network.interface, address, port, name, inherited, signal });
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

/** A foreign server ends the whole service, once it has been found at the start. */
async function requireNoOther(
  { site, log, giveUp }: PlaneThread,
  { allowForeignDhcp, sockets, signal }: PlaneOptions & { sockets: Sockets; signal: AbortSignal },
): Promise<boolean> {
  const { network, ports } = site.current();
  const clientSocket = await sockets.open('dhcp-client', signal);
  const servers = await findForeignDhcp({
    clientSocket,
    ours: network.address.address,
    serverPort: ports.dhcp,
    signal,
  });
  if (servers.length === 0) return true;
  const error = foreignDhcpError(servers, network.interface);
  if (!allowForeignDhcp) {
    giveUp(error);
    throw error;
  }
  log.warn('dhcp.foreign-allowed', { servers, reason: error.message });
  return true;
}
