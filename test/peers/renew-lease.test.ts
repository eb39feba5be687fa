/** A running node keeps the address that a home router gave its board: overlays/base asks dnsmasq again. Needs root. */
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { dnsmasq } from '../support/dhcp-net.ts';
import { Namespaces, type NamespaceProgram } from '../support/namespaces.ts';

const program = path.resolve(import.meta.dirname, '../../overlays/base/files/usr/local/lib/pi-image/renew-lease');
const [mac, leased] = ['dc:a6:32:00:00:01', '10.42.0.57'];

const net = new Namespaces();
let facts: string;
beforeAll(async () => {
  // As the initramfs leaves them.
  facts = await mkdtemp(path.join(tmpdir(), 'renew-lease-'));
  await writeFile(path.join(facts, 'lease'), `end0 ${leased}\n`);
  await symlink('/bin/busybox', path.join(facts, 'busybox'));
  for (const name of ['router', 'board']) await net.add(name);
  await net.cable(
    { namespace: 'router', interface: 'eth0', address: '10.42.0.254/24' },
    { namespace: 'board', interface: 'end0', mac, address: `${leased}/24` },
  );
  await net.run('board', ['ip', 'route', 'add', 'default', 'via', '10.42.0.254']);
});
afterAll(async () => {
  await net.close();
  await rm(facts, { recursive: true });
});

/** @param reserved where it is another one for this board now */
async function router(reserved: readonly string[] = []): Promise<NamespaceProgram> {
  const given = ['--dhcp-range=10.42.0.50,10.42.0.60,2m', '--interface=eth0', ...reserved];
  const started = net.start('router', [...dnsmasq, '--bind-interfaces', '--no-ping', '--dhcp-authoritative', ...given]);
  await started.line(/DHCP, IP range/);
  return started;
}

const renewing = () => net.start('board', ['env', `PI_IMAGE_FACTS=${facts}`, program]);
const card = async () => [
  await net.run('board', ['ip', '-4', '-o', 'address', 'show', 'dev', 'end0']),
  await net.run('board', ['ip', 'route']),
];

test('it asks for the address that it has, renews it, and leaves the network card alone', async () => {
  const before = await card();
  const gives = await router();

  const client = renewing();
  await gives.line(new RegExp(String.raw`DHCPACK\(eth0\) ${leased} ${mac}`));
  await client.line(new RegExp(`lease of ${leased} obtained`));
  client.signal('SIGUSR1');
  await gives.line(new RegExp(String.raw`DHCPACK\(eth0\) ${leased} ${mac}`), 2);

  // A router that is away for a while takes nothing from it.
  await gives.stop();
  client.signal('SIGUSR1');
  await client.line(/renew/i, 2);
  expect(await card()).toEqual(before);
  await client.stop();
});

test('another address is told, and not taken', async () => {
  const before = await card();
  const gives = await router([`--dhcp-host=${mac},10.42.0.58`]);

  const client = renewing();

  expect(await client.line(/gives this node/)).toBe(
    `The DHCP server gives this node 10.42.0.58 now. It keeps ${leased}, over which its root comes: reserve its address there, and reboot it.`,
  );
  expect(await card()).toEqual(before);
  await client.stop();
  await gives.stop();
});
