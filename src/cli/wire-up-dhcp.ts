/** DHCP as a part of the service: first looks for other servers, then answers on a socket that it keeps. */
import { openDhcpSocket, type DhcpSocket } from '../host/dhcp-socket.ts';
import { serveDhcp } from '../serve/dhcp.ts';
import { dhcpRecorder } from '../serve/dhcp-record.ts';
import { findForeignDhcp, foreignDhcpError } from '../serve/foreign-dhcp.ts';
import type { Part } from '../serve/supervise.ts';
import type { PartsOptions } from './wire-up-parts.ts';
import type { Service } from './wire-up.ts';

type Options = Pick<PartsOptions, 'allowForeignDhcp' | 'inherited' | 'log' | 'giveUp'>;

const now = () => Date.now();

export function dhcpPart(service: Service, options: Options): Part {
  const { site, state, boots } = service;
  const { log } = options;
  const record = dhcpRecorder({ site, state, boots, now, log });
  const sockets = keptSockets(service, options);
  let isAlone = false;
  const run: Part['run'] = async (signal, ready) => {
    if (!isAlone) isAlone = await requireNoOther(service, { ...options, sockets, signal });
    const socket = await sockets.open('dhcp', signal);
    ready();
    const { ports } = site.view().cluster;
    const dhcpSite = () => {
      const { cluster, nodes } = site.view();
      return {
        network: cluster.network,
        nodes,
        unknownBoards: state.current().unknownBoards,
        clientPort: ports.dhcpClient,
      };
    };
    await serveDhcp({ socket, site: dhcpSite, record, log, nowMs: now }, signal);
    if (signal.aborted) await sockets.close();
  };
  return { name: 'dhcp', run };
}

interface Sockets {
  readonly open: (name: 'dhcp' | 'dhcp-client', signal: AbortSignal) => Promise<DhcpSocket>;
  readonly close: () => Promise<void>;
}

/** One that systemd handed over cannot be opened twice: both are kept as long as the process lives. */
function keptSockets({ site }: Service, { inherited }: Options): Sockets {
  const { network, ports } = site.view().cluster;
  const kept = new Map<string, DhcpSocket>();
  return {
    open: async (name, signal) => {
      const port = name === 'dhcp' ? ports.dhcp : ports.dhcpClient;
      const address = network.address.address;
      const socket =
        kept.get(name) ??
        (await openDhcpSocket({ interface: network.interface, address, port, name, inherited, signal }));
      kept.set(name, socket);
      return socket;
    },
    close: async () => {
      for (const socket of kept.values()) await socket.close();
      kept.clear();
    },
  };
}

/** A foreign server ends the whole service, once it has been found at the start. */
async function requireNoOther(
  { site }: Service,
  { allowForeignDhcp, sockets, signal, log, giveUp }: Options & { sockets: Sockets; signal: AbortSignal },
): Promise<boolean> {
  const { network, ports } = site.view().cluster;
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
