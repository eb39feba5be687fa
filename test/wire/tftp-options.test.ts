/** What the OACK says to what was asked. */
import { describe, expect, test } from 'vitest';

import { negotiate } from '../../src/wire/tftp-options.ts';

const file = { sizeBytes: 70_000, maxBlockSizeBytes: 1468 };

function answer(asked: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(negotiate(new Map(Object.entries(asked)), file).accepted);
}

describe('the OACK', () => {
  test.each([
    ['is empty when nothing was asked', {}, {}],
    ['says the size when it is asked', { tsize: '0' }, { tsize: '70000' }],
    ['answers a Pi 4 of 2022', { tsize: '0', blksize: '1468' }, { tsize: '70000', blksize: '1468' }],
    ['answers a Pi 4 of 2019', { tsize: '0', blksize: '1024' }, { tsize: '70000', blksize: '1024' }],
    ['caps blocks at what fits one Ethernet frame', { blksize: '65464' }, { blksize: '1468' }],
    ['takes the smallest block', { blksize: '8' }, { blksize: '8' }],
    ['leaves out a block that is too small', { blksize: '7' }, {}],
    ['leaves out a block that is too large', { blksize: '65465' }, {}],
    ['leaves out a block that is no number', { blksize: '1e3' }, {}],
    ['leaves out a negative block', { blksize: '-512' }, {}],
    ['repeats the time-out', { timeout: '3' }, { timeout: '3' }],
    ['leaves out a time-out of nothing', { timeout: '0' }, {}],
    ['leaves out a time-out that would hold a place for minutes', { timeout: '255' }, {}],
    ['caps the window', { windowsize: '65535' }, { windowsize: '64' }],
    ['leaves out a window of nothing', { windowsize: '0' }, {}],
    ['leaves out what it does not know', { multicast: '', rollover: '0', tsize: '0' }, { tsize: '70000' }],
    ['is not fooled by names of Object', { constructor: '1', ['__proto__x']: '1', tostring: '1' }, {}],
  ])('%s', (_name, asked, expected) => {
    expect(answer(asked)).toEqual(expected);
  });

  test('keeps the order that was asked', () => {
    expect(Object.keys(answer({ blksize: '1024', tsize: '0' }))).toEqual(['blksize', 'tsize']);
    expect(Object.keys(answer({ tsize: '0', blksize: '1024' }))).toEqual(['tsize', 'blksize']);
  });
});

test.each([
  ['a Pi 3, which asks for nothing else', { tsize: '0' }, [['tsize', '0']]],
  [
    'curl, which refuses a size of 0',
    { tsize: '0', blksize: '512', timeout: '6' },
    [
      ['blksize', '512'],
      ['timeout', '6'],
    ],
  ],
])('the size of an empty file for %s', (_name, asked, expected) => {
  expect([...negotiate(new Map(Object.entries(asked)), { ...file, sizeBytes: 0 }).accepted]).toEqual(expected);
});

test('without options a transfer is that of RFC 1350', () => {
  expect(negotiate(new Map(), file)).toEqual({
    blockSizeBytes: 512,
    windowSize: 1,
    timeoutMs: undefined,
    accepted: new Map(),
  });
});

test('what the OACK says is what the transfer does', () => {
  const asked = new Map([
    ['blksize', '9000'],
    ['windowsize', '16'],
    ['timeout', '2'],
  ]);

  expect(negotiate(asked, { sizeBytes: 1, maxBlockSizeBytes: 8972 })).toMatchObject({
    blockSizeBytes: 8972,
    windowSize: 16,
    timeoutMs: 2000,
  });
});
