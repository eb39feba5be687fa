/** A home network in QEMU: dnsmasq gives the addresses, `dhcp: proxy` the rest, and a node runs at an address of dnsmasq's. Needs root. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterAll, beforeAll, expect, test, vi } from 'vitest';

import type { NodeAnswer } from '../../src/api/actions.ts';
import { apiSocket } from '../../src/cli/api-client.ts';
import { ask } from '../support/ask-service.ts';
import { dnsmasq } from '../support/dhcp-net.ts';
import type { Namespaces, NamespaceProgram } from '../support/namespaces.ts';
import { buildImage, imageState, piImage, piImageWorks, processesWith } from '../support/pi-image.ts';
import { besideRack, rackSwitch } from '../support/rack-switch.ts';

const spec = `image: debian-lite
boards:
  - { name: head, role: controller }
  - { name: home, role: login, board: pi4 }
`;
const [mac, leased] = ['dc:a6:32:00:ac:02', '10.42.0.57'];

let dir: string;
let net: Namespaces | undefined;
let router: NamespaceProgram | undefined;

beforeAll(async () => {
  await buildImage();
  dir = await mkdtemp(path.join(tmpdir(), 'pi-image-proxy-'));
  await writeFile(path.join(dir, 'rack.yaml'), spec);
  await piImageWorks('--state', imageState, 'rack', 'up', '--dir', dir, '-f', path.join(dir, 'rack.yaml'));
  await startRouter();
  await leaveAddressesToIt();
});

afterAll(async () => {
  await net?.close();
  await piImage(['rack', 'down', '--dir', dir]);
  await rm(dir, { recursive: true, force: true });
});

async function startRouter(): Promise<void> {
  net = await besideRack(dir);
  await net.run(rackSwitch, ['ip', 'address', 'add', '10.42.0.254/24', 'dev', rackSwitch]);
  const given = ['--bind-interfaces', '--no-ping', `--interface=${rackSwitch}`, `--dhcp-range=${leased},${leased},1h`];
  router = net.start(rackSwitch, [...dnsmasq, ...given]);
  await router.line(/DHCP, IP range/);
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
  await vi.waitFor(async () => expect(await starts()).toBe(2), { timeout: 180_000, interval: 200 });
}

const node = async () => (await ask(apiSocket(path.join(dir, 'run')), '/nodes/home')) as NodeAnswer;

const phases = async () => (await node()).status.lastBoot?.phases.map(({ phase }) => phase) ?? [];
const given = () => router?.lines.filter((line) => line.includes(`DHCPACK(switch) ${leased} ${mac}`)).length ?? 0;

test('it boots at the address of the router, which its running system renews', async () => {
  await piImageWorks('rack', 'boot', 'home', '--dir', dir);

  await expect.poll(phases, { timeout: 900_000, interval: 1000 }).toContain('overlay');
  expect((await node()).status.address).toBe(leased);
  // Firmware and initramfs have theirs: only the running system asks again.
  const before = given();
  expect(before).toBeGreaterThan(1);
  await expect.poll(given, { timeout: 900_000, interval: 500 }).toBeGreaterThan(before);
});
