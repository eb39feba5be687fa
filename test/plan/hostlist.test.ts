/** Host lists: what people type comes out as names, and names come out as the list they would type. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { UsageError } from '../../src/model/errors.ts';
import { compareNames, compressHostlist, expandHostlist } from '../../src/plan/hostlist.ts';

describe('a list expands', () => {
  test.each([
    ['node01', ['node01']],
    ['node[01-03]', ['node01', 'node02', 'node03']],
    ['node[8-11]', ['node8', 'node9', 'node10', 'node11']],
    ['node[098-101]', ['node098', 'node099', 'node100', 'node101']],
    ['node[99-101]', ['node99', 'node100', 'node101']],
    ['node[01-02,05]', ['node01', 'node02', 'node05']],
    ['node[01-02],head', ['node01', 'node02', 'head']],
    ['a[1-2]b[3-4]', ['a1b3', 'a1b4', 'a2b3', 'a2b4']],
    ['r[1-2]-node', ['r1-node', 'r2-node']],
    ['node01,node01', ['node01']],
    ['@compute,head', ['@compute', 'head']],
  ])('%s', (text, names) => {
    expect(expandHostlist(text)).toEqual(names);
  });
});

describe('a list that cannot be read is refused', () => {
  test.each([
    ['', 'is not a list of hosts'],
    [',', 'is not a list of hosts'],
    ['a,,b', 'is not a list of hosts'],
    ['a,', 'is not a list of hosts'],
    ['node[01-', 'is not a list of hosts'],
    ['node01]', 'bracket too many'],
    ['node[[1]]', 'is not a list of hosts'],
    ['node[]', 'is not a range of numbers'],
    ['node[a-b]', 'is not a range of numbers'],
    ['node[3-1]', 'is not a range of numbers'],
    ['node[1-08]', 'is not a range of numbers'],
    ['node[1-2-3]', 'is not a range of numbers'],
    ['node[0-99999]', 'more than 10000'],
    ['a[1-9999],b[1-9999]', 'more than 10000'],
    ['[1]'.repeat(33), 'more than 32 brackets'],
    ['[1]'.repeat(20_000), 'more than 32 brackets'],
    ['n'.repeat(70_000), 'a list of hosts of 70000 characters'],
    ['a[1-9999]b[1-9999]', 'more than 10000'],
  ])('%.40s', (text, message) => {
    expect(() => expandHostlist(text)).toThrow(UsageError);
    expect(() => expandHostlist(text)).toThrow(message);
  });
});

describe('names compress', () => {
  test.each([
    [['node01'], 'node01'],
    [['node02', 'node01'], 'node[01-02]'],
    [['node9', 'node10', 'node8'], 'node[8-10]'],
    [['node1', 'node01'], 'node[01,1]'],
    [['head', 'node01', 'node02', 'node04'], 'head,node[01-02,04]'],
    [['rack1-n1', 'rack1-n2', 'rack2-n1'], 'rack1-n[1-2],rack2-n1'],
    [['node1a', 'node2a'], 'node[1-2]a'],
    [[], ''],
  ])('%j', (names, text) => {
    expect(compressHostlist(names)).toBe(text);
  });
});

const hostName = fc.stringMatching(/^[a-z]{0,3}-?[0-9]{0,4}-?[a-z]{0,2}[0-9]{0,3}$/).filter((name) => name !== '');

test('expanding a compressed list gives the same names', () => {
  fc.assert(
    fc.property(fc.uniqueArray(hostName, { minLength: 1, maxLength: 40 }), (names) => {
      expect(expandHostlist(compressHostlist(names)).toSorted()).toEqual(names.toSorted());
    }),
  );
});

test('whatever is typed gives names or a usage error', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('a', '0', '1', '9', '[', ']', '-', ',', '@', ' ') }), (text) => {
      try {
        expect(expandHostlist(text).length).toBeGreaterThan(0);
      } catch (error) {
        expect(error).toBeInstanceOf(UsageError);
      }
    }),
  );
});

test('names sort as people count', () => {
  expect(['node10', 'node2', 'node1', 'head'].toSorted(compareNames)).toEqual(['head', 'node1', 'node2', 'node10']);
});
