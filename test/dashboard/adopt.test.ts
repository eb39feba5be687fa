import { expect, test } from 'vitest';

import { suggestNode } from '../../src/dashboard/adopt.ts';

test.each([
  [[], { name: 'node01', address: '' }],
  [['node01 10.42.0.11', 'node02 10.42.0.12'], { name: 'node03', address: '10.42.0.13' }],
  [['node9 10.42.0.19', 'login 10.42.0.5'], { name: 'node10', address: '10.42.0.20' }],
  [['rack1-009 10.42.0.254'], { name: 'rack1-010', address: '10.42.1.1' }],
  [['login 10.42.0.5'], { name: 'node01', address: '10.42.0.6' }],
  [['login nonsense'], { name: 'node01', address: '' }],
  [['a 255.255.255.255'], { name: 'node01', address: '' }],
])('after %o comes %o', (taken, expected) => {
  const nodes = taken.map((each) => {
    const [name = '', address = ''] = each.split(' ');
    return { name, address };
  });

  expect(suggestNode(nodes)).toEqual(expected);
});
