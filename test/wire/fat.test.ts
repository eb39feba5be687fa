/** Images that mkfs.fat and mtools made are read back in test/peers/boot-image.test.ts; here is what no tool makes. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { WireError } from '../../src/model/errors.ts';
import { readFat } from '../../src/wire/fat.ts';
import { clusterAt, emptyFat as image, fatEntry as entryOf } from '../support/fat-image.ts';

const end = 0xfff;
const folder = 0x10;

test('a file is read along its chain, wherever its clusters lie', () => {
  const bytes = image([{ name: 'CMDLINE TXT', cluster: 5, sizeBytes: 600 }], { 5: 9, 9: 4, 4: end });
  bytes.fill('a', clusterAt(5), clusterAt(6));
  bytes.fill('b', clusterAt(9), clusterAt(10));

  const files = readFat(bytes);

  expect([...files.keys()]).toEqual(['CMDLINE.TXT']);
  expect(Buffer.from(files.get('CMDLINE.TXT') ?? []).toString()).toBe('a'.repeat(512) + 'b'.repeat(88));
});

test('labels, deleted entries and what follows the end are no files', () => {
  const deleted = `${String.fromCharCode(0xe5)}LD     TXT`;
  const bytes = image([
    { name: 'BOOT', attributes: 0x08 },
    { name: deleted },
    { name: 'A' },
    { name: '\0' },
    { name: 'B' },
  ]);

  expect([...readFat(bytes).keys()]).toEqual(['A']);
});

test.each([
  ['nothing', Buffer.alloc(0), 'no FAT boot sector'],
  ['an image that was cut', image([]).subarray(0, 4000), 'cut short'],
  ['a chain in a circle', image([{ name: 'A', cluster: 2, sizeBytes: 2 ** 31 }], { 2: 3, 3: 2 }), 'run in a circle'],
  ['a file without clusters', image([{ name: 'A', cluster: 0, sizeBytes: 9 }]), 'A is shorter than its FAT entry'],
])('%s is refused', (_, bytes, reason) => {
  expect(() => readFat(bytes)).toThrow(reason);
});

test('folders that hold each other end', () => {
  const bytes = image(
    Array.from({ length: 16 }, (_, index) => ({ name: `F${index}`, attributes: folder, cluster: 2 })),
    {
      2: end,
    },
  );
  Buffer.concat(
    Array.from({ length: 16 }, (_, index) => entryOf({ name: `F${index}`, attributes: folder, cluster: 2 })),
  ).copy(bytes, clusterAt(2));

  expect(() => readFat(bytes)).toThrow(WireError);
});

test('whatever is damaged ends in files or in one kind of error', () => {
  const sound = image([{ name: 'A', cluster: 2, sizeBytes: 900 }], { 2: 3, 3: end });
  const damage = fc.array(fc.tuple(fc.nat(sound.byteLength - 1), fc.nat(255)), { maxLength: 12 });
  fc.assert(
    fc.property(damage, fc.nat(sound.byteLength), (places, length) => {
      const bytes = Buffer.from(sound);
      for (const [at, value] of places) bytes[at] = value;
      try {
        readFat(bytes.subarray(0, length));
      } catch (error) {
        expect(error).toBeInstanceOf(WireError);
      }
    }),
    { numRuns: 2000 },
  );
});
