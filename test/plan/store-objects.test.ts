import { expect, test } from 'vitest';

import type { IndexedFile } from '../../src/model/tree-index.ts';
import { isWhatItIsCalled, objectKey, ObjectNames } from '../../src/plan/store-objects.ts';
import { indexFile } from '../support/index-file.ts';

const file = indexFile('a');

test.each<Partial<IndexedFile>>([
  { mode: 0o4755 },
  { uid: 1 },
  { gid: 1 },
  { time: 2 },
  { sha256: 'b'.repeat(64) },
  { xattrs: { 'security.capability': '01' } },
])('another inode for %o', (change) => {
  expect(objectKey({ ...file, ...change })).not.toBe(objectKey(file));
});

test.each<[what: string, found: IndexedFile, name: string, expected: boolean]>([
  ['as it was made', file, objectKey(file), true],
  ['the second of two equal ones', file, `${objectKey(file)}-2`, true],
  ['a boot file, whose time nobody asks for', { ...file, time: 7 }, objectKey({ ...file, time: 0 }), true],
  ['another content', { ...file, sha256: 'b'.repeat(64) }, objectKey(file), false],
  ['another mode', { ...file, mode: 0o777 }, objectKey(file), false],
])('an object is what it is called: %s', (_what, found, name, expected) => {
  expect(isWhatItIsCalled(name, found)).toBe(expected);
});

test('the path, the layer and the number of names are not part of an inode', () => {
  expect(objectKey({ ...file, path: 'b', layer: 3, group: 1 })).toBe(objectKey(file));
});

test('two equal files of one version stay two, in the same two objects in every version', () => {
  const first = new ObjectNames();
  const second = new ObjectNames();

  const [one, two] = [first.of(file), first.of({ ...file, path: 'b' })];

  expect(one).not.toBe(two);
  expect([second.of(file), second.of(file)]).toEqual([one, two]);
});

test('names of one file are one object', () => {
  const names = new ObjectNames();

  expect(names.of({ ...file, group: 4 })).toBe(names.of({ ...file, path: 'b', group: 4 }));
  expect(names.of({ ...file, group: 5 })).not.toBe(names.of({ ...file, group: 4 }));
});

test('an object that a file of the version has already is not given again', () => {
  const names = new ObjectNames();
  names.keep(objectKey(file));

  expect(names.of(file)).toBe(`${objectKey(file)}-2`);
});
