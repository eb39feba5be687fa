import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { explainDisk } from '../../src/build/disk-error.ts';
import { installedBytes, sizeOfSource } from '../../src/build/disk-need.ts';
import { HostError } from '../../src/model/errors.ts';

let state: string;
beforeAll(async () => {
  state = await mkdtemp(path.join(tmpdir(), 'disk-error-'));
});
afterAll(() => rm(state, { recursive: true }));

const failing = (code: string, at = {}) => Object.assign(new Error(`${code}: write`), { code, ...at });
async function explain(reason: Error, need: object = {}): Promise<unknown> {
  const broken = async () => {
    await Promise.resolve();
    throw reason;
  };
  try {
    return await explainDisk(state, broken(), async () => need);
  } catch (thrown) {
    return thrown;
  }
}

describe('a full disk', () => {
  test.each<[string, () => Error]>([
    ['that a call tells of', () => failing('ENOSPC', { path: path.join(state, 'builds/x.json') })],
    [
      'that the reason of an error tells of',
      () => new HostError('cannot write', { cause: failing('ENOSPC', { path: state }) }),
    ],
    [
      'that a program tells of',
      () => new HostError(`"cp" failed\ncp: error writing '${state}/x': No space left on device`),
    ],
    [
      'that a program tells of for a file',
      () => new HostError(`tar: ${state}/x: Cannot write: No space left on device`),
    ],
  ])('%s is named with its room, what is needed, and a cure', async (_how, error) => {
    const explained = await explain(error(), { stateBytes: 52_340_000, exportsBytes: 1e9 });

    expect(explained).toBeInstanceOf(HostError);
    const { message, hint } = explained as HostError;
    // They are one file system here, and the versions' place is the first of it that a name may lie in.
    expect(message).toMatch(
      /^the file system of (?:the state|versions of images) is full: \S+ has \d+.* MB of \d+ MB free, up to/,
    );
    expect(hint).toContain('"pi-image image gc --dry-run" says what can go');
  });

  test('says what the state needs where a file of it could not be written', async () => {
    const place = path.join(state, 'build/layer');
    const { message } = (await explain(failing('ENOSPC', { path: place }), { stateBytes: 52_340_000 })) as HostError;
    expect(message).toMatch(/^the file system of the state is full: .*, up to 52\.3 MB are written$/);
  });

  test('is told once', async () => {
    const first = (await explain(failing('ENOSPC', { path: state }))) as HostError;
    expect(await explain(first)).toBe(first);
  });
});

test.each([
  ['EROFS', /read-only/],
  ['EIO', /the disk fails/],
])('%s is a sentence with a cure', async (code, message) => {
  const error = await explain(failing(code));
  expect((error as HostError).message).toMatch(message);
  expect((error as HostError).hint).toMatch(/\S/);
});

test('other failures stay what they are', async () => {
  for (const error of [failing('ENOENT'), failing('ENOENT', { syscall: 'mkdir', path: path.join(state, 'a/b') })]) {
    expect(await explain(error)).toBe(error);
  }
  await expect(explainDisk(state, Promise.resolve(1))).resolves.toBe(1);
});

describe('what is needed', () => {
  test('is what packages say, or three times their files', () => {
    const said = { control: 'Package: a\nInstalled-Size: 100\nArchitecture: all', sizeBytes: 5 };
    expect(installedBytes([said, { control: 'Package: b', sizeBytes: 1000 }])).toBe(100 * 1024 + 3000);
  });

  test('is not known of what is not there', async () => {
    const signal = AbortSignal.timeout(10_000);
    expect(await sizeOfSource(path.join(state, 'nowhere'), signal)).toBeUndefined();
    expect(await sizeOfSource(state, signal)).toBeGreaterThan(0);
  });
});
