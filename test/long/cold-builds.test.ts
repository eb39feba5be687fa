/** Two builds from nothing make the same version, whoever builds, where and when. */
import { cp, mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { indexFileName, readTreeIndex } from '../../src/host/index-file.ts';
import { listFiles } from '../../src/host/tree.ts';
import { ImageManifest } from '../../src/model/manifest.ts';
import type { IndexEntry } from '../../src/model/tree-index.ts';
import { piImage } from '../support/pi-image.ts';

const image = 'cold';
const buildMs = 40 * 60_000;
const spec = `base: { apt: { suite: trixie, sources: [debian] } }
layers:
  - name: site
    packages: [tree, munge]
    users: [{ name: ada, groups: [video] }, { name: prom, system: true }]
    run: [./setup.sh]
    files: files/
    units: { mask: [getty@tty1] }
boards: [pi4]
`;
const script = `#!/bin/sh
set -eu
mkdir -p /opt/site/deep
for name in b a c; do echo $name > /opt/site/deep/$name; done
ls -f / | sort > /opt/site/seen
ln -s deep/a /opt/site/link
ln /opt/site/deep/b /opt/site/hard
touch /var/lib/made
`;

interface Built {
  readonly manifest: ImageManifest;
  readonly entries: readonly IndexEntry[];
}

let dir: string;
let one: Built;
let other: Built;

beforeAll(async () => {
  dir = await mkdtemp('/var/tmp/pi-image-cold-');
  one = await build('one', { zone: 'UTC', mask: 0o022, written: new Date('2026-11-01T00:00:00Z') });
  other = await build('the-other-one', { zone: 'Asia/Tokyo', mask: 0o077, written: new Date('2019-02-03T04:05:06Z') });
});

afterAll(() => rm(dir, { recursive: true, force: true }));

interface Circumstances {
  readonly zone: string;
  readonly mask: number;
  /** When the files of the image were written. */
  readonly written: Date;
}

/** With nothing but the packages that the first of them fetched: neither its lock nor its layers. */
async function build(name: string, { zone, mask, written }: Circumstances): Promise<Built> {
  const own = path.join(dir, name);
  const folder = path.join(own, 'images', image);
  const state = path.join(own, 'state');
  await mkdir(path.join(folder, 'files/etc'), { recursive: true });
  await mkdir(state);
  if (name !== 'one') await cp(path.join(dir, 'one/state/debs'), path.join(state, 'debs'), { recursive: true });
  await writeFile(path.join(folder, 'image.yaml'), spec);
  await writeFile(path.join(folder, 'setup.sh'), script, { mode: 0o755 });
  await writeFile(path.join(folder, 'files/etc/motd'), 'hello\n');
  for (const file of await listFiles(folder, ['.'])) await utimes(path.join(folder, file), written, written);
  const before = { mask: process.umask(mask), zone: process.env['TZ'] };
  process.env['TZ'] = zone;
  try {
    const { code, stderr } = await piImage(
      ['--state', state, '--config', path.join(own, 'cluster.yaml'), 'build', image, '--engine', 'fast'],
      buildMs,
    );
    if (code !== 0 || stderr.includes('everything is emulated')) throw new Error(stderr);
  } finally {
    process.umask(before.mask);
    if (before.zone === undefined) delete process.env['TZ'];
    else process.env['TZ'] = before.zone;
  }
  const versions = path.join(state, 'exports/images', image);
  const version = (await readdir(versions)).find((each) => !each.startsWith('.')) ?? '';
  const text = await readFile(path.join(versions, version, 'manifest.json'), 'utf8');
  const index = await readTreeIndex(path.join(versions, version, indexFileName));
  return { manifest: ImageManifest.parse(JSON.parse(text)), entries: index?.entries ?? [] };
}

test('they differ in no file, owner, mode, time or attribute', () => {
  const theirs = new Map(other.entries.map((entry) => [entry.path, JSON.stringify(entry)]));
  const differing = one.entries.filter((entry) => theirs.get(entry.path) !== JSON.stringify(entry));

  expect(one.entries.length).toBeGreaterThan(5000);
  expect(differing).toEqual([]);
  expect(other.manifest.index).toBe(one.manifest.index);
});

test('nor in a boot file, of which the initramfs is one', () => {
  expect(Object.keys(one.manifest.bootFiles).length).toBeGreaterThan(10);
  expect(other.manifest.bootFiles).toEqual(one.manifest.bootFiles);
});

test('nor in their manifest, but for the day and the hour', () => {
  expect({ ...other.manifest, builtAt: '', version: '' }).toEqual({ ...one.manifest, builtAt: '', version: '' });
});
