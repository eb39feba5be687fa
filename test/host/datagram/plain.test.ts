/** Ports on Node's own sockets. */
import { describe, expect, test } from 'vitest';

import { AddressTexts } from '../../../src/host/datagram/address-texts.ts';
import { openDatagrams } from '../../../src/host/datagram/open.ts';
import { ipv4FromNumber } from '../../../src/model/ipv4.ts';
import { portTests } from './port-tests.ts';

describe('plain', () => {
  portTests(() => openDatagrams('plain'));

  test('says what it is', () => {
    expect(openDatagrams('plain').kind).toBe('plain');
  });
});

test('addresses are translated both ways, also more of them than are kept', () => {
  const addresses = new AddressTexts();
  for (let number = 0x0a2a0000; number < 0x0a2a0000 + 5000; number++) {
    const text = ipv4FromNumber(number);
    expect(addresses.textOf(number)).toBe(text);
    expect(addresses.numberOf(text)).toBe(number);
  }
  expect(addresses.numberOf('255.255.255.255')).toBe(0xffffffff);
  expect(addresses.textOf(0xffffffff)).toBe('255.255.255.255');
});
