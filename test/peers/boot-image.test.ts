/** boot.img and boot.sig by the real tools: made by mkfs.fat and mtools, looked into by fsck.fat and mtools, verified by openssl. */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { makeFatImage } from '../../src/host/fat-image.ts';
import { run, type Argv } from '../../src/host/process.ts';
import { makeSigningKey, readSigningKey } from '../../src/host/signing-key.ts';
import { HostError } from '../../src/model/errors.ts';
import type { ImageManifest } from '../../src/model/manifest.ts';
import { planFatLayout } from '../../src/plan/boot-image-layout.ts';
import { planBootImage } from '../../src/plan/boot-image.ts';
import { planGeneration } from '../../src/plan/generation.ts';
import { createBootImages } from '../../src/serve/boot-images.ts';
import { decodeBootSig } from '../../src/wire/boot-sig.ts';
import { readFat } from '../../src/wire/fat.ts';
import { sampleManifest, sampleNode } from '../support/sample-view.ts';
import { signedView } from '../support/signed-view.ts';

const signal = AbortSignal.timeout(600_000);
const tool = (...argv: Argv) => run(argv, { signal });
const digest = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const log = { info: () => undefined, warn: () => undefined };

let dir = '';
beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'boot-image-'));
});
afterEach(() => rm(dir, { recursive: true }));

/** Names as an image has them, contents that tell them apart. */
const contents: Readonly<Record<string, Buffer>> = {
  'kernel8.img': Buffer.alloc(9_000_000, 'kernel'),
  initramfs8: Buffer.alloc(2_400_001, 'initramfs'),
  'start4.elf': Buffer.alloc(2_256_800, 'start4'),
  'fixup4.dat': Buffer.alloc(5436, 'fixup4'),
  'bcm2711-rpi-4-b.dtb': Buffer.alloc(39_882, 'tree of a 4'),
  'bcm2712-rpi-5-b.dtb': Buffer.alloc(26_620, 'tree of a 5'),
  'overlays/README': Buffer.from('read me\n'),
  ...Object.fromEntries(
    Array.from({ length: 300 }, (_, index) => [`overlays/some-long-overlay-${index}.dtbo`, Buffer.from(`${index}`)]),
  ),
};

async function imageVersion(): Promise<ImageManifest> {
  const boot = path.join(dir, 'images', 'debian-lite', '20261121.1', 'boot');
  await mkdir(path.join(boot, 'overlays'), { recursive: true });
  for (const [name, bytes] of Object.entries(contents)) await writeFile(path.join(boot, name), bytes);
  const bootFiles = Object.entries(contents).map(([name, bytes]) => [
    name,
    { sha256: digest(bytes), sizeBytes: bytes.byteLength },
  ]);
  return sampleManifest({ bootFiles: Object.fromEntries(bootFiles) });
}

function bootImages() {
  const secrets = path.join(dir, 'secrets');
  const readKey = () => readSigningKey(secrets, log);
  return createBootImages({ dir: path.join(dir, 'signed'), imagesDir: path.join(dir, 'images'), readKey, log, signal });
}

