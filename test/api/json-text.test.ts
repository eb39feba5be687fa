import { expect, test, vi } from 'vitest';

import { jsonListText, jsonText } from '../../src/api/json-text.ts';

/** Counts how often it is written. */
function counted(name: string) {
  const toJSON = vi.fn<() => unknown>(() => ({ name, text: 'two\nlines, "quoted", ümlaut', none: undefined }));
  return { toJSON };
}

test('a list reads as JSON.stringify writes it, with each of its things written once', () => {
  const things = [counted('a'), counted('b'), counted('c')];
  const expected = JSON.stringify(things.map(({ toJSON }) => toJSON.getMockImplementation()?.()));

  expect(jsonListText(things)).toBe(expected);
  expect(jsonListText(things.slice(0, 2))).toBe(JSON.stringify(JSON.parse(expected).slice(0, 2)));
  expect(things.map(({ toJSON }) => toJSON.mock.calls.length)).toEqual([1, 1, 1]);
});

test('an empty list is one', () => {
  expect(jsonListText([])).toBe('[]');
});

test('what is equal and another object is written for itself', () => {
  expect(jsonText({ name: 'a' })).toBe('{"name":"a"}');
  expect(jsonText({ name: 'a', is: 'another' })).toBe('{"name":"a","is":"another"}');
});
