import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { indexLayer, readLayer, readLayerRecord, writeLayerRecord } from '../../src/build/index-layer.ts';
import { readContents } from '../../src/build/read-contents.ts';
import type { LayerRecord } from '../../src/model/build-record.ts';

const key = 'a'.repeat(64);
const record: LayerRecord = { format: 1, wanted: key, parts: { step: 'x' }, users: {}, groups: {} };

let stateDir: string;
let dir: string;
let file: string;
beforeEach(async () => {
  stateDir = await mkdtemp(path.join(tmpdir(), 'index-layer-'));
  dir = path.join(stateDir, 'layers', key);
  file = path.join(dir, 'index.json.gz');
  await mkdir(path.join(dir, 'root'), { recursive: true });
  await writeFile(path.join(dir, 'root/motd'), 'hello\n');
});
afterEach(() => rm(stateDir, { recursive: true }));

const build = () => ({ stateDir, signal: new AbortController().signal, lock: { epochSeconds: 2_000_000_000 } });

test('an index whose text is another than was written is damaged, whatever it says', async () => {
  const { index, digest } = await indexLayer(dir, build());
  await writeLayerRecord(dir, { ...record, index: digest });
  expect(await readLayer(key, build())).toEqual(index);

  const text = gunzipSync(await readFile(file)).toString();
  await writeFile(file, gzipSync(text.replace('motd', 'mods')));

  await expect(readLayer(key, build())).rejects.toThrow(
    /index\.json\.gz is damaged: its content is not what was written/,
  );
});

test('one that is missing is made again, and its digest is known from then on', async () => {
  await writeLayerRecord(dir, { ...record, index: '0'.repeat(64) });

  const index = await readLayer(key, build());

  expect(index.entries).toMatchObject([{ path: '.' }, { path: 'motd' }]);
  expect((await readLayerRecord(dir))?.index).not.toBe('0'.repeat(64));
  expect(await readLayer(key, build())).toEqual(index);
});

test('a layer of an older version gets digests of what it holds and of its index', async () => {
  await writeLayerRecord(dir, record);

  const [content] = await readContents([key], build());

  expect(await readLayerRecord(dir)).toEqual({ ...record, content, index: expect.stringMatching(/^[0-9a-f]{64}$/) });
});

test('without a digest every entry is looked at', async () => {
  await indexLayer(dir, build());
  const text = gunzipSync(await readFile(file)).toString();
  await writeFile(file, gzipSync(text.replace('"uid"', '"gone"')));

  await expect(readLayer(key, build())).rejects.toThrow(/index\.json\.gz is damaged/);
});
