import { expect, test } from 'vitest';

import { auditedBody } from '../../src/model/audit.ts';

test('nothing that was sent is nothing', () => {
  expect(auditedBody(undefined)).toBeUndefined();
});

test('a body is as it was sent, and its beginning when it is long', () => {
  expect(auditedBody({ role: 'login', vars: [1, null, { a: 'b' }] })).toBe(
    '{"role":"login","vars":[1,null,{"a":"b"}]}',
  );
  expect(auditedBody('x'.repeat(1000))).toBe(`"${'x'.repeat(299)}...`);
});

test('one that is nested without end is cut off', () => {
  const deep: unknown = JSON.parse('['.repeat(100_000) + ']'.repeat(100_000));
  expect(auditedBody(deep)).toBe('[[[[[[[["..."]]]]]]]]');
});
