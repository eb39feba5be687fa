/** The fast way of installing packages makes the tree that emulating everything makes, and makes the same one each time. */
import { cp, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import path from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { indexFileName, readTreeIndex } from '../../src/host/index-file.ts';
import type { IndexEntry } from '../../src/model/tree-index.ts';
import { piImage } from '../support/pi-image.ts';

const image = 'debian-lite';
const buildMs = 40 * 60_000;

interface Built {
  readonly entries: readonly IndexEntry[];
  /** What it said while it built. */
  readonly stderr: string;
}

let dir: string;
let plain: Built;
let fast: Built;
let again: Built;

beforeAll(async () => {
  dir = await mkdtemp('/var/tmp/pi-image-engines-');
  fast = await build('fast', '--engine', 'fast');
  again = await build('again', '--engine', 'fast');
  plain = await build('plain', '--engine', 'plain');
}, 3 * buildMs);

afterAll(() => rm(dir, { recursive: true, force: true }));

/** From nothing but the packages of the first of them, and its lock. */
async function build(name: string, ...flags: readonly string[]): Promise<Built> {
  const state = path.join(dir, name);
  await mkdir(state);
  if (name !== 'fast') {
    for (const kept of ['debs', 'locks']) {
      await cp(path.join(dir, 'fast', kept), path.join(state, kept), { recursive: true });
    }
  }
  const { code, stderr } = await piImage(['--state', state, 'build', image, ...flags], buildMs);
  if (code !== 0) throw new Error(stderr);
  const folder = path.join(state, 'exports/images', image);
  const [version = ''] = await readdir(folder);
  const index = await readTreeIndex(path.join(folder, version, indexFileName));
  return { entries: index?.entries ?? [], stderr };
}

/** Folders are touched in another order, and layers are counted elsewhere. */
function contents({ entries }: Built): Map<string, Omit<IndexEntry, 'time' | 'layer'>> {
  return new Map(entries.map(({ time: _time, layer: _layer, ...entry }) => [entry.path, entry]));
}

describe('packages installed with programs of this machine', () => {
  test('are really installed so', () => {
    expect(fast.stderr).not.toContain('everything is emulated');
    expect(fast.entries.length).toBeGreaterThan(10_000);
  });

  test('make the tree that emulation makes: contents, owners, modes, attributes, links', () => {
    const [ours, theirs] = [contents(fast), contents(plain)];
    const differing = [...new Set([...ours.keys(), ...theirs.keys()])].filter(
      (file) => JSON.stringify(ours.get(file)) !== JSON.stringify(theirs.get(file)),
    );
    expect(differing.map((file) => ({ fast: ours.get(file), plain: theirs.get(file) }))).toEqual([]);
  });

  test('make the same tree to the last byte and second each time', () => {
    expect(again.entries).toEqual(fast.entries);
  });
});
