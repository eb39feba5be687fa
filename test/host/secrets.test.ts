import { chmod, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { openSecrets } from '../../src/host/secrets.ts';
import type { LogFields } from '../../src/model/log.ts';
import { isMissing } from '../support/programs.ts';

let parent: string;
let dir: string;
let warnings: { event: string; fields: LogFields | undefined }[];

const log = {
  info: () => undefined,
  warn: (event: string, fields?: LogFields) => void warnings.push({ event, fields }),
};
const open = () => openSecrets(dir, { log });
const mode = async (file: string) => ((await stat(path.join(dir, file))).mode & 0o777).toString(8);

beforeEach(async () => {
  parent = await mkdtemp(path.join(tmpdir(), 'pi-image-secrets-'));
  dir = path.join(parent, 'secrets');
  warnings = [];
});

afterEach(() => rm(parent, { recursive: true, force: true }));

const node = { name: 'node01', address: '10.42.0.11' };

describe('a secret that is generated', () => {
  test('has the length asked for, is private, and stays the same', async () => {
    const first = await (await open()).clusterSecret('mungeKey', { generateBytes: 128 });
    const again = await (await open()).clusterSecret('mungeKey', { generateBytes: 64 });

    expect(first).toHaveLength(128);
    expect(Buffer.from(again)).toEqual(Buffer.from(first));
    expect(new Set(first).size).toBeGreaterThan(20);
    expect(await mode('.')).toBe('700');
    expect(await mode('cluster')).toBe('700');
    expect(await mode('cluster/mungeKey')).toBe('600');
    expect(warnings).toEqual([]);
  });

  test('is one, however many ask for it at once', async () => {
    const stores = await Promise.all([open(), open(), open(), open()]);

    const values = await Promise.all(stores.map((store) => store.clusterSecret('mungeKey', { generateBytes: 32 })));

    expect(new Set(values.map((value) => Buffer.from(value).toString('hex'))).size).toBe(1);
    expect(await readdir(path.join(dir, 'cluster'))).toEqual(['mungeKey']);
  });

  test('is taken back from others who could read it, with a warning', async () => {
    await (await open()).clusterSecret('mungeKey', { generateBytes: 32 });
    await chmod(path.join(dir, 'cluster/mungeKey'), 0o644);
    await chmod(dir, 0o755);

    await (await open()).clusterSecret('mungeKey', { generateBytes: 32 });

    expect(await mode('cluster/mungeKey')).toBe('600');
    expect(await mode('.')).toBe('700');
    expect(warnings.map(({ event, fields }) => [event, fields?.['mode']])).toEqual([
      ['secrets.were-readable', '755'],
      ['secrets.were-readable', '644'],
    ]);
  });
});

describe('a secret in a file of its owner', () => {
  test('is read as it is now', async () => {
    const file = path.join(parent, 'munge.key');
    await writeFile(file, 'first', { mode: 0o600 });
    const secrets = await open();
    expect(Buffer.from(await secrets.clusterSecret('mungeKey', { file })).toString()).toBe('first');
    await writeFile(file, 'second');

    expect(Buffer.from(await secrets.clusterSecret('mungeKey', { file })).toString()).toBe('second');
    expect(await readdir(path.join(dir, 'cluster'))).toEqual([]);
  });

  test('is used with a warning when everyone can read it', async () => {
    const file = path.join(parent, 'munge.key');
    await writeFile(file, 'x', { mode: 0o644 });

    await (await open()).clusterSecret('mungeKey', { file });

    expect(warnings).toEqual([{ event: 'secrets.file-readable-by-all', fields: { secret: 'mungeKey', file } }]);
  });

  test.each([
    ['missing', undefined, 'the secret mungeKey cannot be read from'],
    ['empty', 0, 'is empty or larger than 65536 bytes'],
    ['too large', 65_537, 'is empty or larger than 65536 bytes'],
  ])('is refused when it is %s', async (_what, sizeBytes, message) => {
    const file = path.join(parent, 'munge.key');
    if (sizeBytes !== undefined) await writeFile(file, Buffer.alloc(sizeBytes), { mode: 0o600 });
    const secrets = await open();

    await expect(secrets.clusterSecret('mungeKey', { file })).rejects.toThrow(message);
  });
});

test.skipIf(isMissing('ssh-keygen'))('an overlay gets the secrets it names and no other', async () => {
  const secrets = await open();

  const values = await secrets.valuesFor(node, ['mungeKey', 'sshHostKey', 'unknown'], {
    mungeKey: { generateBytes: 32 },
    other: { generateBytes: 32 },
  });

  expect(Object.keys(values).toSorted()).toEqual(['mungeKey', 'sshHostKey']);
  expect(values['mungeKey']).toHaveLength(32);
  expect(await readdir(path.join(dir, 'cluster'))).toEqual(['mungeKey']);
});

test('a folder in the place of a secret is an error that names it', async () => {
  await mkdir(path.join(dir, 'cluster/mungeKey'), { recursive: true, mode: 0o700 });
  const secrets = await open();

  await expect(secrets.clusterSecret('mungeKey', { generateBytes: 32 })).rejects.toThrow(
    `cannot read ${dir}/cluster/mungeKey`,
  );
});
