/** Writes what src/wire/partition-table.ts reads: small, and by the letter of the format. */
import { crc32 } from 'node:zlib';

export interface MbrPartition {
  readonly type: number;
  readonly startBytes: number;
  readonly sizeBytes: number;
}

export function mbr(diskId: number, partitions: readonly MbrPartition[]): Buffer {
  const sector = Buffer.alloc(512);
  sector.writeUInt32LE(diskId, 440);
  for (const [index, { type, startBytes, sizeBytes }] of partitions.entries()) {
    const at = 446 + index * 16;
    sector.writeUInt8(type, at + 4);
    sector.writeUInt32LE(startBytes / 512, at + 8);
    sector.writeUInt32LE(sizeBytes / 512, at + 12);
  }
  sector.writeUInt16LE(0xaa55, 510);
  return sector;
}

export interface GptPartition {
  /** 32 hex digits as they lie on the disk. */
  readonly type: string;
  readonly id: string;
  readonly firstSector: number;
  readonly lastSector: number;
}

export function gpt(partitions: readonly GptPartition[], entryCount = 128): Buffer {
  const disk = Buffer.alloc(1024 + entryCount * 128);
  mbr(0, [{ type: 0xee, startBytes: 512, sizeBytes: 512 * 1000 }]).copy(disk);
  for (const [index, { type, id, firstSector, lastSector }] of partitions.entries()) {
    const at = 1024 + index * 128;
    disk.write(type, at, 'hex');
    disk.write(id, at + 16, 'hex');
    disk.writeBigUInt64LE(BigInt(firstSector), at + 32);
    disk.writeBigUInt64LE(BigInt(lastSector), at + 40);
  }
  disk.write('EFI PART', 512, 'latin1');
  disk.writeUInt32LE(0x1_0000, 520);
  disk.writeUInt32LE(92, 524);
  disk.writeBigUInt64LE(2n, 512 + 72);
  disk.writeUInt32LE(entryCount, 512 + 80);
  disk.writeUInt32LE(128, 512 + 84);
  sealGpt(disk);
  return disk;
}

/** Makes both checksums right again, where the lengths allow it. */
export function sealGpt(disk: Uint8Array): void {
  const bytes = Buffer.from(disk.buffer, disk.byteOffset, disk.byteLength);
  if (bytes.byteLength < 1024) return;
  const start = Number(bytes.readBigUInt64LE(512 + 72) % 1_000_000n) * 512;
  const length = bytes.readUInt32LE(512 + 80) * bytes.readUInt32LE(512 + 84);
  bytes.writeUInt32LE(crc32(bytes.subarray(start, start + length)), 512 + 88);
  bytes.writeUInt32LE(0, 512 + 16);
  const headerBytes = Math.min(512, bytes.readUInt32LE(512 + 12));
  bytes.writeUInt32LE(crc32(bytes.subarray(512, 512 + headerBytes)), 512 + 16);
}
