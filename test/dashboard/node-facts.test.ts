import { expect, test } from 'vitest';

import type { Node } from '../../src/api/schemas/node.ts';
import { nodeExample } from '../../src/api/schemas/node.ts';
import { factsOf } from '../../src/dashboard/node-facts.ts';
import { sampleTile } from '../support/sample-tiles.ts';

test('a tile alone tells what the rack knows', () => {
  const names = factsOf(sampleTile('node01', { power: { switch: 'sw1', port: 3 } }), undefined).map(([name]) => name);

  expect(names).toEqual(['Role', 'Runs', 'Board', 'Address', 'PoE port']);
});

test('the node itself tells the rest', () => {
  const facts = Object.fromEntries(factsOf(sampleTile('node01'), nodeExample as unknown as Node));

  expect(facts).toMatchObject({ MAC: '2c:cf:67:01:02:03', Serial: '9ffefdef', 'Up for': '10 min 40 s', Load: '0.12' });
});
