import { expect, test } from 'vitest';

import { renderBytes } from '../../src/model/bytes.ts';

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1.0 kB'],
  [9_500_000, '9.5 MB'],
  [31_000_000, '31 MB'],
  [1_200_000_000, '1.2 GB'],
  [5e15, '5000 TB'],
])('%i bytes are %s', (bytes, text) => {
  expect(renderBytes(bytes)).toBe(text);
});
