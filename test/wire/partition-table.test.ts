import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { WireError } from '../../src/model/errors.ts';
import { decodePartitionTable } from '../../src/wire/partition-table.ts';
import { gpt, mbr, sealGpt } from '../support/partition-table.ts';
import { readVectors } from '../support/vectors.ts';

const { packet } = readVectors('partition-table');
const MiB = 1024 * 1024;

/** Zeros follow what the file holds. */
function gptVector(tool: string): Uint8Array {
  const head = Buffer.alloc(17_408);
  head.set(packet(`gpt-${tool}`), 0);
  head.set(packet(`gpt-${tool}-entries`), 1024);
  return head;
}

describe('what real tools wrote', () => {
  test('MBR of sfdisk', () => {
    expect(decodePartitionTable(packet('mbr-sfdisk'))).toEqual({
      kind: 'mbr',
      diskId: 'a1b2c3d4',
      partitions: [
        { number: 1, type: '0c', startBytes: 8 * MiB, sizeBytes: 32 * MiB, partUuid: 'a1b2c3d4-01' },
        { number: 2, type: '83', startBytes: 40 * MiB, sizeBytes: 24 * MiB, partUuid: 'a1b2c3d4-02' },
      ],
    });
  });

  test('GPT of sfdisk', () => {
    expect(decodePartitionTable(gptVector('sfdisk'))).toEqual({
      kind: 'gpt',
      diskId: '11111111-2222-3333-4444-555555555555',
      partitions: [
        {
          number: 1,
          type: 'ebd0a0a2-b9e5-4433-87c0-68b6b72699c7',
          startBytes: 8 * MiB,
          sizeBytes: 16 * MiB,
          partUuid: 'aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee',
        },
        {
          number: 2,
          type: '0fc63daf-8483-4772-8e79-3d69d8477de4',
          startBytes: 24 * MiB,
          sizeBytes: 16 * MiB,
          partUuid: '12345678-9abc-def0-1234-56789abcdef0',
        },
      ],
    });
  });

  test('GPT of sgdisk, with a gap in the numbers', () => {
    const { partitions } = decodePartitionTable(gptVector('sgdisk'));
    expect(partitions.map(({ number, type, partUuid }) => [number, type, partUuid])).toEqual([
      [1, 'c12a7328-f81f-11d2-ba4b-00a0c93ec93b', '01020304-0506-0708-090a-0b0c0d0e0f10'],
      [5, 'b921b045-1df0-41c3-af44-4c6f280d3fae', 'a0b0c0d0-e0f0-0102-0304-05060708090a'],
    ]);
  });
});

test('what was written is read back', () => {
  const parts = fc.array(
    fc.record({ type: fc.constantFrom(0x0c, 0x83, 0x82), sectors: fc.integer({ min: 1, max: 1e6 }) }),
    {
      minLength: 1,
      maxLength: 4,
    },
  );
  fc.assert(
    fc.property(fc.nat({ max: 0xffff_ffff }), parts, (diskId, given) => {
      let next = 2048 * 512;
      const written = given.map(({ type, sectors }) => {
        const startBytes = next;
        next += sectors * 512;
        return { type, startBytes, sizeBytes: sectors * 512 };
      });
      const { partitions } = decodePartitionTable(mbr(diskId, written));
      expect(
        partitions.map(({ type, startBytes, sizeBytes }) => ({ type: parseInt(type, 16), startBytes, sizeBytes })),
      ).toEqual(written);
    }),
  );
});

test('any bytes at all give a table or a WireError', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 4096 }), fc.boolean(), (bytes, isSigned) => {
      const head = Uint8Array.from(bytes);
      if (isSigned && head.byteLength >= 512) head.set([0x55, 0xaa], 510);
      try {
        decodePartitionTable(head);
      } catch (error) {
        expect(error).toBeInstanceOf(WireError);
      }
    }),
  );
});

const entry = { type: 'af3dc60f838472478e793d69d8477de4', id: '01'.repeat(16), firstSector: 2048, lastSector: 4095 };
const changed = (change: (disk: Buffer) => void, isSealed = true): Buffer => {
  const disk = gpt([entry]);
  change(disk);
  if (isSealed) sealGpt(disk);
  return disk;
};

test.each<[why: string, disk: Uint8Array, says: string]>([
  ['an empty file', new Uint8Array(0), 'no partition table'],
  ['no signature', new Uint8Array(512), 'does not end in 55 AA'],
  ['an extended partition', mbr(1, [{ type: 5, startBytes: 512, sizeBytes: 512 }]), 'extended partition'],
  ['a partition over the table', mbr(1, [{ type: 0x83, startBytes: 0, sizeBytes: 512 }]), 'the partition table itself'],
  [
    'partitions that overlap',
    mbr(1, [
      { type: 0x83, startBytes: MiB, sizeBytes: MiB },
      { type: 0x0c, startBytes: 0.5 * MiB, sizeBytes: MiB },
    ]),
    'partitions 2 and 1 overlap',
  ],
  ['a protective MBR alone', gpt([entry]).subarray(0, 512), 'should have a GPT'],
  ['a header that is damaged', changed((disk) => disk.writeUInt8(9, 512 + 60), false), 'GPT header is damaged'],
  ['entries that are damaged', changed((disk) => disk.writeUInt8(9, 1024 + 40), false), 'checksum of its entries'],
  ['a header of no length', changed((disk) => disk.writeUInt32LE(0, 524)), 'header of 0 bytes'],
  ['entries of no length', changed((disk) => disk.writeUInt32LE(0, 512 + 84)), 'entries of 0 bytes'],
  ['entries out of reach', changed((disk) => disk.writeBigUInt64LE(999_999n, 512 + 72)), 'beyond the beginning'],
  ['an end before the beginning', changed((disk) => disk.writeBigUInt64LE(1n, 1024 + 40)), 'ends before it begins'],
  ['a sector that no disk has', changed((disk) => disk.writeBigUInt64LE(2n ** 60n, 1024 + 40)), 'that no disk has'],
])('%s is refused', (_why, disk, says) => {
  expect(() => decodePartitionTable(disk)).toThrow(says);
});
