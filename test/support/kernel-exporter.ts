/** Runs inside the amd64 guest: exports three trees with the kernel's own NFS server, changes them, and withdraws them. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';

import { kernelExporter } from '../../src/host/nfs/kernel.ts';
import type { NfsExport } from '../../src/model/export.ts';
import { parseIpv4 } from '../../src/model/ipv4.ts';
import { kernelMountPoint, renderKernelExports } from '../../src/plan/nfs-config.ts';

const pseudoRoot = '/run/pi-image/nfs';
const here = parseIpv4('127.0.0.1');
const elsewhere = parseIpv4('127.0.0.2');
const signal = AbortSignal.timeout(240_000);

const exporter = kernelExporter({
  address: here,
  port: 2049,
  pseudoRoot,
  mountPoint: (each) => kernelMountPoint(pseudoRoot, each),
  render: (exports) => renderKernelExports(pseudoRoot, exports),
});

const image: NfsExport = {
  id: 11,
  path: '/run/trees/image',
  pseudo: '/images/debian-lite/1/root',
  access: 'read-only',
  clients: [here],
};
const share: NfsExport = {
  id: 12,
  path: '/run/trees/share',
  pseudo: '/shares/home',
  access: 'read-write',
  clients: [here],
};
const foreign: NfsExport = {
  id: 13,
  path: '/run/trees/foreign',
  pseudo: '/shares/foreign',
  access: 'read-only',
  clients: [elsewhere],
};

for (const each of [image, share, foreign]) {
  mkdirSync(each.path, { recursive: true });
  writeFileSync(`${each.path}/file`, `content of ${each.pseudo}\n`);
}

/** What a client of this machine's own address gets, in the words of mount(8), cat(1) and touch(1). */
function attempt(what: string, command: string): void {
  try {
    const out = execFileSync('/bin/sh', ['-c', command], { encoding: 'utf8', stdio: 'pipe', timeout: 30_000 });
    process.stdout.write(`RESULT ${what}: ${out.trim() === '' ? 'ok' : out.trim()}\n`);
  } catch (error) {
    const { stderr } = error as { stderr?: string };
    process.stdout.write(`RESULT ${what}: refused (${(stderr ?? '').trim().split('\n').at(-1)})\n`);
  }
}

const mount = (pseudo: string, target: string) =>
  `mkdir -p ${target} && mount -t nfs4 -o vers=4.1,port=2049,soft,timeo=50,retrans=1 127.0.0.1:${pseudo} ${target}`;

await exporter.apply([image, share, foreign], signal);
process.stdout.write(`RESULT status: ${(await exporter.status()).kind}\n`);
attempt('mount image', mount(image.pseudo, '/tmp/a'));
attempt('read image', 'cat /tmp/a/file');
attempt('write image', 'touch /tmp/a/new');
attempt('mount share', mount(share.pseudo, '/tmp/b'));
attempt('write share', 'echo new > /tmp/b/new && cat /run/trees/share/new');
attempt('read foreign', `${mount(foreign.pseudo, '/tmp/c')} && cat /tmp/c/file`);
await exporter.apply([image], signal);
attempt('read image after a change', 'cat /tmp/a/file');
attempt('read withdrawn share', `${mount(share.pseudo, '/tmp/d')} && cat /tmp/d/file`);
await exporter.stop(signal);
process.stdout.write('RESULT stop: ok\n');
