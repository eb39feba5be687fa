/** The real DHCP and TFTP services for one board, from a folder of files; runs in a namespace with eth0 only. */
import { stat } from 'node:fs/promises';
import path from 'node:path';

import { openDatagrams } from '../../src/host/datagram/open.ts';
import { openDhcpSocket } from '../../src/host/dhcp-socket.ts';
import { logTo } from '../../src/host/log.ts';
import { Cluster } from '../../src/model/cluster.ts';
import { parseIpv4 } from '../../src/model/ipv4.ts';
import { NodeSpec } from '../../src/model/node.ts';
import { Leases } from '../../src/plan/leases.ts';
import { serveDhcp } from '../../src/serve/dhcp.ts';
import { serveTftp, type TftpContent } from '../../src/serve/tftp.ts';

const [dir = '', serial = ''] = process.argv.slice(2);
const signal = new AbortController().signal;
const log = logTo(process.stdout);
const address = parseIpv4('10.42.0.1');

const { network } = Cluster.parse({
  cluster: 'test',
  network: { interface: 'eth0', address: '10.42.0.1/24', pool: '10.42.0.200-10.42.0.239' },
  roles: {},
});
const node = NodeSpec.parse({ name: 'node01', board: 'pi4', role: 'compute', address: '10.42.0.11', serial });

async function find(name: string): Promise<TftpContent> {
  const file = path.join(dir, name.replace(`${serial}/`, ''));
  const found = await stat(file).catch(() => undefined);
  return found === undefined
    ? { kind: 'missing', reason: 'no such file' }
    : { kind: 'file', path: file, sizeBytes: found.size };
}

const socket = await openDhcpSocket({ interface: 'eth0', address, port: 67, name: 'dhcp', inherited: [], signal });
await Promise.all([
  serveDhcp(
    {
      socket,
      site: () => ({ network, nodes: [node], clientPort: 68, serverPort: 67 }),
      leases: new Leases(),
      record: () => Promise.resolve(),
      sign: () => undefined,
      admit: () => ({ kind: 'now' }),
      probe: () => Promise.resolve('free'),
      report: () => undefined,
      log,
      nowMs: () => Date.now(),
    },
    signal,
  ),
  serveTftp({ address, port: 69, datagrams: openDatagrams(), find, served: () => undefined, log }, signal),
]);
