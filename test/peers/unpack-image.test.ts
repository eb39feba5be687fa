/** Images of cards with the official layout, made small by mke2fs, mkfs.fat and mtools, and what becomes of them here. */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { resolveBase, unpackBase } from '../../src/build/unpack-base.ts';
import type { BaseContext } from '../../src/build/unpack-context.ts';
import { copyExt4, unpackImage } from '../../src/host/disk-image.ts';
import { run } from '../../src/host/process.ts';
import type { ResolvedBase, SourceBase } from '../../src/model/image-base.ts';
import { describeTree, makeCardImage, makeSampleRoot, sampleBootFiles } from '../support/card-image.ts';
import { startFileServer, type FileServer } from '../support/file-server.ts';

const signal = AbortSignal.timeout(600_000);
const MiB = 1024 * 1024;
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

let shared = '';
let expected = '';
let packed: Buffer;
beforeAll(async () => {
  shared = await mkdtemp(path.join(tmpdir(), 'card-made-'));
  const root = path.join(shared, 'root');
  await makeSampleRoot(root, signal);
  expected = await describeTree(root, signal);
  await makeCardImage(shared, { root, rootBytes: 20 * MiB, bootFiles: sampleBootFiles }, signal);
  const card = path.join(shared, 'card.img');
  await run(['xz', '--keep', '-1', '--block-size=8MiB', '-T2', card], { signal });
  await run(['zstd', '-q', '-1', '--keep', card], { signal });
  packed = await readFile(`${card}.xz`);
}, 60_000);
afterAll(() => rm(shared, { recursive: true }));

let dir = '';
let said: string[] = [];
beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'unpack-image-'));
  said = [];
});
afterEach(() => rm(dir, { recursive: true }));

const context = (more: Partial<BaseContext> = {}): BaseContext => ({
  specDir: shared,
  stateDir: path.join(dir, 'state'),
  offline: false,
  progress: { detail: (line) => said.push(line) },
  signal,
  ...more,
});

async function unpack(base: SourceBase, more: Partial<BaseContext> = {}): Promise<string> {
  const target = path.join(dir, 'root');
  await rm(target, { recursive: true, force: true });
  const resolved = await resolveBase(base, context(more));
  const { newestSeconds } = await unpackBase(resolved, { target, workDir: path.join(dir, 'work') }, context(more));
  expect(newestSeconds).toBe(1_700_000_000);
  expect(await readdir(dir)).not.toContain('work');
  return target;
}

/** The root is all that it was, and the card's FAT lies where fstab mounts it. */
async function expectWhole(root: string): Promise<void> {
  const boot = path.join(root, 'boot/firmware');
  for (const [name, text] of Object.entries(sampleBootFiles))
    expect(await readFile(path.join(boot, name), 'utf8')).toBe(text);
  expect((await stat(path.join(boot, 'kernel8.img'))).mode & 0o7777).toBe(0o644);
  const { mtime } = await stat(boot);
  for (const name of await readdir(boot)) await rm(path.join(boot, name), { recursive: true });
  await run(['touch', `--date=@${mtime.getTime() / 1000}`, boot], { signal });
  expect(await describeTree(root, signal)).toBe(expected);
}

test.each(['card.img', 'card.img.xz', 'card.img.zst'])('%s of this machine is unpacked whole', async (file) => {
  const root = await unpack({ image: { file } });
  expect(await readdir(root)).not.toContain('lost+found');
  await expectWhole(root);
});

test('fuse2fs reads what a loop device reads', async () => {
  const target = path.join(dir, 'root');
  const place = { startBytes: 42 * MiB, sizeBytes: 20 * MiB };
  await copyExt4(path.join(shared, 'card.img'), place, { target, scratch: dir, ways: ['fuse'], signal });
  expect(await describeTree(target, signal)).toBe(expected);
});

test('the image is left as it was, and no loop device is kept', async () => {
  const before = sha256(await readFile(path.join(shared, 'card.img')));
  await unpack({ image: { file: 'card.img' } });
  expect(sha256(await readFile(path.join(shared, 'card.img')))).toBe(before);
  expect(await run(['losetup', '--list', '--noheadings', '--output', 'BACK-FILE'], { signal })).not.toContain(shared);
});

