import { expect, test } from 'vitest';

import type { NodeTile } from '../../src/api/schemas/watch.ts';
import { announce } from '../../src/dashboard/announce.ts';
import { sampleTile } from '../support/sample-tiles.ts';

function at(states: Readonly<Record<string, NodeTile['state']>>): Map<string, NodeTile> {
  return new Map(Object.entries(states).map(([name, state]) => [name, sampleTile(name, { state })]));
}

test('who came up, and who did not', () => {
  const before = at({ a: 'booting', b: 'booting', c: 'ready', d: 'new' });

  expect(announce(before, at({ a: 'ready', b: 'ready', c: 'silent', d: 'booting' }))).toBe(
    'a, b are ready. c is silent.',
  );
});

test('nothing where nothing is worth a word', () => {
  const before = at({ a: 'new', c: 'ready' });

  expect(announce(before, at({ a: 'booting', b: 'ready', c: 'ready' }))).toBe('');
});

test('many at once are counted', () => {
  const names = Array.from({ length: 256 }, (_, index) => `node${index}`);
  const all = (state: NodeTile['state']) => at(Object.fromEntries(names.map((name) => [name, state])));

  expect(announce(all('booting'), all('ready'))).toBe('256 nodes are ready.');
});
