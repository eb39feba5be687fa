/** A home network in QEMU: dnsmasq gives the addresses, `dhcp: proxy` the rest, and a node runs at an address of dnsmasq's. Needs root. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterAll, beforeAll, expect, test, vi } from 'vitest';

import type { NodeAnswer } from '../../src/api/actions.ts';
import { run } from '../../src/host/process.ts';
import { dnsmasq } from '../support/dhcp-net.ts';
import { buildImage, imageState, piImage, processesWith } from '../support/pi-image.ts';

const spec = `image: debian-lite
boards:
  - { name: head, role: controller }
  - { name: home, role: login, board: pi4 }
`;
const [mac, leased] = ['dc:a6:32:00:ac:02', '10.42.0.57'];

let dir: string;
let router: ChildProcess | undefined;
let said = '';

beforeAll(async () => {
  await buildImage();
  dir = await mkdtemp(path.join(tmpdir(), 'pi-image-proxy-'));
  await writeFile(path.join(dir, 'rack.yaml'), spec);
  await mustWork('--state', imageState, 'rack', 'up', '--dir', dir, '-f', path.join(dir, 'rack.yaml'));
  await startRouter();
  await leaveAddressesToIt();
});

afterAll(async () => {
  router?.kill('SIGTERM');
  await piImage(['rack', 'down', '--dir', dir]);
  await rm(dir, { recursive: true, force: true });
});

async function mustWork(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await piImage(args);
  if (code !== 0) throw new Error(stderr);
  return stdout;
}

/** On the rack's switch, of which the rack's first process has the namespace. */
async function startRouter(): Promise<void> {
  const record = JSON.parse(await readFile(path.join(dir, 'rack.json'), 'utf8')) as { process: { pid: number } };
  const inside = ['nsenter', `--net=/proc/${record.process.pid}/ns/net`, '--'] as const;
  const address = ['address', 'add', '10.42.0.254/24', 'dev', 'switch'];
  await run([...inside, 'ip', ...address], { signal: AbortSignal.timeout(10_000) });
  const given = ['--bind-interfaces', '--no-ping', '--interface=switch', `--dhcp-range=${leased},${leased},1h`];
  const [program, ...args] = [...inside, ...dnsmasq, ...given];
  router = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  router.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  await once(router, 'spawn');
  await vi.waitFor(() => expect(said).toContain('DHCP, IP range'), { timeout: 10_000 });
}

/** A running service cannot follow: the rack starts it again, as systemd would. */
async function leaveAddressesToIt(): Promise<void> {
  const cluster = path.join(dir, 'cluster.yaml');
  const before = await readFile(cluster, 'utf8');
  await writeFile(cluster, before.replace(/^ {2}pool: .*$/m, '  dhcp: proxy'));
  const service = (await processesWith(path.join(dir, 'state'))).find(({ commandLine }) =>
    commandLine.includes('serve'),
  );
  if (service === undefined) throw new Error('the rack has no service');
  process.kill(service.pid, 'SIGTERM');
  const log = () => readFile(path.join(dir, 'logs', 'service.log'), 'utf8');
  const starts = async () => (await log()).split('part.ready part=dhcp').length - 1;
  await vi.waitFor(async () => expect(await starts()).toBe(2), { timeout: 30_000, interval: 200 });
}

async function node(): Promise<NodeAnswer> {
  const paths = ['--runtime', path.join(dir, 'run'), '--state', path.join(dir, 'state')];
  return JSON.parse(await mustWork(...paths, 'node', 'show', 'home', '-o', 'json')) as NodeAnswer;
}

const phases = async () => (await node()).status.lastBoot?.phases.map(({ phase }) => phase) ?? [];
const given = () => said.split(`DHCPACK(switch) ${leased} ${mac}`).length - 1;

test('it boots at the address of the router, which its running system renews', async () => {
  await mustWork('rack', 'boot', 'home', '--dir', dir);

  await expect.poll(phases, { timeout: 300_000, interval: 1000 }).toContain('userspace');
  expect((await node()).status.address).toBe(leased);
  // One each for its firmware and its initramfs, and one that only a running system asks for.
  await expect.poll(given, { timeout: 300_000, interval: 500 }).toBe(3);
});
