import { describe, expect, test } from 'vitest';

import { countStates, isDense, shelvesOf, type RackFilter } from '../../src/dashboard/rack.ts';
import { sampleTile } from '../support/sample-tiles.ts';

const nodes = [
  sampleTile('node01', { power: { switch: 'sw2', port: 3 } }),
  sampleTile('node02', { power: { switch: 'sw2', port: 1 }, state: 'failed' }),
  sampleTile('node03', { power: { switch: 'sw10', port: 1 }, role: 'login' }),
  sampleTile('node04', { state: 'booting', address: '10.42.0.99' }),
];
const all: RackFilter = { text: '', states: new Set() };
const shelves = (...args: Parameters<typeof shelvesOf>) =>
  shelvesOf(...args).map(({ name, tiles }) => `${name}: ${tiles.map((tile) => tile.name).join(' ')}`);

describe('shelves', () => {
  test('by switch: boards stand by port, those without one come last', () => {
    expect(shelves(nodes, 'switch', all)).toEqual(['sw2: node02 node01', 'sw10: node03', 'no switch port: node04']);
  });

  test('by role, image and state, the worst first', () => {
    expect(shelves(nodes, 'role', all)).toEqual(['compute: node01 node02 node04', 'login: node03']);
    expect(shelves(nodes, 'image', all)).toEqual(['debian-lite@20261121.1: node01 node02 node03 node04']);
    expect(shelves(nodes, 'state', all)).toEqual(['failed: node02', 'booting: node04', 'ready: node01 node03']);
  });
});

describe('a filter', () => {
  test.each<[string, RackFilter['states'], string[]]>([
    ['node01', new Set(), ['compute: node01']],
    ['  LOGIN sw10/1 ', new Set(), ['login: node03']],
    ['0.99', new Set(), ['compute: node04']],
    ['nothing', new Set(), []],
    ['', new Set(['failed', 'booting'] as const), ['compute: node02 node04']],
    ['node04', new Set(['failed'] as const), []],
  ])('"%s" and %o leave %o', (text, states, expected) => {
    expect(shelves(nodes, 'role', { text, states })).toEqual(expected);
  });
});

test('states are counted, the worst first, and only those that are there', () => {
  expect(countStates(nodes)).toEqual([
    { state: 'failed', count: 1 },
    { state: 'booting', count: 1 },
    { state: 'ready', count: 2 },
  ]);
});

test('many boards are drawn small', () => {
  expect([8, 120, 121, 1000].map(isDense)).toEqual([false, false, true, true]);
});
