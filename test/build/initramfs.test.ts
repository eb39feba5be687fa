import { execFileSync, spawnSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { buildInitramfs, type InitramfsRequest } from '../../src/build/initramfs.ts';
import { ConfigError, HostError } from '../../src/model/errors.ts';
import { deviceTreeBlob } from '../support/device-tree-blob.ts';

const release = '7.2.12-test';
/** A kernel for a Pi 4, one file per way of compressing. */
const modules: Readonly<Record<string, string>> = {
  nfsv4: 'nfsv4.ko.xz: kernel/nfs.ko.zst',
  nfs: 'nfs.ko.zst:',
  overlay: 'overlay.ko.gz:',
  virtio_net: 'virtio_net.ko:',
  broadcom: 'broadcom.ko.xz:',
  genet: 'genet.ko.xz:',
  'mdio-bcm-unimac': 'mdio-bcm-unimac.ko.xz:',
};
const builtin = ['loop', 'squashfs', 'virtio_pci', 'virtio_mmio', 'virtio-rng', 'i6300esb', 'bcm2835_wdt'];

const packers: Readonly<Record<string, readonly [string, ...string[]]>> = {
  '.xz': ['xz', '-c'],
  '.zst': ['zstd', '-q', '-c'],
  '.gz': ['gzip', '-c'],
};
const isMissing = ['xz', 'zstd', 'gzip'].some((program) => spawnSync(program, ['--version']).error !== undefined);

let scratch = '';
const kernelDir = () => path.join(scratch, 'root/usr/lib/modules', release);

async function writeKernel(): Promise<void> {
  const treeDir = path.join(kernelDir(), 'dtb/broadcom');
  await mkdir(path.join(kernelDir(), 'kernel'), { recursive: true });
  await mkdir(treeDir, { recursive: true });
  for (const [name, line] of Object.entries(modules)) {
    const file = line.split(':')[0] ?? '';
    const [program, ...args] = packers[path.extname(file)] ?? ['cat'];
    const bytes = execFileSync(program, args, { input: `elf of ${name}\n`.repeat(100) });
    await writeFile(path.join(kernelDir(), 'kernel', file), bytes);
  }
  const text = (name: string, lines: readonly string[]) => writeFile(path.join(kernelDir(), name), lines.join('\n'));
  await text(
    'modules.dep',
    Object.values(modules).map((line) => `kernel/${line}`),
  );
  await text(
    'modules.builtin',
    builtin.map((name) => `kernel/${name}.ko`),
  );
  await text('modules.softdep', ['softdep genet pre: mdio-bcm-unimac']);
  await text('modules.alias', ['alias of:N*T*Cbrcm,bcm2711-genet-v5 genet']);
  await text('modules.builtin.modinfo', []);
  const card = { 'ethernet@7d580000': { compatible: 'brcm,bcm2711-genet-v5' } };
  await writeFile(path.join(treeDir, 'bcm2711-rpi-4-b.dtb'), deviceTreeBlob({ compatible: 'brcm,bcm2711', scb: card }));
}

beforeAll(async () => {
  if (isMissing) return;
  scratch = await mkdtemp(path.join(tmpdir(), 'initramfs-test-'));
  await writeKernel();
  await writeFile(path.join(scratch, 'busybox'), 'a static busybox');
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

const request = (changes: Partial<InitramfsRequest> = {}): InitramfsRequest => ({
  root: path.join(scratch, 'root'),
  release,
  boards: ['pi4'],
  busybox: path.join(scratch, 'busybox'),
  scriptsDir: path.resolve(import.meta.dirname, '../../boot/initramfs'),
  out: path.join(scratch, 'initramfs8'),
  signal: AbortSignal.timeout(20_000),
  ...changes,
});

describe.skipIf(isMissing)('an initramfs', () => {
  test('holds our scripts, busybox and uncompressed modules', async () => {
    const report = await buildInitramfs(request());

    const archive = execFileSync('zstd', ['-dc', request().out]).toString('latin1');
    expect(report.modules).toEqual(['nfs', 'nfsv4', 'overlay', 'virtio_net', 'mdio_bcm_unimac', 'broadcom', 'genet']);
    for (const name of Object.keys(modules)) expect(archive).toContain(`elf of ${name}\n`);
    for (const name of ['init', 'bin/busybox', 'lib/pi-image/overlay.sh', 'lib/pi-image/dhcp-event']) {
      expect(archive).toContain(`${name}\0`);
    }
  });

  test('is the same to the byte when it is built again', async () => {
    const again = path.join(scratch, 'again');

    await buildInitramfs(request());
    await buildInitramfs(request({ out: again }));

    expect((await readFile(again)).equals(await readFile(request().out))).toBe(true);
  });

  test('is not made for a board whose card the kernel does not drive', async () => {
    const failed = buildInitramfs(request({ boards: ['pi5'], out: path.join(scratch, 'never') }));

    await expect(failed).rejects.toThrow(ConfigError);
    await expect(failed).rejects.toThrow('has no module rp1_pci or rp1, without which pi5');
    await expect(readFile(path.join(scratch, 'never'))).rejects.toThrow('ENOENT');
  });

  test.each(['boot/firmware', 'boot'])("is made for a card's kernel, whose device trees lie in /%s", async (folder) => {
    const root = path.join(scratch, 'card', folder);
    const kernel = path.join(root, 'usr/lib/modules', release);
    await cp(path.join(scratch, 'root'), root, { recursive: true });
    await mkdir(path.join(root, folder), { recursive: true });
    await expect(buildInitramfs(request({ root, out: path.join(scratch, 'card8') }))).resolves.toBeDefined();
    for (const name of await readdir(path.join(kernel, 'dtb/broadcom'))) {
      await rename(path.join(kernel, 'dtb/broadcom', name), path.join(root, folder, name));
    }
    await expect(buildInitramfs(request({ root, out: path.join(scratch, 'card8') }))).resolves.toBeDefined();
    await rm(path.join(root, folder), { recursive: true });
    await expect(buildInitramfs(request({ root, out: path.join(scratch, 'card8') }))).rejects.toThrow(
      'has no device tree for pi4',
    );
  });

  test('is not made of a root without that kernel', async () => {
    const failed = buildInitramfs(request({ release: '9.9' }));

    await expect(failed).rejects.toThrow(HostError);
    await expect(failed).rejects.toThrow(/usr\/lib\/modules\/9\.9\/modules\.\w+ cannot be read/);
  });
});
