/** The partition table at the beginning of a disk: MBR (four entries, no logical ones) and GPT (UEFI 2.10 §5.3). */
import { WireError } from '../model/errors.ts';
import { crc32 } from './crc32.ts';

export interface Partition {
  /** Counts from 1, as Linux does: /dev/mmcblk0p2. */
  readonly number: number;
  /** MBR: two hex digits; GPT: a GUID in lower case. */
  readonly type: string;
  readonly startBytes: number;
  readonly sizeBytes: number;
  /** As fstab and the kernel's command line have it. */
  readonly partUuid: string;
}

export interface PartitionTable {
  readonly kind: 'mbr' | 'gpt';
  /** MBR: eight hex digits; GPT: a GUID. */
  readonly diskId: string;
  readonly partitions: readonly Partition[];
}

const sectorBytes = 512;
/** A GPT with 128 entries ends here, which is what all tools write; more than that is refused. */
export const partitionTableBytes = 64 * 1024;

const protective = 0xee;
const extended = new Set([0x05, 0x0f, 0x85]);

/** @param head the first `partitionTableBytes` of the disk, or all of a smaller one @throws WireError */
export function decodePartitionTable(head: Uint8Array): PartitionTable {
  const bytes = Buffer.from(head.buffer, head.byteOffset, head.byteLength);
  if (bytes.byteLength < sectorBytes || bytes.readUInt16LE(510) !== 0xaa55) {
    throw new WireError('no partition table: the first sector does not end in 55 AA');
  }
  const entries = mbrEntries(bytes);
  return entries.some(({ type }) => type === protective) ? decodeGpt(bytes) : decodeMbr(bytes, entries);
}

interface MbrEntry {
  readonly number: number;
  readonly type: number;
  readonly start: number;
  readonly sectors: number;
}

function mbrEntries(bytes: Buffer): MbrEntry[] {
  return [0, 1, 2, 3]
    .map((index) => ({ number: index + 1, entry: bytes.subarray(446 + index * 16, 462 + index * 16) }))
    .map(({ number, entry }) => ({
      number,
      type: entry.readUInt8(4),
      start: entry.readUInt32LE(8),
      sectors: entry.readUInt32LE(12),
    }))
    .filter(({ type, sectors }) => type !== 0 && sectors > 0);
}

function decodeMbr(bytes: Buffer, entries: readonly MbrEntry[]): PartitionTable {
  const diskId = hex(bytes.readUInt32LE(440), 8);
  const partitions = entries.map(({ number, type, start, sectors }): Partition => {
    if (extended.has(type)) throw new WireError('the disk has an extended partition, which is not read');
    if (start === 0) throw new WireError(`partition ${number} begins at the partition table itself`);
    return {
      number,
      type: hex(type, 2),
      startBytes: start * sectorBytes,
      sizeBytes: sectors * sectorBytes,
      partUuid: `${diskId}-${hex(number, 2)}`,
    };
  });
  return { kind: 'mbr', diskId, partitions: apart(partitions) };
}

function decodeGpt(bytes: Buffer): PartitionTable {
  const header = bytes.subarray(sectorBytes, 2 * sectorBytes);
  if (header.byteLength < sectorBytes || header.toString('latin1', 0, 8) !== 'EFI PART') {
    throw new WireError('the disk should have a GPT, and its second sector holds none');
  }
  const headerBytes = header.readUInt32LE(12);
  if (headerBytes < 92 || headerBytes > sectorBytes) throw new WireError(`a GPT header of ${headerBytes} bytes`);
  const summed = Buffer.from(header.subarray(0, headerBytes));
  summed.writeUInt32LE(0, 16);
  if (crc32(summed) !== header.readUInt32LE(16)) throw new WireError('the GPT header is damaged: wrong checksum');
  return { kind: 'gpt', diskId: guid(header, 56), partitions: apart(gptPartitions(bytes, header)) };
}

function gptPartitions(bytes: Buffer, header: Buffer): Partition[] {
  const start = lba(header, 72);
  const count = header.readUInt32LE(80);
  const entryBytes = header.readUInt32LE(84);
  if (entryBytes < 128 || entryBytes % 128 !== 0) throw new WireError(`GPT entries of ${entryBytes} bytes`);
  if (start + count * entryBytes > bytes.byteLength)
    throw new WireError('the GPT lies beyond the beginning of the disk');
  const list = bytes.subarray(start, start + count * entryBytes);
  if (crc32(list) !== header.readUInt32LE(88)) throw new WireError('the GPT is damaged: wrong checksum of its entries');
  return Array.from({ length: count }, (_, index) => {
    const entry = list.subarray(index * entryBytes, (index + 1) * entryBytes);
    return { number: index + 1, entry };
  }).flatMap(({ number, entry }): Partition[] => {
    const type = guid(entry, 0);
    if (type === '00000000-0000-0000-0000-000000000000') return [];
    const first = lba(entry, 32);
    const last = lba(entry, 40);
    if (last < first) throw new WireError(`partition ${number} ends before it begins`);
    const sizeBytes = last - first + sectorBytes;
    return [{ number, type, startBytes: first, sizeBytes, partUuid: guid(entry, 16) }];
  });
}

/** Overlapping partitions would be read as something that nobody wrote. */
function apart(partitions: readonly Partition[]): readonly Partition[] {
  const sorted = partitions.toSorted((a, b) => a.startBytes - b.startBytes);
  for (const [index, { number, startBytes, sizeBytes }] of sorted.entries()) {
    const next = sorted[index + 1];
    if (next !== undefined && startBytes + sizeBytes > next.startBytes) {
      throw new WireError(`partitions ${number} and ${next.number} overlap`);
    }
  }
  return partitions;
}

/** A sector number as a place in bytes. */
function lba(bytes: Buffer, at: number): number {
  const sector = Number(bytes.readBigUInt64LE(at));
  if (sector > Number.MAX_SAFE_INTEGER / sectorBytes) throw new WireError('the GPT names a sector that no disk has');
  return sector * sectorBytes;
}

/** The first three groups are stored with their bytes turned round. */
function guid(bytes: Buffer, at: number): string {
  const [a, b, c] = [bytes.readUInt32LE(at), bytes.readUInt16LE(at + 4), bytes.readUInt16LE(at + 6)];
  return [
    hex(a, 8),
    hex(b, 4),
    hex(c, 4),
    bytes.toString('hex', at + 8, at + 10),
    bytes.toString('hex', at + 10, at + 16),
  ].join('-');
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}
