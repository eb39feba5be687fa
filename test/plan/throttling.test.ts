/** Bits of the firmware as words. */
import { expect, test } from 'vitest';

import { describeThrottling } from '../../src/plan/throttling.ts';

test.each([
  [undefined, undefined],
  [0, undefined],
  [0x1, 'under-voltage'],
  [0x50005, 'under-voltage, throttled'],
  [0x50000, 'since boot: under-voltage, throttled'],
  [0xe0008, 'soft-temperature-limit; since boot: frequency-capped, throttled'],
])('%s is %s', (bits, text) => {
  expect(describeThrottling(bits)).toBe(text);
});