test.each(['xz', 'zst'] as const)('zeros of an .%s take no room', async (form) => {
  const target = path.join(dir, 'card.img');
  await unpackImage(form, path.join(shared, `card.img.${form}`), { target, signal });
  const { size, blocks } = await stat(target);
  expect(size).toBe(62 * MiB);
  expect(blocks * 512).toBeLessThan(16 * MiB);
});

describe('by address', () => {
  let server: FileServer;
  const image = () => ({ url: `${server.url}/raspios.img.xz`, sha256: sha256(packed) });
  beforeEach(async () => {
    server = await startFileServer({ '/raspios.img.xz': packed });
  });
  afterEach(() => server.close());

  test('it is downloaded and unpacked in one pass, over a break', async () => {
    let go = (): void => undefined;
    server.breaks.push({ bytes: Math.floor(packed.byteLength / 2), taken: new Promise<void>((done) => (go = done)) });
    const detail = (line: string) => {
      said.push(line);
      if (line.startsWith('downloading')) go();
    };
    await expectWhole(await unpack({ image: image() }, { progress: { detail } }));
    expect(server.asked).toEqual(['GET /raspios.img.xz', expect.stringMatching(/^GET \/raspios\.img\.xz bytes=\d+-$/)]);
    expect(said.some((line) => /^downloading \d+ % of \d+ MB of raspios\.img\.xz$/.test(line))).toBe(true);
  });

  test('it is not downloaded again, and offline not at all', async () => {
    await unpack({ image: image() });
    await unpack({ image: image() }, { offline: true });
    expect(server.asked).toHaveLength(1);
    await rm(path.join(dir, 'state'), { recursive: true });
    await expect(unpack({ image: image() }, { offline: true })).rejects.toThrow('is not on this machine');
  });

  test('a raw image is kept with holes and read where it lies', async () => {
    const raw = await readFile(path.join(shared, 'card.img'));
    server.files.set('/card.img', raw);
    await expectWhole(await unpack({ image: { url: `${server.url}/card.img`, sha256: sha256(raw) } }));
    expect((await stat(path.join(dir, 'state/sources', sha256(raw)))).blocks * 512).toBeLessThan(32 * MiB);
  });

  test('another file than the digest says is refused, however well it unpacks', async () => {
    const other = { ...image(), sha256: 'a'.repeat(64) };
    await expect(unpack({ image: other })).rejects.toThrow('is not what it should be');
    expect(await readdir(dir)).not.toContain('root');
  });

  test('a name is looked up in the catalog once, and stays what was locked', async () => {
    const entry = {
      name: 'Raspberry Pi OS Lite (64-bit)',
      url: `${server.url}/raspios_lite_arm64/images/raspios.img.xz`,
      image_download_sha256: sha256(packed),
      image_download_size: packed.byteLength,
      extract_size: 62 * MiB,
      release_date: '2025-10-01',
    };
    server.files.set(
      '/list.json',
      Buffer.from(JSON.stringify({ os_list: [{ name: 'Raspberry Pi OS (other)', subitems_url: 'more.json' }] })),
    );
    server.files.set('/more.json', Buffer.from(JSON.stringify({ os_list: [entry] })));
    server.files.set('/raspios_lite_arm64/images/raspios.img.xz', packed);
    const named = { image: { name: entry.name, catalog: `${server.url}/list.json` } };
    const locked = await resolveBase(named, context());
    expect(locked).toEqual({
      kind: 'image',
      digest: sha256(packed),
      describe: 'raspios.img.xz',
      from: { url: entry.url },
      name: entry.name,
    } satisfies ResolvedBase);
    await expectWhole(await unpack(named, { locked }));
    const newer = { ...entry, image_download_sha256: 'b'.repeat(64) };
    server.files.set('/more.json', Buffer.from(JSON.stringify({ os_list: [newer] })));
    expect(await resolveBase(named, context({ locked, offline: true }))).toEqual(locked);
    expect((await resolveBase(named, context())).digest).toBe('b'.repeat(64));
    const pinned = { image: { ...named.image, sha256: sha256(packed) } };
    await expect(resolveBase(pinned, context())).rejects.toThrow('is another image by now');
  });
});

