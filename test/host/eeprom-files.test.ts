import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { eepromFileName, openEepromFiles } from '../../src/host/eeprom-files.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'eeprom-'));
});
afterEach(() => rm(dir, { recursive: true }));

const image = Buffer.from('an image');
const sum = '46e48bd5';

test('what is kept is read back under its hash, and refused when the disk has spoiled it', async () => {
  const files = openEepromFiles(dir);
  const sha256 = await files.keep(image);
  expect(await files.read(sha256)).toEqual(image);

  await writeFile(path.join(dir, eepromFileName(sha256)), 'an imagf');
  await expect(files.read(sha256)).rejects.toThrow('damaged');
  await expect(files.read(sum.repeat(8))).rejects.toThrow('no EEPROM image');
});

test('only what is needed stays, and nothing else is touched', async () => {
  const files = openEepromFiles(dir);
  const needed = await files.keep(image);
  await files.keep(Buffer.from('another'));
  await writeFile(path.join(dir, 'README'), 'of a person');

  await files.keepOnly(new Set([needed]));

  expect((await readdir(dir)).toSorted()).toEqual([eepromFileName(needed), 'README'].toSorted());
});
