/** What a misspelt word was meant to be, and when it is better to say nothing. */
import { expect, test } from 'vitest';

import { didYouMean, nearest } from '../../src/model/nearest.ts';

const roles = ['compute', 'controller', 'login', 'k3s'];

test.each([
  ['comptue', 'compute'],
  ['Compute', 'compute'],
  ['computer', 'compute'],
  ['controler', 'controller'],
  ['logn', 'login'],
  ['k3', 'k3s'],
  ['', undefined],
  ['gateway', undefined],
  ['k8s', 'k3s'],
  ['a', undefined],
])('%j means %s', (word, meant) => {
  expect(nearest(word, roles)).toBe(meant);
});

test('a swap of neighbours is one edit', () => {
  expect(nearest('ab', ['ba'])).toBe('ba');
});

test('the closest one wins', () => {
  expect(nearest('node11', ['node01', 'node111', 'node12', 'node11'])).toBe('node11');
});

test('the question is added to a message, or nothing', () => {
  expect(didYouMean('comptue', roles)).toBe('; did you mean compute?');
  expect(didYouMean('xyz', [])).toBe('');
});
