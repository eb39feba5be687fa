import { expect, test } from 'vitest';

import type { IndexEntry } from '../../src/model/tree-index.ts';
import { compareWithBuilt } from '../../src/plan/handed-over.ts';

const file = (path: string, more: object = {}): IndexEntry => ({
  kind: 'file',
  path,
  mode: 0o644,
  uid: 0,
  gid: 0,
  time: 1,
  bytes: 1,
  sha256: 'a'.repeat(64),
  ...more,
});

test('what is as it was built gets the layer that its builder knew', () => {
  const { entries, others } = compareWithBuilt([file('a'), file('b')], [file('a', { layer: 3 }), file('b')]);
  expect(others).toEqual([]);
  // As text, since the digest of the index is one of text.
  expect(JSON.stringify(entries)).toBe(JSON.stringify([file('a', { layer: 3 }), file('b')]));
});

test('the order in which a builder wrote attributes down does not count', () => {
  const { layer: _, ...entry } = file('a', { layer: 0 });
  const turned = Object.fromEntries(Object.entries({ ...entry, layer: 2 }).toReversed()) as unknown as IndexEntry;
  expect(compareWithBuilt([file('a')], [turned]).entries).toEqual([file('a', { layer: 2 })]);
});

test('what is other, new or gone is named, and has no layer', () => {
  const found = [file('new'), file('other', { mode: 0o4755 })];
  const built = [file('gone', { layer: 1 }), file('other', { layer: 1 })];
  expect(compareWithBuilt(found, built)).toEqual({ entries: found, others: ['gone', 'new', 'other'] });
});
