import { expect, test } from 'vitest';

import { count, renderDuration, shortList, splitImage } from '../../src/dashboard/words.ts';

test.each([
  [-1, '0.0 s'],
  [3400, '3.4 s'],
  [125_000, '2 min 5 s'],
  [12_000_000, '3 h 20 min'],
  [200_000_000, '2 d 7 h'],
])('%i ms are %s', (ms, text) => {
  expect(renderDuration(ms)).toBe(text);
});

test.each([
  [['node01', 'node02', 'node03'], 'node[01-03]'],
  [['node01', 'node03', 'login'], 'node01, node03, login'],
  [['node09', 'node10'], 'node[09-10]'],
  [['node9', 'node10'], 'node9, node10'],
  [['a', 'b', 'c', 'd'], 'a, b and 2 more'],
])('%o is %s', (names, text) => {
  expect(shortList(names, 2 + Number(names.length < 4))).toBe(text);
});

test('one is one', () => {
  expect([count(1, 'node'), count(2, 'node'), count(0, 'node has', 'nodes have')]).toEqual([
    '1 node',
    '2 nodes',
    '0 nodes have',
  ]);
});

test('an image has a name and a version', () => {
  expect(splitImage('debian-lite@20261121.1')).toEqual({ name: 'debian-lite', version: '20261121.1' });
  expect(splitImage('debian-lite')).toEqual({ name: 'debian-lite', version: '' });
});