describe('boot.img of a role', () => {
  let manifest: ImageManifest;
  let img = '';
  let sig = '';
  const generationOf = (name: string) => {
    const view = signedView(undefined, { images: new Map([['debian-lite', [manifest]]]) });
    return planGeneration(sampleNode(name, view), view);
  };
  beforeEach(async () => {
    manifest = await imageVersion();
    await makeSigningKey(path.join(dir, 'secrets'), log);
    const { image, signature } = await bootImages().of(generationOf('head'), manifest);
    img = path.join(dir, 'signed', image.name);
    sig = path.join(dir, 'signed', signature.name);
  });

  test('is a sound FAT whose files are those of the manifest, by mtools and by our reader', async () => {
    expect(await tool('fsck.fat', '-n', '-V', img)).toMatch(/: \d+ files, \d+\/\d+ clusters\n$/);
    const out = path.join(dir, 'out');
    await mkdir(out);
    await tool('mcopy', '-s', '-Q', '-n', '-i', img, '::', `${out}/`);

    const names = (await readdir(out, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map((entry) => path.relative(out, path.join(entry.parentPath, entry.name)));
    const ours = readFat(await readFile(img));
    const { files } = planBootImage(generationOf('head'), manifest);
    expect(names.toSorted()).toEqual(files.map((file) => file.path).toSorted());
    expect([...ours.keys()].toSorted()).toEqual(names.toSorted());
    for (const name of names) {
      const bytes = await readFile(path.join(out, name));
      const known = manifest.bootFiles[name]?.sha256;
      expect([name, digest(bytes)]).toEqual([name, known ?? digest(ours.get(name) ?? Buffer.alloc(0))]);
      expect([name, digest(ours.get(name) ?? Buffer.alloc(0))]).toEqual([name, digest(bytes)]);
    }
    expect(await readFile(path.join(out, 'cmdline.txt'), 'utf8')).toContain('pi_image.boot=signed');
    expect(await readFile(path.join(out, 'cmdline.txt'), 'utf8')).not.toMatch(/token|pi_image\.id/);
  });

  test('is verified by openssl as rpi-eeprom-digest -v does it', async () => {
    const { sha256, rsa2048 = '', timestampSeconds } = decodeBootSig(await readFile(sig, 'utf8'));
    const key = await readSigningKey(path.join(dir, 'secrets'), log);
    await writeFile(path.join(dir, 'public.pem'), key?.publicPem ?? '');
    await writeFile(path.join(dir, 'sig.bin'), Buffer.from(rsa2048, 'hex'));
    const verify = () =>
      tool('openssl', 'dgst', '-sha256', '-verify', `${dir}/public.pem`, '-signature', `${dir}/sig.bin`, img);

    expect(await verify()).toBe('Verified OK\n');
    expect((await tool('sha256sum', img)).slice(0, 64)).toBe(sha256);
    expect(timestampSeconds).toBe(Date.parse(manifest.builtAt) / 1000);
    await writeFile(img, 'x', { flag: 'r+' });
    await expect(verify()).rejects.toThrow(/Verification failure|failed with exit code/);
  });

  test('is the same bytes when it is made again, elsewhere and later, and the same file for another service', async () => {
    const before = await readFile(img);
    const sigBefore = await readFile(sig, 'utf8');
    const again = await bootImages().of(generationOf('head'), manifest);
    expect((await stat(img)).ino).toBe((await stat(path.join(dir, 'signed', again.image.name))).ino);

    await rm(path.join(dir, 'signed'), { recursive: true });
    await imageVersion();
    await bootImages().of(generationOf('head'), manifest);

    expect(digest(await readFile(img))).toBe(digest(before));
    expect(await readFile(sig, 'utf8')).toBe(sigBefore);
  });

  test('of a Pi 5 has no start4.elf', async () => {
    const { image } = await bootImages().of(generationOf('node01'), manifest);
    const names = [...readFat(await readFile(path.join(dir, 'signed', image.name))).keys()];

    expect(names).toContain('bcm2712-rpi-5-b.dtb');
    expect(names.filter((name) => /start4|2711/.test(name))).toEqual([]);
  });
});

describe('a FAT image', () => {
  test.each([1, 2_000_000, 31_000_000, 33_400_000, 33_560_000, 34_000_000, 120_000_000])(
    'with a file of %i bytes is taken by mkfs.fat, is filled, and is sound',
    async (sizeBytes) => {
      const source = path.join(dir, 'source');
      await writeFile(source, '');
      await truncate(source, sizeBytes);
      const layout = planFatLayout([
        { path: 'kernel8.img', sizeBytes },
        { path: 'overlays/README', sizeBytes: 1 },
      ]);
      const img = path.join(dir, 'boot.img');
      const readme = { path: 'overlays/README', text: 'x' };

      await makeFatImage(
        img,
        { ...layout, epochSeconds: 1_800_000_000, files: [{ path: 'kernel8.img', source }, readme] },
        signal,
      );

      expect((await stat(img)).size).toBe(layout.sizeBytes);
      expect(await tool('fsck.fat', '-n', img)).toMatch(/: 4 files, /);
      expect((await readFile(img)).toString('latin1', 0, 512)).toContain(`FAT${layout.width}   `);
      expect(await tool('mdir', '-b', '-i', img, '::overlays')).toBe('::/overlays/README\n');
    },
  );

  test('that its files do not fit into is an error, and leaves nothing behind', async () => {
    const source = path.join(dir, 'source');
    await writeFile(source, Buffer.alloc(9_000_000));
    const layout = planFatLayout([{ path: 'kernel8.img', sizeBytes: 1 }]);
    const spec = { ...layout, epochSeconds: 0, files: [{ path: 'kernel8.img', source }] };

    await expect(makeFatImage(path.join(dir, 'boot.img'), spec, signal)).rejects.toThrow(HostError);

    expect(await readdir(dir)).toEqual(['source']);
  });
});
