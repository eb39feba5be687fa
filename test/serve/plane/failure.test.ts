import { expect, test } from 'vitest';

import { describeError } from '../../../src/model/describe-error.ts';
import { HostError } from '../../../src/model/errors.ts';
import { fromFailure, toFailure } from '../../../src/serve/plane/failure.ts';

const crossed = (error: unknown) => fromFailure(structuredClone(toFailure(error)));

test('an error says the same on the other side: what, why, and what now', () => {
  const cause = Object.assign(new Error('bind EADDRINUSE'), { code: 'EADDRINUSE' });
  const error = new HostError('UDP port 67 is taken', { cause, hint: 'Stop dnsmasq.' });

  expect(describeError(crossed(error))).toBe(describeError(error));
});

test('a bug keeps its stack', () => {
  const bug = new TypeError('x is undefined');

  expect(describeError(crossed(bug))).toBe(describeError(bug));
  expect(describeError(crossed('thrown text'))).toMatch(/^bug: .*thrown text/);
});
