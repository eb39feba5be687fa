/** What is wrong with the machine that serves: each fault is made in a namespace, and the command names it. Needs root. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { Argv } from '../../src/host/process.ts';
import { renderYaml } from '../../src/host/yaml-file.ts';
import type { Finding } from '../../src/model/diagnosis.ts';
import { dnsmasq } from '../support/dhcp-net.ts';
import { Namespaces } from '../support/namespaces.ts';
import { ServeFixture, storageAddress } from '../support/serve-fixture.ts';

const main = path.resolve(import.meta.dirname, '../../src/cli/main.ts');
const network = { address: `${storageAddress}/24`, pool: '10.42.0.200-10.42.0.239' };

let dir: string;
const open: Namespaces[] = [];
beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'doctor-machine-'));
  // As timedatectl prints it where no time server was heard.
  await mkdir(path.join(dir, 'bin'));
  await writeFile(path.join(dir, 'bin', 'timedatectl'), '#!/bin/sh\necho no\n', { mode: 0o755 });
});
afterAll(async () => {
  for (const net of open) await net.close();
  await rm(dir, { recursive: true });
});

interface Fault {
  readonly says: RegExp;
  /** On the storage node, before it is asked. */
  readonly commands?: readonly Argv[];
  readonly starts?: { readonly argv: readonly string[]; readonly line: RegExp };
  /** Stands before the command. */
  readonly before?: readonly string[];
  readonly interface?: string;
}

/** What the command prints of a storage node of its own, as `rule: cause`. */
async function findOn(fault: Fault, at: string): Promise<string[]> {
  const { commands = [], starts, before = [], interface: device = 'eth0' } = fault;
  const net = new Namespaces();
  open.push(net);
  await net.add('storage');
  await net.add('board');
  const storage = { namespace: 'storage', interface: 'eth0', address: `${storageAddress}/24` };
  await net.cable(storage, { namespace: 'board', interface: 'end0' });
  for (const argv of commands) await net.run('storage', argv);
  if (starts !== undefined) await net.start('storage', starts.argv).line(starts.line);
  const folder = (name: string) => path.join(dir, at, name);
  await mkdir(folder('state'), { recursive: true });
  const cluster = { cluster: 'plum', network: { ...network, interface: device }, roles: {} };
  await writeFile(folder('cluster.yaml'), renderYaml(cluster));
  const paths = ['--config', folder('cluster.yaml'), '--state', folder('state'), '--runtime', folder('run')];
  return ask(net, [...before, process.execPath, '--import', 'tsx', main, ...paths], folder('state'));
}

async function ask(net: Namespaces, piImage: readonly string[], state = ''): Promise<string[]> {
  // Something is wrong, and it ends with that.
  const anyway = ['sh', '-c', '"$@" doctor -o json || true', 'sh'];
  const said = await net.run('storage', ['env', `STATE=${state}`, ...anyway, ...piImage]);
  const { findings } = JSON.parse(said) as { findings: readonly Finding[] };
  return findings.map(({ rule, cause }) => `${rule}: ${cause}`);
}

const ip = (...args: readonly string[]): Argv => ['ip', ...args];

/** In a mount namespace that ends with the command. */
function onDiskOf(size: string): string[] {
  const script = `mount -t tmpfs -o size=${size} none "$STATE" && exec "$@"`;
  return ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', script, 'sh'];
}

/** Programs of the test stand before those of the machine. */
const ownPrograms = ['sh', '-c', 'PATH="$STATE/../../bin:$PATH"; exec "$@"', 'sh'];

const dropAll = 'add table inet t; add chain inet t input { type filter hook input priority 0; policy drop; }';

describe('the machine', () => {
  test.concurrent.each<[string, Fault]>([
    ['has no such interface', { interface: 'eth9', says: /^no-interface: this machine has no interface eth9$/ }],
    [
      'has its interface down',
      { commands: [ip('link', 'set', 'eth0', 'down')], says: /^interface-down: eth0 is down, or has no cable$/ },
    ],
    [
      'lost its address',
      {
        commands: [ip('address', 'flush', 'dev', 'eth0')],
        says: /^no-address: eth0 of this machine does not have 10\.42\.0\.1\/24$/,
      },
    ],
    [
      'has a bridge with spanning tree',
      {
        commands: [
          ip('address', 'flush', 'dev', 'eth0'),
          ip('link', 'add', 'br0', 'type', 'bridge', 'stp_state', '1', 'forward_delay', '1500'),
          ip('link', 'set', 'eth0', 'master', 'br0'),
          ip('address', 'add', `${storageAddress}/24`, 'dev', 'br0'),
          ip('link', 'set', 'br0', 'up'),
        ],
        interface: 'br0',
        says: /^bridge-delay: the bridge br0 lets nothing through for 30 s after a link came up$/,
      },
    ],
    [
      'runs another DHCP server',
      {
        starts: { argv: [...dnsmasq, '--dhcp-range=10.42.0.50,10.42.0.60,1h'], line: /DHCP, IP range/ },
        says: /^port-taken: dnsmasq \(process \d+\) is at UDP port 67$/,
      },
    ],
    [
      'drops what boards send',
      { commands: [['nft', dropAll]], says: /^firewall: the firewall seems to drop UDP port 69 \(boot files\)$/ },
    ],
    [
      'has no space left',
      {
        before: onDiskOf('100m'),
        says: /^disk-full: \S+ has only 0\.1 GB free: changes of the state may be refused$/,
      },
    ],
    [
      'has little space left',
      { before: onDiskOf('1g'), says: /^disk-low: \S+ has 1\.1 GB free, which is too little for a build$/ },
    ],
    [
      'has a clock that nobody sets',
      {
        before: ownPrograms,
        says: /^clock-free: the clock of this machine follows no time server$/,
      },
    ],
    ['runs no service', { says: /^no-service: no service runs here$/ }],
  ])('%s', async (name, fault) => {
    const found = await findOn(fault, name.replaceAll(' ', '-'));

    expect(found).toContainEqual(expect.stringMatching(fault.says));
  });
});

test('beside a service: NFS at another port than cluster.yaml says, and a clock that has lost its battery', async () => {
  const site = new ServeFixture();
  try {
    await site.open();
    await site.serve('--no-time');
    await site.writeCluster({ ports: { nfs: 2050 } });

    const found = await ask(site.net, ['faketime', '2020-01-01', ...site.argv()]);

    expect(found).toContainEqual(expect.stringMatching(/^nfs-no-answer: the NFS server does not answer: .*2050$/));
    expect(found).toContainEqual(
      expect.stringMatching(/^clock-behind: the clock of this machine says 2020-01-01T\d\d:\d\d, which is over$/),
    );
  } finally {
    await site.close();
  }
});
