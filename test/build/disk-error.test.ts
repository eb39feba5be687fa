import { expect, test } from 'vitest';

import { explainDisk } from '../../src/build/disk-error.ts';
import { HostError } from '../../src/model/errors.ts';

const failing = (code: string) => Promise.reject(Object.assign(new Error(`${code}: write`), { code }));

test.each([
  ['ENOSPC', /cannot write below \/state: the disk is full/],
  ['EROFS', /read-only/],
])('%s is a sentence with a cure', async (code, message) => {
  const error: unknown = await explainDisk('/state', failing(code)).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(HostError);
  expect((error as HostError).message).toMatch(message);
  expect((error as HostError).hint).toMatch(/\S/);
});

test('other failures stay what they are', async () => {
  await expect(explainDisk('/state', failing('ENOENT'))).rejects.toThrow('ENOENT: write');
  await expect(explainDisk('/state', Promise.resolve(1))).resolves.toBe(1);
});
