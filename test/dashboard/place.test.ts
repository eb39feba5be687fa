import { expect, test } from 'vitest';

import { readPlace, renderPlace, type Place } from '../../src/dashboard/place.ts';

const places: Place[] = [
  { view: 'rack' },
  { view: 'rack', node: 'node01' },
  { view: 'events', node: 'node01' },
  { view: 'operations' },
  { view: 'operations', operation: '12' },
  { view: 'operations', node: 'node01' },
  { view: 'images' },
];

test.each(places)('%o is found again', (place) => {
  expect(readPlace(renderPlace(place))).toEqual(place);
});

test.each([
  ['', { view: 'rack' }],
  ['#', { view: 'rack' }],
  ['#/nodes/node01', { view: 'rack', node: 'node01' }],
  ['#/nodes/', { view: 'rack' }],
  ['#/elsewhere', { view: 'rack' }],
  ['#/nodes/%zz', { view: 'rack', node: '%zz' }],
])('"%s" is %o', (hash, place) => {
  expect(readPlace(hash)).toEqual(place);
});
