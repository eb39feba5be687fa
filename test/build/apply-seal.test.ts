import { link, lstat, mkdir, mkdtemp, readdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { applyRules } from '../../src/build/apply-seal.ts';
import { indexTree } from '../../src/host/index-tree.ts';
import { TreeOnDisk } from '../../src/host/seal-tree.ts';
import { digestFolder } from '../../src/build/read-cache.ts';
import { scanTree } from '../../src/build/scan-tree.ts';
import { foldersWithKeys } from '../../src/plan/secret-lint.ts';
import { officialRoot } from '../support/official-root.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'seal-'));
});
afterEach(() => rm(root, { recursive: true }));

async function addFile(file: string, content = 'content\n'): Promise<void> {
  await mkdir(path.dirname(path.join(root, file)), { recursive: true });
  await writeFile(path.join(root, file), content);
}

const sealAll = (options: { sources?: string; enabled?: string[]; keep?: string[] } = {}) =>
  applyRules(root, new TreeOnDisk(root, new Map()), { sources: '', enabled: [], keep: [], ...options });

const isThere = async (file: string) => (await lstat(path.join(root, file)).catch(() => undefined)) !== undefined;
const signal = new AbortController().signal;
const scan = async () => scanTree(root, (await indexTree(root, { signal })).entries, foldersWithKeys);

test('what identifies a machine goes, what configures it stays', async () => {
  const identity = [
    'etc/ssh/ssh_host_rsa_key',
    'etc/munge/munge.key',
    'var/lib/systemd/random-seed',
    'etc/hostname',
    'etc/passwd-',
  ];
  const kept = ['etc/ssh/sshd_config', 'etc/munge/other', 'etc/passwd', 'var/lib/dpkg/status'];
  for (const file of [...identity, ...kept]) await addFile(file);
  await addFile('etc/machine-id', '0123456789abcdef0123456789abcdef\n');
  await mkdir(path.join(root, 'var/lib/dbus'), { recursive: true });

  await sealAll();

  expect(await Promise.all(identity.map(isThere))).toEqual(identity.map(() => false));
  expect(await Promise.all(kept.map(isThere))).toEqual(kept.map(() => true));
  expect(await readFile(path.join(root, 'etc/machine-id'), 'utf8')).toBe('');
  expect(await readlink(path.join(root, 'var/lib/dbus/machine-id'))).toBe('/etc/machine-id');
  expect((await scan()).secrets).toEqual([]);
});

test('caches are emptied, logs keep their folders and files but not their lines', async () => {
  for (const file of ['tmp/a', 'var/cache/apt/pkgcache.bin', 'var/log/slurm/slurmd.log', 'var/log/lastlog'])
    await addFile(file);

  await sealAll();

  expect(await readdir(path.join(root, 'tmp'))).toEqual([]);
  expect(await readdir(path.join(root, 'var/cache/apt'))).toEqual([]);
  expect(await readFile(path.join(root, 'var/log/slurm/slurmd.log'), 'utf8')).toBe('');
});

test('units are masked where the image has them, and only there', async () => {
  await addFile('usr/lib/systemd/system/apt-daily.timer');
  await addFile('etc/systemd/system/userconfig.service');
  await addFile('usr/lib/systemd/system/slurmd.service');

  await sealAll();

  const units = await readdir(path.join(root, 'etc/systemd/system'));
  expect(units.toSorted()).toEqual(['apt-daily.timer', 'userconfig.service']);
  expect(await readlink(path.join(root, 'etc/systemd/system/userconfig.service'))).toBe('/dev/null');
});

test('what was done is told by rule; rules that image.yaml keeps do nothing', async () => {
  await addFile('usr/lib/systemd/system/apt-daily.timer');
  await addFile('usr/lib/systemd/system/bluetooth.service');
  await addFile('var/swap');

  const record = await sealAll({ keep: ['dphys-swapfile', 'apt-timers'], enabled: ['bluetooth.service'] });

  expect(record).toEqual({
    applied: ['machine-id'],
    kept: ['dphys-swapfile', 'apt-timers'],
    enabled: ['bluetooth.service'],
  });
  expect(await isThere('var/swap')).toBe(true);
  expect(await isThere('etc/systemd/system/apt-daily.timer')).toBe(false);
});

test("a base's own archives stay; those of the lock take the place of mmdebstrap's", async () => {
  await addFile('etc/apt/sources.list', 'deb http://archive.example.org/ trixie main\n');
  await sealAll();
  expect(await isThere('etc/apt/sources.list')).toBe(true);

  await sealAll({ sources: 'Types: deb\n' });

  expect(await isThere('etc/apt/sources.list')).toBe(false);
  expect(await readFile(path.join(root, 'etc/apt/sources.list.d/debian.sources'), 'utf8')).toBe('Types: deb\n');
});

test('sealing twice changes nothing', async () => {
  await addFile('etc/ssh/ssh_host_rsa_key');
  for (const [file, content] of Object.entries(officialRoot))
    if (typeof content === 'string') await addFile(file, content);
  await sealAll();
  const once = await digestFolder(root, 'root');

  expect((await sealAll()).applied).toEqual([]);

  expect(await digestFolder(root, 'root')).toBe(once);
});

test('an image cannot make sealing write outside of it', async () => {
  const outside = await mkdtemp(path.join(tmpdir(), 'seal-outside-'));
  await writeFile(path.join(outside, 'system.conf'), 'mine\n');
  await addFile('usr/lib/systemd/system/apt-daily.timer');
  await mkdir(path.join(root, 'etc'));
  await symlink(outside, path.join(root, 'etc/systemd'));
  await expect(sealAll()).rejects.toThrow(/leads out of it/);
  expect(await readdir(outside)).toEqual(['system.conf']);
  await rm(outside, { recursive: true });
});

test('a scan counts a file with two names once, and finds links that lead to folders', async () => {
  await addFile('usr/lib/a', 'x'.repeat(1000));
  await addFile('etc/passwd', 'root:x:0:0::/root:/bin/sh\n');
  await addFile('root/.ssh/id', '-----BEGIN OPENSSH PRIVATE '.concat('KEY-----'));
  await symlink('usr/lib', path.join(root, 'lib'));
  await symlink('usr/lib/a', path.join(root, 'file-link'));
  await link(path.join(root, 'usr/lib/a'), path.join(root, 'usr/lib/b'));

  const summary = await scan();

  expect(summary.rootBytes).toBe(1000 + 26 + 35);
  expect(summary.folderLinks).toEqual({ lib: 'usr/lib' });
  expect(summary.users).toEqual({ root: 0 });
  expect(summary.secrets).toEqual([{ path: '/root/.ssh/id', what: 'a private key' }]);
});

test('a digest sees content, mode and names, not times', async () => {
  await addFile('a', 'one');
  const first = await digestFolder(root, 'site');
  await addFile('a', 'two');
  const second = await digestFolder(root, 'site');
  await addFile('a', 'one');
  expect(second).not.toBe(first);
  expect(await digestFolder(root, 'site')).toBe(first);
  await expect(digestFolder(path.join(root, 'nothing'), 'site')).rejects.toThrow(/cannot read the files of site/);
});
