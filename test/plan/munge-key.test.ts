import { createHash } from 'node:crypto';

import { expect, test } from 'vitest';

import { heldKey, mungeProof } from '../../src/plan/munge-key.ts';

const keys = { old: Buffer.from('old key'), new: Buffer.from('new key') };

test('it is what "{ cat boot.key; cat munge.key; } | sha256sum" says', () => {
  const bytes = Buffer.concat([Buffer.from('boot-key\n'), Buffer.from([0, 255, 10, 128])]);
  const expected = createHash('sha256').update(bytes).digest('hex');
  expect(mungeProof('boot-key', Buffer.from([0, 255, 10, 128]))).toBe(expected);
});

test.each([
  ['new', mungeProof('k', keys.new), keys],
  ['old', mungeProof('k', keys.old), keys],
  ['old', mungeProof('k', keys.old), { old: keys.old, new: undefined }],
  ['other', mungeProof('k', keys.new), { old: keys.old, new: undefined }],
  ['other', mungeProof('another boot', keys.new), keys],
  ['untold', undefined, keys],
] as const)('%s', (expected, proof, known) => {
  expect(heldKey({ key: 'k' }, { mungeProof: proof }, known)).toBe(expected);
  expect(heldKey({ key: undefined }, { mungeProof: proof }, known)).toBe('untold');
});

test('a node that is not heard tells nothing', () => {
  expect(heldKey({ key: 'k' }, undefined, keys)).toBe('untold');
});
