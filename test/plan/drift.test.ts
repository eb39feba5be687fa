import { expect, test } from 'vitest';

import type { DriftedFile } from '../../src/model/node-status.ts';
import { describeDrift } from '../../src/plan/drift.ts';

const files: readonly DriftedFile[] = [
  { path: 'etc/hosts', what: 'changed' },
  { path: 'etc/motd', what: 'missing' },
  { path: 'etc/issue', what: 'attributes' },
  { path: 'etc/x', what: 'changed' },
];
const hosts = '/etc/hosts changed on the node';
const three = `${hosts}, /etc/motd is gone from the node, /etc/issue has another type, mode or owner on the node`;

test.each([
  [0, [], undefined],
  [1, files.slice(0, 1), hosts],
  [3, files.slice(0, 3), three],
  [30, files, `${three}, and 27 more`],
  [2, [], '2 files differ'],
])('%i files that differ', (count, named, text) => {
  expect(describeDrift({ checkedAtSeconds: 1, count, files: [...named] })).toBe(text);
});

test('a node that did not look', () => {
  expect(describeDrift(undefined)).toBeUndefined();
});
