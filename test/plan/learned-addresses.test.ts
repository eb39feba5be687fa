import { expect, test } from 'vitest';

import { asWritten, withAddress } from '../../src/model/node-address.ts';
import { parseIpv4 } from '../../src/model/ipv4.ts';
import { beginBoot } from '../../src/plan/boot-timeline.ts';
import { atLearnedAddresses, learnedAddresses } from '../../src/plan/learned-addresses.ts';
import { sampleNode } from '../support/sample-view.ts';

let count = 0;
const boot = (node: string, address: string) =>
  beginBoot({ id: `b${count++}`, node, mac: 'm', address, generation: 'g', token: 't', sign: 'read', nowMs: 0 });

test.each([
  ['nothing was seen', [], {}],
  ['its newest boot counts', [boot('one', '10.0.0.1'), boot('one', '10.0.0.2')], { one: '10.0.0.2' }],
  ['another node has its address now', [boot('one', '10.0.0.1'), boot('two', '10.0.0.1')], { two: '10.0.0.1' }],
  [
    'it is not where it was before that',
    [boot('one', '10.0.0.9'), boot('one', '10.0.0.1'), boot('two', '10.0.0.1')],
    { two: '10.0.0.1' },
  ],
  [
    'two that changed places',
    [boot('one', '10.0.0.1'), boot('two', '10.0.0.2'), boot('one', '10.0.0.2'), boot('two', '10.0.0.1')],
    { one: '10.0.0.2', two: '10.0.0.1' },
  ],
])('%s', (_name, boots, expected) => {
  expect(Object.fromEntries(learnedAddresses(boots))).toEqual(expected);
});

test('a node at a learned address is the same object each time, and knows what its owner wrote', () => {
  const node = sampleNode('node01');
  const learned = new Map([['node01', parseIpv4('10.42.0.57')]]);

  const [moved] = atLearnedAddresses([node], learned);

  expect(moved).toEqual({ ...node, address: '10.42.0.57' });
  expect(atLearnedAddresses([node], learned)[0]).toBe(moved);
  expect(moved && asWritten(moved)).toBe(node);
  expect(moved && withAddress(moved, node.address)).toBe(node);
  expect(atLearnedAddresses([node], new Map())[0]).toBe(node);
});
