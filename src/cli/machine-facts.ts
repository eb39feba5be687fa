/** Gathers what the doctor's rules about this machine look at. */
import { hostname } from 'node:os';
import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { imagesDir, listImages } from '../host/image-store.ts';
import { readInterfaces } from '../host/interfaces.ts';
import { readListeners } from '../host/listeners.ts';
import { readMachineNetwork } from '../host/machine-network.ts';
import {
  isClockSynchronised,
  readDiskSpace,
  readFirewall,
  readForwardDelay,
  tryConnect,
  writtenAtMs,
} from '../host/machine-state.ts';
import type { Cluster } from '../model/cluster.ts';
import { renderInterface } from '../model/ipv4.ts';
import type { ServedPort } from '../plan/firewall.ts';
import type { MachineFacts } from '../plan/doctor-rules.ts';
import type { Paths } from './context.ts';
import { nfsExporters } from './wire-up-nfs.ts';

const connectMs = 3000;

export async function gatherMachineFacts(cluster: Cluster, paths: Paths, signal: AbortSignal): Promise<MachineFacts> {
  const { network, ports } = cluster;
  const [found, listeners, firewall, nfs, state, latestKnownMs, synchronised] = await Promise.all([
    readInterface(network.interface, signal),
    readListeners(signal).catch(() => []),
    readFirewall(signal),
    askNfs(cluster, paths),
    readDiskSpace(paths.state),
    latestKnown(paths),
    isClockSynchronised(signal),
  ]);
  return {
    hostName: hostname(),
    interface: network.interface,
    address: renderInterface(network.address),
    found,
    own: { pid: await servicePid(paths), programs: ['ganesha.nfsd', 'systemd', 'chronyd'] },
    ports: servedPorts(cluster, ports),
    listeners,
    firewall,
    nfs,
    disks: [state],
    nowMs: Date.now(),
    latestKnownMs,
    isClockSynchronised: synchronised,
  };
}

function servedPorts({ network }: Cluster, ports: Cluster['ports']): ServedPort[] {
  const dhcp: ServedPort[] = network.dhcp === 'off' ? [] : [{ protocol: 'udp', port: ports.dhcp, what: 'addresses' }];
  return [
    ...dhcp,
    { protocol: 'udp', port: ports.tftp, what: 'boot files' },
    { protocol: 'tcp', port: ports.http, what: 'overlays and reports' },
    { protocol: 'tcp', port: ports.nfs, what: 'roots' },
  ];
}

async function readInterface(name: string, signal: AbortSignal): Promise<MachineFacts['found']> {
  const [interfaces, machine] = await Promise.all([readInterfaces(signal), readMachineNetwork(signal)]);
  const known = machine.interfaces.find((each) => each.name === name);
  const isUp = interfaces.find((each) => each.name === name)?.isUp;
  if (known === undefined || isUp === undefined) return undefined;
  const forwardDelaySeconds = await readForwardDelay(name);
  return { isUp: isUp && known.hasCable, forwardDelaySeconds, addresses: known.addresses };
}

/** undefined when none runs: then the service has never begun to export. */
async function askNfs({ network, ports }: Cluster, paths: Paths): Promise<MachineFacts['nfs']> {
  const { address } = network.address;
  const exporters = Object.values(nfsExporters(paths, { address, port: ports.nfs }));
  const states = await Promise.all(exporters.map((exporter) => exporter.status()));
  if (!states.some(({ kind }) => kind === 'running')) return undefined;
  return tryConnect(address, ports.nfs, connectMs);
}

/** The lock names whoever has it last, so it is believed only while that is a service. */
async function servicePid(paths: Paths): Promise<number | undefined> {
  const text = await readFile(path.join(paths.state, 'lock'), 'utf8').catch(() => '');
  const pid = /^pi-image serve, process (\d+)$/m.exec(text)?.[1];
  return pid === undefined ? undefined : Number(pid);
}

/** Images were built, and state was written, before now. */
async function latestKnown(paths: Paths): Promise<number> {
  const images = await listImages(imagesDir(paths.state)).catch(() => new Map<string, never[]>());
  const built = [...images.values()].flat().map(({ builtAt }) => Date.parse(builtAt));
  const written = await writtenAtMs(path.join(paths.state, 'state.db'));
  return Math.max(0, written, ...built.filter((ms) => !Number.isNaN(ms)));
}
