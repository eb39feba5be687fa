/** A small FAT12 in memory: one folder, names of eight and three, no file longer than a few clusters. */

const sectorBytes = 512;
const entryBytes = 32;
const clusters = 200;
const rootEntries = 16;
/** Boot sector, one FAT of one sector, one sector of top folder. */
const fatAt = sectorBytes;
const rootAt = 2 * sectorBytes;
const dataAt = 3 * sectorBytes;
const lastOfChain = 0xfff;

export interface FatEntry {
  readonly name: string;
  readonly attributes?: number;
  readonly cluster?: number;
  readonly sizeBytes?: number;
}

/** @param name eleven characters, as they stand in the entry */
export function fatEntry({ name, attributes = 0x20, cluster = 0, sizeBytes = 0 }: FatEntry): Buffer {
  const bytes = Buffer.alloc(entryBytes);
  bytes.write(name.padEnd(11), 0, 'latin1');
  bytes.writeUInt8(attributes, 11);
  bytes.writeUInt16LE(cluster, 26);
  bytes.writeUInt32LE(sizeBytes, 28);
  return bytes;
}

/** @param chains cluster -> the next one */
export function emptyFat(root: readonly FatEntry[], chains: Readonly<Record<number, number>> = {}): Buffer {
  const bytes = Buffer.alloc(dataAt + clusters * sectorBytes);
  bytes.writeUInt16LE(sectorBytes, 11);
  bytes.writeUInt8(1, 13);
  bytes.writeUInt16LE(1, 14);
  bytes.writeUInt8(1, 16);
  bytes.writeUInt16LE(rootEntries, 17);
  bytes.writeUInt16LE(bytes.byteLength / sectorBytes, 19);
  bytes.writeUInt16LE(1, 22);
  bytes.writeUInt16LE(0xaa55, 510);
  for (const [cluster, next] of Object.entries(chains)) writeNext(bytes, Number(cluster), next);
  Buffer.concat(root.map(fatEntry)).copy(bytes, rootAt);
  return bytes;
}

/** Where a cluster begins in the image. */
export const clusterAt = (cluster: number) => dataAt + (cluster - 2) * sectorBytes;

/** @param files `KERNEL8.IMG` -> content */
export function fatImage(files: Readonly<Record<string, string>>): Buffer {
  const entries: FatEntry[] = [];
  const chains: Record<number, number> = {};
  let free = 2;
  for (const [path, text] of Object.entries(files)) {
    const [base = '', extension = ''] = path.split('.');
    const count = Math.max(Math.ceil(text.length / sectorBytes), 1);
    entries.push({ name: base.padEnd(8) + extension, cluster: free, sizeBytes: text.length });
    for (let index = 0; index < count; index++)
      chains[free + index] = index === count - 1 ? lastOfChain : free + index + 1;
    free += count;
  }
  const image = emptyFat(entries, chains);
  for (const [index, text] of Object.values(files).entries())
    image.write(text, clusterAt(entries[index]?.cluster ?? 2));
  return image;
}

/** Twelve bits: two clusters share the middle one of three bytes. */
function writeNext(bytes: Buffer, cluster: number, next: number): void {
  const at = fatAt + Math.floor((cluster * 3) / 2);
  const old = bytes.readUInt16LE(at);
  bytes.writeUInt16LE(cluster % 2 === 0 ? (old & 0xf000) | next : (old & 0x000f) | (next << 4), at);
}
