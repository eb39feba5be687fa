import { lstat, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { adoptBootFiles } from '../../src/build/adopt-boot-files.ts';
import { restoreBootFiles } from '../../src/build/boot-cache.ts';
import type { RunningBuild } from '../../src/build/running-build.ts';
import type { KeptBootFiles } from '../../src/model/boot-cache.ts';
import { sha256 } from '../../src/plan/canonical-json.ts';

let dir: string;
let notes: string[];
beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'boot-cache-'));
  await mkdir(path.join(dir, 'torso/root'), { recursive: true });
  notes = [];
});
afterEach(() => rm(dir, { recursive: true }));

/** A build whose root has these files, with nothing a kernel could be made of. */
function buildOf(files: Readonly<Record<string, string>>) {
  const placed = new Map(
    Object.entries(files).map(([name, digest]) => [name, { entry: { kind: 'file', sha256: digest } }]),
  );
  const found = { kernels: [], bootCache: undefined as string | undefined, placed };
  const progress = { note: (text: string) => notes.push(text), detail: () => undefined };
  const build = {
    stateDir: path.join(dir, 'state'),
    torso: path.join(dir, 'torso'),
    now: () => new Date(),
    progress,
    found,
  };
  return build as unknown as RunningBuild;
}

const args = { boards: [], ipxe: undefined, key: 'k' };
const modules = { 'usr/lib/modules/7.2/vmlinuz': '1', 'boot/config.txt': '2', 'usr/bin/tree': '3' };

/** Where this build would keep its files; making them fails, since there is no kernel. */
async function placeOf(files: Readonly<Record<string, string>>, key = 'k'): Promise<string> {
  const build = buildOf(files);
  await expect(restoreBootFiles({ ...args, key }, build)).rejects.toThrow('the image has no kernel');
  await rm(path.join(dir, 'torso/boot'), { recursive: true, force: true });
  return build.found.bootCache ?? '';
}

async function keepFiles(place: string): Promise<void> {
  await mkdir(path.join(place, 'boot/overlays'), { recursive: true });
  await writeFile(path.join(place, 'boot/kernel8.img'), 'kernel');
  await writeFile(path.join(place, 'boot/overlays/README'), 'text');
  const kernel = {
    release: '7.2',
    source: 'x',
    kernel: 'kernel8.img',
    initramfs: 'initramfs8',
    boards: ['pi4' as const],
  };
  const files = { 'kernel8.img': sha256('kernel'), 'overlays/README': sha256('text') };
  const made: KeptBootFiles = { format: 1, kernels: [kernel], files };
  await writeFile(path.join(place, 'made.json'), JSON.stringify(made));
}

test('boot files are known by what they are made of, and by nothing else of the root', async () => {
  const place = await placeOf(modules);
  expect(await placeOf({ ...modules, 'usr/bin/tree': '4', 'etc/motd': '5' })).toBe(place);
  const others = [
    await placeOf({ ...modules, 'usr/lib/modules/7.2/vmlinuz': '9' }),
    await placeOf({ ...modules, 'usr/lib/raspi-firmware/start4.elf': '9' }),
    await placeOf({ ...modules, 'usr/lib/linux-image-6.12/x.dtb': '9' }),
    await placeOf(modules, 'other'),
  ];
  expect(new Set([place, ...others]).size).toBe(5);
});

test('kept files come back with their kernels', async () => {
  await keepFiles(await placeOf(modules));
  const build = buildOf(modules);

  await restoreBootFiles(args, build);

  expect(build.found.bootCache).toBe('restored');
  expect(build.found.kernels).toMatchObject([{ release: '7.2', boards: ['pi4'] }]);
  expect(await readFile(path.join(dir, 'torso/boot/overlays/README'), 'utf8')).toBe('text');
});

test('what the store has is taken from there', async () => {
  await keepFiles(await placeOf(modules));
  const first = buildOf(modules);
  await restoreBootFiles(args, first);
  const images = path.join(dir, 'state/exports/images');
  await adoptBootFiles(path.join(first.torso, 'boot'), images, new AbortController().signal);
  const file = path.join(first.torso, 'boot/kernel8.img');
  const { ino } = await lstat(file);
  await rename(file, path.join(dir, 'published'));

  await restoreBootFiles(args, buildOf(modules));

  expect((await lstat(file)).ino).toBe(ino);
});

test('a damaged one is noticed, and nothing of the set is used', async () => {
  const place = await placeOf(modules);
  await keepFiles(place);
  await writeFile(path.join(place, 'boot/overlays/README'), 'texT');

  expect(await placeOf(modules)).toBe(place);

  expect(notes).toEqual([expect.stringMatching(/overlays\/README is damaged: the boot files are made anew$/)]);
  expect(await readdir(path.dirname(place))).toEqual([]);
});