describe('what is no card', () => {
  test.each<[what: string, make: (file: string) => Promise<unknown>, says: string]>([
    ['a text', (file) => writeFile(file, 'hello'), 'is not the image of a card: no partition table'],
    [
      'one that is cut short',
      async (file) => {
        await run(['cp', '--sparse=always', path.join(shared, 'card.img'), file], { signal });
        await truncate(file, 50 * MiB);
      },
      'is cut short',
    ],
    [
      'one whose root is no ext4',
      async (file) => {
        await run(['cp', '--sparse=always', path.join(shared, 'card.img'), file], { signal });
        await run(['dd', 'if=/dev/zero', `of=${file}`, 'bs=1M', 'seek=42', 'count=1', 'conv=notrunc', 'status=none'], {
          signal,
        });
      },
      'holds no ext4',
    ],
    ['an .xz that is damaged', (file) => writeFile(file, packed.subarray(0, 1000)), 'Unexpected end of input'],
  ])('%s is refused', async (_what, make, says) => {
    const file = path.join(dir, 'x.img');
    await make(file);
    await expect(unpack({ image: { file } })).rejects.toThrow(says);
  });

  test('one whose boot folder is a link out of it', async () => {
    const outside = path.join(dir, 'outside');
    const root = path.join(dir, 'made', 'root');
    await mkdir(outside);
    await mkdir(path.join(root, 'boot'), { recursive: true });
    await symlink(outside, path.join(root, 'boot/firmware'));
    const content = { root, rootBytes: 8 * MiB, bootFiles: { 'config.txt': '' } };
    const file = await makeCardImage(path.dirname(root), content, signal);
    await expect(unpack({ image: { file } })).rejects.toThrow('leads out of it');
    expect(await readdir(outside)).toEqual([]);
  });

  test('one that is not there, or not the one that was meant', async () => {
    await expect(unpack({ image: { file: 'none.img' } })).rejects.toThrow('there is no image at');
    const other = { file: 'card.img', sha256: 'c'.repeat(64) };
    await expect(unpack({ image: other })).rejects.toThrow('is not what it should be');
  });
});

describe('a root from elsewhere', () => {
  test.each(['gz', 'xz', 'zst', 'tar'])('as tar (%s) or as a folder is the same', async (form) => {
    const archive = path.join(dir, `root.${form}`);
    const keep = ['--xattrs', '--xattrs-include=*', '--acls', '--numeric-owner', '--auto-compress'];
    await run(['tar', '--create', ...keep, '--file', archive, '-C', path.join(shared, 'root'), '.'], { signal });
    const target = path.join(dir, 'tree');
    const resolved = await resolveBase({ root: archive }, context());
    await unpackBase(resolved, { target, workDir: path.join(dir, 'work') }, context());
    expect(await describeTree(target, signal)).toBe(expected);
  });

  test('a folder is copied whole, and known by its content', async () => {
    const first = await resolveBase({ root: 'root' }, context());
    const target = path.join(dir, 'tree');
    await unpackBase(first, { target, workDir: path.join(dir, 'work') }, context());
    expect(await describeTree(target, signal)).toBe(expected);
    expect((await resolveBase({ root: target }, context())).digest).toBe(first.digest);
    await run(['chown', '1:1', path.join(target, 'usr/bin/first')], { signal });
    expect((await resolveBase({ root: target }, context())).digest).not.toBe(first.digest);
  });

  test('what did not change is not read again', async () => {
    const tree = path.join(dir, 'tree');
    await mkdir(path.join(tree, 'usr'), { recursive: true });
    const first = await resolveBase({ root: tree }, context());
    const known = path.join(dir, 'state/sources/known.json');
    const text = await readFile(known, 'utf8');
    await writeFile(known, text.replace(first.digest, 'd'.repeat(64)));
    expect((await resolveBase({ root: tree }, context())).digest).toBe('d'.repeat(64));
    await symlink('x', path.join(tree, 'usr/link'));
    expect((await resolveBase({ root: tree }, context())).digest).not.toBe('d'.repeat(64));
  });

  test('without etc and usr is refused', async () => {
    await mkdir(path.join(dir, 'rootfs/etc'), { recursive: true });
    const target = path.join(dir, 'tree');
    const resolved = await resolveBase({ root: path.join(dir, 'rootfs') }, context());
    const unpacking = unpackBase(resolved, { target, workDir: path.join(dir, 'work') }, context());
    await expect(unpacking).rejects.toThrow('it has no /etc/passwd');
  });
});
