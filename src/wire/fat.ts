/**
 * The files of a FAT file system that lies in memory, as firmware reads boot.img: FAT12, 16 and 32 with long names.
 * Reading only; whatever the bytes are, it ends, and says what is wrong with them.
 */
import { unreachable, WireError } from '../model/errors.ts';

interface Volume {
  readonly bytes: Buffer;
  readonly width: 12 | 16 | 32;
  readonly clusterBytes: number;
  readonly clusters: number;
  readonly fatAt: number;
  readonly dataAt: number;
  /** Of the root folder: FAT12 and 16 have it in front of the clusters. */
  readonly root: { readonly at: number; readonly bytes: number } | { readonly cluster: number };
  /** Counts down: no cluster belongs to two files, so what needs more than there are is damaged. */
  unread: number;
}

const entryBytes = 32;
const maxDepth = 16;

/** @returns path -> content, in the order of the folders. @throws WireError */
export function readFat(image: Uint8Array): Map<string, Uint8Array> {
  const volume = readVolume(Buffer.from(image.buffer, image.byteOffset, image.byteLength));
  const files = new Map<string, Uint8Array>();
  const root = 'cluster' in volume.root ? readChain(volume, volume.root.cluster) : slice(volume, volume.root);
  readFolder(volume, { entries: root, prefix: '', depth: 0 }, files);
  return files;
}

function readVolume(bytes: Buffer): Volume {
  if (bytes.byteLength < 512 || bytes.readUInt16LE(510) !== 0xaa55) throw new WireError('no FAT boot sector');
  const sectorBytes = bytes.readUInt16LE(11);
  const clusterBytes = bytes.readUInt8(13) * sectorBytes;
  const sectors = bytes.readUInt16LE(19) || bytes.readUInt32LE(32);
  const fatSectors = bytes.readUInt16LE(22) || bytes.readUInt32LE(36);
  const fatAt = bytes.readUInt16LE(14) * sectorBytes;
  const rootAt = fatAt + bytes.readUInt8(16) * fatSectors * sectorBytes;
  const rootBytes = bytes.readUInt16LE(17) * entryBytes;
  if (![512, 1024, 2048, 4096].includes(sectorBytes) || clusterBytes === 0) throw new WireError('odd FAT sector size');
  const dataAt = rootAt + Math.ceil(rootBytes / sectorBytes) * sectorBytes;
  const clusters = Math.floor((sectors * sectorBytes - dataAt) / clusterBytes);
  if (clusters < 1 || sectors * sectorBytes > bytes.byteLength) throw new WireError('FAT image is cut short');
  const width = clusters < 4085 ? 12 : clusters < 65_525 ? 16 : 32;
  const root = width === 32 ? { cluster: bytes.readUInt32LE(44) } : { at: rootAt, bytes: rootBytes };
  return { bytes, width, clusterBytes, clusters, fatAt, dataAt, root, unread: clusters };
}

interface Folder {
  readonly entries: Buffer;
  readonly prefix: string;
  readonly depth: number;
}

const attribute = { volumeLabel: 0x08, folder: 0x10, longName: 0x0f } as const;
const deleted = 0xe5;

function readFolder(volume: Volume, { entries, prefix, depth }: Folder, files: Map<string, Uint8Array>): void {
  if (depth > maxDepth) throw new WireError('FAT folders lie too deep');
  let longName = '';
  for (let at = 0; at + entryBytes <= entries.byteLength; at += entryBytes) {
    const entry = entries.subarray(at, at + entryBytes);
    const first = entry.readUInt8(0);
    const attributes = entry.readUInt8(11);
    if (first === 0) return;
    if (first === deleted) {
      longName = '';
    } else if (attributes === attribute.longName) {
      longName = longNamePart(entry) + longName;
    } else {
      const name = longName === '' ? shortName(entry) : longName;
      longName = '';
      if ((attributes & attribute.volumeLabel) === 0 && name !== '.' && name !== '..') {
        readEntry(volume, { entry, path: prefix + name, depth }, files);
      }
    }
  }
}

function readEntry(
  volume: Volume,
  { entry, path, depth }: { readonly entry: Buffer; readonly path: string; readonly depth: number },
  files: Map<string, Uint8Array>,
): void {
  const cluster = entry.readUInt16LE(26) + (volume.width === 32 ? entry.readUInt16LE(20) * 0x1_0000 : 0);
  if ((entry.readUInt8(11) & attribute.folder) !== 0) {
    return readFolder(volume, { entries: readChain(volume, cluster), prefix: `${path}/`, depth: depth + 1 }, files);
  }
  const sizeBytes = entry.readUInt32LE(28);
  const content = sizeBytes === 0 ? Buffer.alloc(0) : readChain(volume, cluster, sizeBytes);
  if (content.byteLength < sizeBytes) throw new WireError(`${path} is shorter than its FAT entry says`);
  files.set(path, content.subarray(0, sizeBytes));
}

/** Follows the chain to its end, or until it has `wantedBytes`. */
function readChain(volume: Volume, from: number, wantedBytes = Infinity): Buffer {
  const parts: Buffer[] = [];
  let cluster = from;
  while (cluster >= 2 && cluster < volume.clusters + 2) {
    if (volume.unread-- === 0) throw new WireError('FAT chains share clusters or run in a circle');
    const at = volume.dataAt + (cluster - 2) * volume.clusterBytes;
    parts.push(slice(volume, { at, bytes: volume.clusterBytes }));
    if (parts.length * volume.clusterBytes >= wantedBytes) break;
    cluster = nextCluster(volume, cluster);
  }
  return Buffer.concat(parts);
}

function nextCluster({ bytes, width, fatAt }: Volume, cluster: number): number {
  switch (width) {
    case 12: {
      const pair = read16(bytes, fatAt + Math.floor((cluster * 3) / 2));
      return cluster % 2 === 0 ? pair & 0xfff : pair >> 4;
    }
    case 16:
      return read16(bytes, fatAt + cluster * 2);
    case 32:
      return read16(bytes, fatAt + cluster * 4) + (read16(bytes, fatAt + cluster * 4 + 2) & 0xfff) * 0x1_0000;
    default:
      return unreachable(width);
  }
}

function read16(bytes: Buffer, at: number): number {
  if (at + 2 > bytes.byteLength) throw new WireError('FAT lies outside of the image');
  return bytes.readUInt16LE(at);
}

function slice({ bytes }: Volume, { at, bytes: length }: { readonly at: number; readonly bytes: number }): Buffer {
  if (at + length > bytes.byteLength) throw new WireError('FAT cluster lies outside of the image');
  return bytes.subarray(at, at + length);
}

/** Thirteen UTF-16 characters in three places; the name ends at a zero. */
function longNamePart(entry: Buffer): string {
  const text = Buffer.concat([entry.subarray(1, 11), entry.subarray(14, 26), entry.subarray(28, 32)]).toString(
    'utf16le',
  );
  return text.split('\0')[0] ?? '';
}

/** Eight and three; Windows NT keeps in byte 12 whether the name, the extension or both are in lower case. */
function shortName(entry: Buffer): string {
  const flags = entry.readUInt8(12);
  const base = entry.toString('latin1', 0, 8).trimEnd();
  const extension = entry.toString('latin1', 8, 11).trimEnd();
  const lower = (text: string, bit: number) => ((flags & bit) === 0 ? text : text.toLowerCase());
  return lower(base, 0x08) + (extension === '' ? '' : `.${lower(extension, 0x10)}`);
}
