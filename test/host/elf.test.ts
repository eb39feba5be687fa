import { readFileSync } from 'node:fs';

import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { machineOfElf, readElfMachine } from '../../src/host/elf.ts';

const head = (machine: number, wordClass = 2) => {
  const bytes = Buffer.alloc(64);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, wordClass, 1, 1]);
  bytes.writeUInt16LE(machine, 18);
  return bytes;
};

test.each([
  ['arm64', head(183), 'arm64'],
  ['amd64', head(62), 'amd64'],
  ['another machine', head(243), undefined],
  ['32 bits', head(62, 1), undefined],
  ['a script', Buffer.from('#!/bin/sh\nexit 0 # long enough for a head\n'), undefined],
  ['cut short', head(62).subarray(0, 19), undefined],
])('%s', (_, bytes, expected) => expect(machineOfElf(bytes)).toBe(expected));

test('no bytes make it fail', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      expect([undefined, 'arm64', 'amd64']).toContain(machineOfElf(bytes));
    }),
  );
});

test('the program that runs this test is of this machine', () => {
  expect(readElfMachine(process.execPath)).toBe(machineOfElf(readFileSync(process.execPath)));
  expect(readElfMachine(process.execPath)).toBe({ x64: 'amd64', arm64: 'arm64' }[process.arch as string]);
});
