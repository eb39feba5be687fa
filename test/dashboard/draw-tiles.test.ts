import { expect, test } from 'vitest';

import type { NodeTile } from '../../src/api/schemas/watch.ts';
import { drawTiles } from '../../src/dashboard/draw-tiles.ts';

const tile = (number: number, state: NodeTile['state']): [string, NodeTile] => {
  const name = `node${number}`;
  return [name, { name, board: 'pi5', address: `10.42.0.${number}`, role: 'compute', state }];
};
const tiles = (count: number, state: NodeTile['state']) =>
  new Map(Array.from({ length: count }, (_, index) => tile(index + 1, state)));
const countOf = (nodes: ReadonlyMap<string, NodeTile>, state: NodeTile['state']) =>
  [...nodes.values()].filter((each) => each.state === state).length;

test('hundreds of boards that change at once are drawn a few at a time, until all are', () => {
  const known = tiles(150, 'booting');
  let drawn: ReadonlyMap<string, NodeTile> = tiles(150, 'ready');

  const seen: number[] = [];
  while (drawn !== known) {
    drawn = drawTiles(drawn, known, 64);
    seen.push(countOf(drawn, 'booting'));
  }

  expect(seen).toEqual([64, 128, 150]);
});

test('a board that changes again while it waits is drawn as it is then', () => {
  const booting = tiles(3, 'booting');
  const first = drawTiles(tiles(3, 'ready'), booting, 1);
  const failed = new Map([...booting, tile(2, 'failed'), tile(3, 'failed')]);

  expect(countOf(first, 'booting')).toBe(1);
  expect(countOf(drawTiles(first, failed, 2), 'failed')).toBe(2);
});

test('boards that are new or gone are so at once, in their places', () => {
  const drawn = new Map([tile(2, 'ready'), tile(3, 'ready'), tile(9, 'ready')]);
  const known = new Map([tile(1, 'new'), tile(2, 'booting'), tile(3, 'booting')]);

  const nodes = drawTiles(drawn, known, 1);

  expect([...nodes.keys()]).toEqual(['node1', 'node2', 'node3']);
  expect([...nodes.values()].map(({ state }) => state)).toEqual(['new', 'booting', 'ready']);
});

test('few changes are drawn at once: it is the very same map', () => {
  const drawn = tiles(100, 'ready');
  const known = new Map([...drawn, tile(7, 'failed')]);

  expect(drawTiles(drawn, known, 1)).toBe(known);
});
