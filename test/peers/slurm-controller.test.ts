/** What can be seen of a controller that is heard no more: a real slurmctld, a real sshd, and ARP on a cable. Root. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { openSshKeys } from '../../src/host/ssh-keys.ts';
import type { ControllerEvidence } from '../../src/plan/controller-proof.ts';
import { head, slurmCluster, type SlurmCluster } from '../support/slurm-cluster.ts';
import type { NamespaceProgram } from '../support/namespaces.ts';

let cluster: SlurmCluster;
let dir: string;
let sshd: NamespaceProgram;
const questions = path.resolve(import.meta.dirname, '../support/controller-questions.ts');

beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'controller-'));
  cluster = await slurmCluster();
  await mkdir('/run/sshd', { recursive: true });
  const keys = await openSshKeys(path.join(dir, 'ssh'), { log: { info: () => undefined, warn: () => undefined } });
  const secrets = await keys.nodeSecrets({ name: head, address: cluster.tables.addressOf(head) });
  const write = async (name: string, content: string | Uint8Array, mode = 0o600) => {
    await writeFile(path.join(dir, name), content, { mode });
    return path.join(dir, name);
  };
  // There is no systemd in a namespace: who listens at slurmctld's port is slurmctld.
  await mkdir(path.join(dir, 'bin'));
  const isThere = "ss -ltn | grep -q ':6817 '";
  await write('bin/systemctl', `#!/bin/sh\nif ${isThere}; then echo active; else echo inactive; fi\n`, 0o755);
  const config = [
    `HostKey ${await write('host', secrets['sshHostKey'] ?? '')}`,
    `HostCertificate ${await write('host-cert.pub', secrets['sshHostCertificate'] ?? '')}`,
    `TrustedUserCAKeys ${await write('ca.pub', secrets['sshCaPublicKey'] ?? '')}`,
    `SetEnv PATH=${dir}/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
    'PermitRootLogin prohibit-password',
    'PasswordAuthentication no',
    'UsePAM no',
    `PidFile ${dir}/sshd.pid`,
  ];
  await write('sshd_config', config.map((line) => `${line}\n`).join(''));
  await startSshd(head);
}, 180_000);

afterAll(async () => {
  await cluster.close();
  await rm(dir, { recursive: true });
});

async function startSshd(hostName: string): Promise<void> {
  const script = 'hostname "$0"; exec "$@"';
  const program = ['/usr/sbin/sshd', '-D', '-e', '-f', path.join(dir, 'sshd_config')];
  sshd = cluster.startOn(head, ['unshare', '--uts', 'sh', '-c', script, hostName, ...program]);
  await sshd.line(/Server listening on 0\.0\.0\.0 port 22/);
}

type Seen = Pick<ControllerEvidence, 'neighbour' | 'port' | 'daemon'>;

/** From node01, which is the storage node here. */
async function look(own = `${cluster.tables.addressOf('node01')}/24`): Promise<Seen> {
  const asked = [dir, 'eth0', own, head, cluster.tables.addressOf(head)];
  const words = [process.execPath, '--import', 'tsx', questions, ...asked];
  return JSON.parse(await cluster.tell('node01', words.join(' '))) as Seen;
}

test('slurmctld that runs is seen, one that is stopped says so, and a machine that is gone is silent', async () => {
  expect(await look()).toEqual({ neighbour: 'answers', port: 'open', daemon: 'runs' });
  // Another network, as behind a router: ARP tells nothing, the others do.
  expect(await look('10.99.0.1/24')).toEqual({ neighbour: 'unseen', port: 'open', daemon: 'runs' });

  await cluster.stop(head);
  expect(await look()).toEqual({ neighbour: 'answers', port: 'refused', daemon: 'stopped' });

  await sshd.stop();
  expect(await look()).toEqual({ neighbour: 'answers', port: 'refused', daemon: 'unknown' });

  await startSshd('node09');
  expect(await look()).toEqual({ neighbour: 'answers', port: 'refused', daemon: 'unknown' });

  await cluster.unplug();
  expect(await look()).toEqual({ neighbour: 'silent', port: 'silent', daemon: 'unknown' });
}, 180_000);
