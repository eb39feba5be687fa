import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { WireError } from '../../src/model/errors.ts';
import { decodeDeviceTree, readCells, readStrings } from '../../src/wire/device-tree.ts';
import { deviceTreeBlob } from '../support/device-tree-blob.ts';

const blob = deviceTreeBlob({
  compatible: ['raspberrypi,4-model-b', 'brcm,bcm2711'],
  soc: { 'ethernet@7d580000': { compatible: 'brcm,bcm2711-genet-v5', clocks: [3, 7] } },
});

test('nodes, their properties and their children are read', () => {
  const root = decodeDeviceTree(blob);

  expect(root.name).toBe('');
  expect(readStrings(root.properties.get('compatible'))).toEqual(['raspberrypi,4-model-b', 'brcm,bcm2711']);
  const [soc] = root.children;
  expect(soc?.name).toBe('soc');
  expect(soc?.children[0]?.name).toBe('ethernet@7d580000');
  expect(readCells(soc?.children[0]?.properties.get('clocks'))).toEqual([3, 7]);
});

test('a property that is not there is an empty list', () => {
  expect(readStrings(undefined)).toEqual([]);
  expect(readCells(undefined)).toEqual([]);
});

describe('what is no device tree is a WireError:', () => {
  const changed = (at: number, word: number): Buffer => {
    const copy = Buffer.from(blob);
    copy.writeUInt32BE(word, at);
    return copy;
  };
  test.each<[string, Uint8Array]>([
    ['nothing', Buffer.alloc(0)],
    ['another file', Buffer.from('MZ'.padEnd(64, '\0'))],
    ['a structure behind its end', changed(8, 0xffff)],
    ['strings behind its end', changed(12, 0xffff)],
    ['a root that is a property', changed(40, 3)],
    ['an unknown token', changed(48, 7)],
    ['its first half', blob.subarray(0, blob.byteLength / 2)],
  ])('%s', (_what, bytes) => {
    expect(() => decodeDeviceTree(bytes)).toThrow(WireError);
  });

  test('a name that many properties share, too long to be copied for each', () => {
    const name = 'n'.repeat(256);

    expect(decodeDeviceTree(deviceTreeBlob({ [name.slice(1)]: 'a' })).properties.size).toBe(1);
    expect(() => decodeDeviceTree(deviceTreeBlob({ [name]: 'a' }))).toThrow('an endless name');
  });

  test('one node in another, 100 deep', () => {
    const deep = (levels: number): object => (levels === 0 ? {} : { child: deep(levels - 1) });
    expect(() => decodeDeviceTree(deviceTreeBlob(deep(100) as Record<string, never>))).toThrow('deeper than 64');
  });
});

test('damage of any kind is a tree or a WireError, never anything else', () => {
  const damage = fc.array(fc.tuple(fc.nat(blob.byteLength - 1), fc.nat(255)), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(damage, fc.nat(blob.byteLength), (changes, length) => {
      const bytes = Buffer.from(blob);
      for (const [at, value] of changes) bytes[at] = value;
      try {
        expect(decodeDeviceTree(bytes.subarray(0, length)).children).toBeInstanceOf(Array);
      } catch (error) {
        expect(error).toBeInstanceOf(WireError);
      }
    }),
    { numRuns: 2000 },
  );
});
