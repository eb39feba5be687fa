/** Images that mkfs.fat and mtools made are read back in test/peers/boot-image.test.ts; here is what no tool makes. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { WireError } from '../../src/model/errors.ts';
import { readFat } from '../../src/wire/fat.ts';

const clusterBytes = 512;
/** First cluster of the data, in sectors: boot sector, one FAT of one sector, one sector of root folder. */
const dataSector = 3;

interface Entry {
  readonly name: string;
  readonly attributes?: number;
  readonly cluster?: number;
  readonly sizeBytes?: number;
}

function entryOf({ name, attributes = 0x20, cluster = 0, sizeBytes = 0 }: Entry): Buffer {
  const bytes = Buffer.alloc(32);
  bytes.write(name.padEnd(11), 0, 'latin1');
  bytes.writeUInt8(attributes, 11);
  bytes.writeUInt16LE(cluster, 26);
  bytes.writeUInt32LE(sizeBytes, 28);
  return bytes;
}

/** A FAT12 with 40 clusters of 512 bytes. */
function image(root: readonly Entry[], chains: Readonly<Record<number, number>> = {}): Buffer {
  const bytes = Buffer.alloc(dataSector * 512 + 40 * clusterBytes);
  bytes.writeUInt16LE(512, 11);
  bytes.writeUInt8(1, 13);
  bytes.writeUInt16LE(1, 14);
  bytes.writeUInt8(1, 16);
  bytes.writeUInt16LE(16, 17);
  bytes.writeUInt16LE(bytes.byteLength / 512, 19);
  bytes.writeUInt16LE(1, 22);
  bytes.writeUInt16LE(0xaa55, 510);
  for (const [cluster, next] of Object.entries(chains)) {
    const at = 512 + Math.floor((Number(cluster) * 3) / 2);
    const old = bytes.readUInt16LE(at);
    bytes.writeUInt16LE(Number(cluster) % 2 === 0 ? (old & 0xf000) | next : (old & 0x000f) | (next << 4), at);
  }
  Buffer.concat(root.map(entryOf)).copy(bytes, 2 * 512);
  return bytes;
}
const end = 0xfff;
const folder = 0x10;

test('a file is read along its chain, wherever its clusters lie', () => {
  const bytes = image([{ name: 'CMDLINE TXT', cluster: 5, sizeBytes: 600 }], { 5: 9, 9: 4, 4: end });
  bytes.fill('a', (dataSector + 3) * 512, (dataSector + 4) * 512);
  bytes.fill('b', (dataSector + 7) * 512, (dataSector + 8) * 512);

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
  ).copy(bytes, dataSector * 512);

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
