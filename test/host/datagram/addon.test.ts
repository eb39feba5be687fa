/** Ports on the addon, as the install script built it. */
import { describe, expect, test } from 'vitest';

import { openDatagrams } from '../../../src/host/datagram/open.ts';
import { portTests } from './port-tests.ts';

describe('addon', () => {
  portTests(() => openDatagrams('addon'));

  test('says what it is', () => {
    expect(openDatagrams('addon').kind).toBe('addon');
  });
});
