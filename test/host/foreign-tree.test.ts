import { describe, expect, test } from 'vitest';

import { withoutNamespace } from '../../src/host/foreign-tree.ts';

describe('capabilities of a user namespace', () => {
  // As getfattr shows them from outside of one whose root is user 4242, and from inside.
  test('lose the number of its root', () => {
    expect(withoutNamespace('010000030020000000000000000000000000000092100000')).toBe(
      '0100000200200000000000000000000000000000',
    );
  });

  test.each([
    ['of the machine', '0100000200200000000000000000000000000000'],
    ['of revision 1', '010000010020000000000000'],
    ['too short to be one', '010000030020000000000000'],
  ])('stay as they are when they are %s', (_, value) => {
    expect(withoutNamespace(value)).toBeUndefined();
  });
});
