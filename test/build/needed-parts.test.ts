import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { collectGarbage, planGarbage } from '../../src/build/collect-garbage.ts';
import { nativeKey } from '../../src/build/native-programs.ts';
import { neededDownloads } from '../../src/build/needed-parts.ts';
import { sha256 } from '../../src/plan/canonical-json.ts';
import { graceMs } from '../../src/plan/gc.ts';
import { lockedPackages } from '../../src/plan/package-lock.ts';
import { sampleLock, samplePackage } from '../support/sample-lock.ts';

let state: string;
beforeEach(async () => {
  state = await mkdtemp(path.join(tmpdir(), 'needed-parts-'));
});
afterEach(() => rm(state, { recursive: true }));

async function write(name: string, content = ''): Promise<string> {
  const file = path.join(state, name);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, content);
  return file;
}

const card = sha256('card');
const stranger = sha256('stranger');
const base = {
  kind: 'image',
  digest: card,
  describe: 'card.img',
  from: { url: 'http://example.org/card.img' },
} as const;

test('downloads that a lock or an image.yaml names are needed, and what those name in turn', async () => {
  const [manifest, config, blob] = [sha256('manifest'), sha256('config'), sha256('blob')];
  const spec = await write('images/one/image.yaml', `base: { oci: { registry: example.org/x@sha256:${manifest} } }\n`);
  await write(`sources/${manifest}`, JSON.stringify({ config: `sha256:${config}`, layers: [`sha256:${blob}`] }));
  const locks = [{ ...sampleLock(), base }];

  const needed = await neededDownloads(path.join(state, 'sources'), { locks, specFiles: [spec, 'nowhere'] });

  expect([...needed].toSorted()).toEqual([card, manifest, config, blob].toSorted());
});

const none = { images: new Map(), offered: new Map(), uses: [], lockFiles: [], specFiles: [] };
const input = (nowMs: number) => ({ ...none, keep: 1, nowMs });
const partsAt = async (nowMs: number) =>
  (await planGarbage(state, input(nowMs))).parts.map(({ kind, name }) => `${kind} ${name}`).toSorted();

describe('what builds have left', () => {
  const otherSet = 'c'.repeat(64);

  beforeEach(async () => {
    const layers = [{ name: 'base', request: sha256('x'), packages: [samplePackage('dpkg')] }];
    const lock = { ...sampleLock(), layers, base };
    await write('locks/one.json', JSON.stringify(lock));
    for (const name of [card, `${card}.part`, `${card}.part.etag`, stranger, `${stranger}.part`, 'known.json']) {
      await write(`sources/${name}`, 'x'.repeat(5000));
    }
    for (const key of [nativeKey(lockedPackages(lock)) ?? 'none', otherSet])
      await write(`native/${key}/native.json`, '{}');
    await write(`debs/${samplePackage('dpkg').fileName}`);
    await write('debs/old_1_arm64.deb');
    await write('debs/.partial/half_1_arm64.deb');
    await mkdir(path.join(state, 'layers/abc/root'), { recursive: true });
    await write('exports/squash/gone/20261121.1/root.squashfs');
  });

  test('goes where no lock, image.yaml or version needs it', async () => {
    const later = Date.now() + 2 * graceMs;
    const expected = [
      `download ${stranger}`,
      `download ${stranger}.part`,
      'layer abc',
      'package half_1_arm64.deb',
      'package old_1_arm64.deb',
      `programs ${otherSet}`,
      'squashfs gone@20261121.1',
    ];
    expect(await partsAt(later)).toEqual(expected.toSorted());
    const { parts } = await planGarbage(state, input(later));
    expect(parts.find(({ name }) => name === stranger)?.bytes).toBeGreaterThanOrEqual(5000);
  });

  test('stays for a day, but for what was made of a version that is gone', async () => {
    expect(await partsAt(Date.now())).toEqual(['squashfs gone@20261121.1']);
  });

  test('is gone once, and each was named', async () => {
    const said: string[] = [];
    const signal = AbortSignal.timeout(10_000);
    const later = Date.now() + 2 * graceMs;
    await collectGarbage(state, () => Promise.resolve(input(later)), { signal, tell: (what) => said.push(what) });

    expect(said).toHaveLength(7);
    expect(said).toContain(`download ${stranger.slice(0, 12)}`);
    expect(await partsAt(later)).toEqual([]);
  });
});
