import { expect, test } from 'vitest';

import type { IndexEntry } from '../../src/model/tree-index.ts';
import { compareWithBuilt } from '../../src/plan/handed-over.ts';
import { indexFile } from '../support/index-file.ts';

test('what is as it was built gets the layer that its builder knew', () => {
  const { entries, others } = compareWithBuilt(
    [indexFile('a'), indexFile('b')],
    [indexFile('a', { layer: 3 }), indexFile('b')],
  );
  expect(others).toEqual([]);
  // As text, since the digest of the index is one of text.
  expect(JSON.stringify(entries)).toBe(JSON.stringify([indexFile('a', { layer: 3 }), indexFile('b')]));
});

test('the order in which a builder wrote attributes down does not count', () => {
  const { layer: _, ...entry } = indexFile('a', { layer: 0 });
  const turned = Object.fromEntries(Object.entries({ ...entry, layer: 2 }).toReversed()) as unknown as IndexEntry;
  expect(compareWithBuilt([indexFile('a')], [turned]).entries).toEqual([indexFile('a', { layer: 2 })]);
});

test('what is other, new or gone is named, and has no layer', () => {
  const found = [indexFile('new'), indexFile('other', { mode: 0o4755 })];
  const built = [indexFile('gone', { layer: 1 }), indexFile('other', { layer: 1 })];
  expect(compareWithBuilt(found, built)).toEqual({ entries: found, others: ['gone', 'new', 'other'] });
});
