/**
 * An image of each source boots to ready: debian-lite, once built from packages, is put into an image of a card with the
 * official layout, into a container image and into a tar file, and a board boots what pi-image makes of each. Needs root.
 */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { run } from '../../src/host/process.ts';
import { listFiles } from '../../src/host/tree.ts';
import { makeCardImage } from '../support/card-image.ts';
import { startFileServer, type FileServer } from '../support/file-server.ts';
import { makeOciImage, writeLayout, type MadeLayer } from '../support/oci-image.ts';
import { buildImage, imageState, openStore, piImage } from '../support/pi-image.ts';
import { raiseRootModeRack, type RootModeRack } from '../support/root-mode-rack.ts';

const signal = AbortSignal.timeout(90 * 60_000);
const MiB = 1024 * 1024;
const kinds = ['card', 'container', 'tree'] as const;
const imageOf = (kind: string) => `source-${kind}`;

let dir: string;
/** Its own: layers and downloads of a run are of no use to the next. */
let state: string;
let server: FileServer;
let rack: RootModeRack;
/** What has to be undone, the last first. */
const undo: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  await buildImage();
  // Not in /tmp, which may be in memory.
  dir = await mkdtemp('/var/tmp/base-sources-');
  undo.unshift(() => rm(dir, { recursive: true }));
  state = path.join(dir, 'state');
  await openStore(state);
  undo.unshift(() => run(['umount', path.join(state, 'exports')], { signal: AbortSignal.timeout(60_000) }));
  const root = path.join(dir, 'root');
  const boot = await copyVersion(root);
  server = await startFileServer({});
  undo.unshift(server.close);
  // The kernel of a card lies in its FAT alone; a container image and a tree have it where packages put it.
  const bases = { container: await containerBase(root), tree: await treeBase(root), card: await cardBase(root, boot) };
  for (const kind of kinds) {
    const folder = path.join(dir, 'images', imageOf(kind));
    await mkdir(folder, { recursive: true });
    await writeFile(path.join(folder, 'image.yaml'), `base: ${JSON.stringify(bases[kind])}\nboards: [pi4]\n`);
    const { code, stderr } = await build(kind);
    if (code !== 0) throw new Error(stderr);
  }
  const roles = Object.fromEntries(kinds.map((kind) => [kind, { image: imageOf(kind), root: 'shared' }]));
  rack = await raiseRootModeRack(state, roles);
  undo.unshift(() => rack.down());
});

afterAll(async () => {
  for (const step of undo) await step();
});

const build = (kind: string) =>
  piImage(['--state', state, '--config', path.join(dir, 'cluster.yaml'), 'build', imageOf(kind)], 30 * 60_000);

/** @returns the boot files of the version, which are as firmware wants them */
async function copyVersion(root: string): Promise<string> {
  const versions = path.join(imageState, 'exports/images/debian-lite');
  const names = (await readdir(versions)).filter((name) => /^\d/.test(name));
  const newest = names.toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true })).at(-1) ?? '';
  await run(['cp', '-a', '--reflink=auto', path.join(versions, newest, 'root'), root], { signal });
  await writeFile(path.join(root, 'etc/marker'), 'from elsewhere\n');
  return path.join(versions, newest, 'boot');
}

async function treeBase(root: string): Promise<unknown> {
  const archive = path.join(dir, 'root.tar.zst');
  const keep = ['--xattrs', '--xattrs-include=*', '--numeric-owner', '--use-compress-program=zstd -1 -T0'];
  await run(['tar', '--create', ...keep, '--file', archive, '-C', root, '.'], { signal });
  return { root: archive };
}

async function containerBase(root: string): Promise<unknown> {
  const file = path.join(dir, 'layer.tar');
  const keep = ['--xattrs', '--xattrs-include=*', '--numeric-owner', '--format=posix'];
  await run(['tar', '--create', ...keep, '--file', file, '-C', root, '.'], { signal });
  const tar = await readFile(file);
  await rm(file);
  const layer: MadeLayer = { tar, packed: tar, packing: 'tar' };
  await writeLayout(path.join(dir, 'layout'), makeOciImage([layer]));
  return { oci: { layout: path.join(dir, 'layout') } };
}

/** Served on loopback as the official ones are: packed, and known by its sha256. */
async function cardBase(root: string, boot: string): Promise<unknown> {
  for (const name of await listFiles(root, ['boot', 'usr/lib/raspi-firmware', 'usr/lib/modules'])) {
    if (/vmlinuz|raspi-firmware|\/dtb\//.test(name)) await rm(path.join(root, name));
  }
  for (const name of await readdir(path.join(root, 'usr/lib'))) {
    if (name.startsWith('linux-image-')) await rm(path.join(root, 'usr/lib', name), { recursive: true });
  }
  const names = (await listFiles(boot, [''])).filter((name) => !/^initramfs|\.efi$/.test(name));
  const files = Object.fromEntries(names.map((name) => [name, { source: path.join(boot, name) }]));
  const bootFiles = { ...files, initramfs8: 'theirs', 'cmdline.txt': 'root=PARTUUID=a1b2c3d4-02 rootwait resize\n' };
  const card = await makeCardImage(dir, { root, rootBytes: 1200 * MiB, bootFiles, bootBytes: 128 * MiB }, signal);
  await run(['zstd', '-q', '-1', '-T0', '--rm', card], { signal });
  const packed = await readFile(`${card}.zst`);
  server.files.set('/card.img.zst', packed);
  const sha256 = createHash('sha256').update(packed).digest('hex');
  return { image: { url: `${server.url}/card.img.zst`, sha256 } };
}

describe('an image whose base is', () => {
  test('each of a card, a container image and a tar file boots to ready', async () => {
    await rack.boot(...kinds);
    for (const kind of kinds) {
      const boot = await rack.ready(kind);
      expect(boot.closed?.reason).toBe('ready');
      expect(boot.image).toMatch(new RegExp(`^${imageOf(kind)}@`));
      expect(await rack.on(kind, 'cat /etc/marker; systemctl --failed --no-legend --plain')).toBe('from elsewhere');
      await rack.powerOff(kind);
    }
  });

  test.each(kinds)('a %s is not made again when nothing changed', async (kind) => {
    const { stdout } = await build(kind);
    expect(stdout).toMatch(/^nothing to do/);
  });
});

test("a card's kernel is the one that its FAT has, packed once, with an initramfs of ours", async () => {
  const versions = path.join(state, 'exports/images', imageOf('card'));
  const boot = path.join(versions, (await readdir(versions)).find((name) => /^\d/.test(name)) ?? '', 'boot');
  const names = await readdir(boot);
  expect(names).toContain('bcm2711-rpi-4-b.dtb');
  expect(names).toContain('start4.elf');
  expect((await readFile(path.join(boot, 'initramfs8'))).byteLength).toBeGreaterThan(100_000);
  const head = (await readFile(path.join(boot, 'kernel8.img'))).subarray(0, 2);
  expect(head.toString('hex')).toBe('1f8b');
});
