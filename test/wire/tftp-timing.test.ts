/** When something is sent again. */
import { expect, test } from 'vitest';

import { resendAfterMs, smoothRoundTrip } from '../../src/wire/tftp-timing.ts';

test.each([
  ['nothing measured yet', -1, [1000, 2000, 4000, 8000, 8000, 8000]],
  ['a fast board waits no less than the floor', 0.4, [1000, 2000, 4000, 8000, 8000, 8000]],
  ['a slow board gets more', 600, [2400, 4800, 8000, 8000, 8000, 8000]],
  ['nobody gets more than the cap', 60_000, [8000, 8000, 8000, 8000, 8000, 8000]],
])('%s', (_name, roundTripMs, expected) => {
  expect(expected.map((_wait, resends) => resendAfterMs(roundTripMs, resends))).toEqual(expected);
});

test('one late ACK hardly moves the measured round trip', () => {
  expect(smoothRoundTrip(-1, 8)).toBe(8);
  expect(smoothRoundTrip(8, 8)).toBe(8);
  expect(smoothRoundTrip(8, 808)).toBe(108);
});
