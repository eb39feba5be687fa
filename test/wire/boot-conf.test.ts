import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { bootsFromNetwork, parseBootConf, settingOf } from '../../src/wire/boot-conf.ts';

const text = 'BOOT_UART=1\r\n# BOOT_ORDER=0x1\n[pi5]\nBOOT_ORDER=0xf6\n[ALL]\n BOOT_ORDER = 0xf21 \n\0\0';

test('settings stand under their filters, and the last one for all boards counts', () => {
  expect(parseBootConf(text)).toEqual([
    { filter: 'all', name: 'BOOT_UART', value: '1' },
    { filter: 'pi5', name: 'BOOT_ORDER', value: '0xf6' },
    { filter: 'all', name: 'BOOT_ORDER', value: '0xf21' },
  ]);
  expect(settingOf(parseBootConf(text), 'BOOT_ORDER')).toBe('0xf21');
  expect(settingOf(parseBootConf(text), 'FREEZE_VERSION')).toBeUndefined();
});

test('any text is read', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (any) => {
      for (const { name } of parseBootConf(any)) expect(name).not.toBe('');
    }),
  );
});

test.each([
  ['0xf21', true],
  ['0xf12', true],
  ['0xF2461', true],
  ['0xf7', true],
  ['0x2', true],
  ['0xf41', false],
  ['0xf461', false],
  ['0x2f41', false],
  ['0x2e1', false],
  ['0x', false],
  ['21', false],
  ['0xf21 # network', false],
  ['0x123456789', false],
  ['', false],
])('BOOT_ORDER=%s boots from the network: %s', (order, expected) => {
  expect(bootsFromNetwork(order)).toBe(expected);
});
