/** What an EEPROM does after the network has failed. */
import { expect, test } from 'vitest';

import { parseBootOrder } from '../../src/rack/boot-order.ts';

test.each([
  ['0xf2', 0],
  ['0xF21', 0],
  ['0x22', 0],
  ['0xf42', 20_000],
  ['0xf241', 20_000],
  ['0xf4124', 40_000],
  ['0x2', undefined],
  ['0x12', undefined],
  ['0xfe2', undefined],
])('%s comes back to the network after %s ms', (text, untilNetworkMs) => {
  expect(parseBootOrder(text)).toEqual({ text, untilNetworkMs });
});

test.each(['', '2', 'f2', '0x', '0xf1', '0xf82', '0x2f', '0x2e', '0xf22222222'])('"%s" is refused', (text) => {
  expect(() => parseBootOrder(text)).toThrow(/is not a BOOT_ORDER/);
});
