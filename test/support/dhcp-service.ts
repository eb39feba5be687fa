/**
 * The real DHCP service as a program, for a network namespace: opens the socket, looks for foreign servers, serves.
 * Says on stdout, a line each: `ready`, `record {…}`, `log {…}`, `foreign [...]` or `error {…}`. Ends on SIGTERM.
 */
import { addressProbe } from '../../src/cli/wire-up-probe.ts';
import { openDatagrams } from '../../src/host/datagram/open.ts';
import { openDhcpSocket, type DhcpSocketOptions } from '../../src/host/dhcp-socket.ts';
import { parseListenFds } from '../../src/host/systemd-sockets.ts';
import { PiImageError } from '../../src/model/errors.ts';
import { NodeList } from '../../src/model/node.ts';
import type { DhcpWho } from '../../src/plan/dhcp-decision.ts';
import { Leases } from '../../src/plan/leases.ts';
import { serveDhcp } from '../../src/serve/dhcp.ts';
import { encodeUdpFrame } from '../../src/wire/udp-frame.ts';
import { findForeignDhcp, foreignDhcpError } from '../../src/serve/foreign-dhcp.ts';
import { sampleCluster } from './sample-view.ts';

export interface DhcpServiceInput {
  readonly interface: string;
  /** With its prefix length. */
  readonly address: string;
  readonly pool: string;
  /** Further keys of `network` in cluster.yaml. */
  readonly network?: object;
  readonly nodes: readonly object[];
  /** Asks whether there is another server first; it takes seconds. */
  readonly looksForForeign: boolean;
  /** undefined: as a service does by itself. */
  readonly datagrams?: 'addon' | 'plain';
  /** Looks for it while it answers. */
  readonly looksWhileServing?: boolean;
}

const say = (word: string, value?: unknown) => {
  process.stdout.write(value === undefined ? `${word}\n` : `${word} ${JSON.stringify(value)}\n`);
};

async function main(input: DhcpServiceInput): Promise<void> {
  const stop = new AbortController();
  process.once('SIGTERM', () => stop.abort(new Error('stopped by SIGTERM')));
  const { network, ports } = sampleCluster({
    network: { interface: input.interface, address: input.address, pool: input.pool, ...input.network },
  });
  const datagrams = openDatagrams(input.datagrams);
  const options: SocketOptions = {
    interface: network.interface,
    address: network.address.address,
    inherited: parseListenFds(process.env, process.pid),
    addon: datagrams.kind === 'addon' ? { datagrams, encodeFrame: encodeUdpFrame } : undefined,
    signal: stop.signal,
  };
  const socket = await openDhcpSocket({ ...options, name: 'dhcp', port: ports.dhcp });
  try {
    if (input.looksForForeign) await refuseForeign(options, { server: ports.dhcp, client: ports.dhcpClient });
    const nodes = NodeList.parse(input.nodes);
    const record = (who: DhcpWho): Promise<void> => {
      say('record', who);
      return Promise.resolve();
    };
    const write = (event: string, fields?: object) => say('log', { event, ...fields });
    const site = () => ({ network, clientPort: ports.dhcpClient, serverPort: ports.dhcp, nodes });
    say('ready');
    await serveDhcp(
      {
        socket,
        site,
        leases: new Leases(),
        record,
        sign: () => undefined,
        admit: () => ({ kind: 'now' }),
        probe: addressProbe(network.interface, datagrams, stop.signal),
        report: (problems) => say('problems', problems),
        looksAtOnce: input.looksWhileServing === true,
        findForeign: async (asks, signal) => {
          const clientSocket = await openDhcpSocket({ ...options, name: 'dhcp-client', port: ports.dhcpClient });
          const ours = network.address.address;
          const found = await findForeignDhcp({ clientSocket, ours, serverPort: ports.dhcp, signal, asks });
          await clientSocket.close();
          return found;
        },
        log: { info: write, warn: write },
      },
      stop.signal,
    );
  } finally {
    await socket.close();
  }
}

type SocketOptions = Omit<DhcpSocketOptions, 'name' | 'port'>;

async function refuseForeign(options: SocketOptions, ports: { server: number; client: number }): Promise<void> {
  const clientSocket = await openDhcpSocket({ ...options, name: 'dhcp-client', port: ports.client });
  try {
    const { signal, address: ours } = options;
    const found = await findForeignDhcp({ clientSocket, ours, serverPort: ports.server, signal });
    say('foreign', found);
    if (found.length > 0) throw foreignDhcpError(found, options.interface);
  } finally {
    await clientSocket.close();
  }
}

try {
  await main(JSON.parse(process.argv[2] ?? '') as DhcpServiceInput);
} catch (error) {
  if (!(error instanceof PiImageError)) throw error;
  say('error', {
    message: error.message,
    hint: error.hint,
    cause: error.cause instanceof Error ? error.cause.message : undefined,
  });
  process.exitCode = 1;
}
