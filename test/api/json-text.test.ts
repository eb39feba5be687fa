import { expect, test, vi } from 'vitest';

import { jsonLists, jsonText } from '../../src/api/json-text.ts';

/** Counts how often it is written. */
function counted(name: string) {
  const toJSON = vi.fn<() => unknown>(() => ({ name, text: 'two\nlines, "quoted", ümlaut', none: undefined }));
  return { toJSON };
}

test('a list reads as JSON.stringify writes it, with each of its things written once', () => {
  const things = [counted('a'), counted('b'), counted('c')];
  const expected = JSON.stringify(things.map(({ toJSON }) => toJSON.getMockImplementation()?.()));

  const bytesOf = jsonLists();

  expect(bytesOf(things).toString()).toBe(expected);
  expect(bytesOf(things.slice(0, 2)).toString()).toBe(JSON.stringify(JSON.parse(expected).slice(0, 2)));
  expect(things.map(({ toJSON }) => toJSON.mock.calls.length)).toEqual([1, 1, 1]);
});

test('an empty list is one', () => {
  expect(jsonLists()([]).toString()).toBe('[]');
});

test('the same things are sent as they were, and a list with another one of them is not', () => {
  const bytesOf = jsonLists();
  const [a, b, c] = [{ name: 'a' }, { name: 'b' }, { name: 'c' }];
  const first = bytesOf([a, b]);

  expect(bytesOf([a, b])).toBe(first);
  expect(bytesOf([a, c]).toString()).toBe('[{"name":"a"},{"name":"c"}]');
  expect(bytesOf([b, a]).toString()).toBe('[{"name":"b"},{"name":"a"}]');
  expect(bytesOf([a, b, c]).toString()).toBe('[{"name":"a"},{"name":"b"},{"name":"c"}]');
  expect(bytesOf([a, b])).toBe(first);
});

test('a few lists are kept, not all that were ever sent', () => {
  const bytesOf = jsonLists();
  const things = Array.from({ length: 5 }, (_, index) => ({ index }));
  const first = bytesOf(things.slice(0, 1));
  for (const thing of things.slice(1)) bytesOf([thing]);

  expect(bytesOf(things.slice(0, 1))).not.toBe(first);
});

test('what is equal and another object is written for itself', () => {
  expect(jsonText({ name: 'a' })).toBe('{"name":"a"}');
  expect(jsonText({ name: 'a', is: 'another' })).toBe('{"name":"a","is":"another"}');
});
