/** Which partitions of a card image are its boot files and its root, and where the boot files belong in that root. */
import { ConfigError, WireError } from '../model/errors.ts';
import { decodePartitionTable, type Partition, type PartitionTable } from '../wire/partition-table.ts';

export { partitionTableBytes } from '../wire/partition-table.ts';

export interface CardPlan {
  /** FAT; a card of some other maker may have none. */
  readonly boot: Partition | undefined;
  readonly root: Partition;
}

const fatTypes = new Set([
  '01',
  '04',
  '06',
  '0b',
  '0c',
  '0e',
  'ef',
  // EFI system, Microsoft basic data
  'c12a7328-f81f-11d2-ba4b-00a0c93ec93b',
  'ebd0a0a2-b9e5-4433-87c0-68b6b72699c7',
]);

const linuxTypes = new Set([
  '83',
  // Linux file system, Linux root (arm64)
  '0fc63daf-8483-4772-8e79-3d69d8477de4',
  'b921b045-1df0-41c3-af44-4c6f280d3fae',
]);

/** @param head the first bytes of the image @param what names it in errors */
export function planCard(head: Uint8Array, imageBytes: number, what: string): CardPlan {
  const { partitions } = decode(head, what);
  const cut = partitions.find(({ startBytes, sizeBytes }) => startBytes + sizeBytes > imageBytes);
  if (cut !== undefined) {
    throw new ConfigError(
      `${what} is cut short: it has ${imageBytes} bytes, and partition ${cut.number} ends at ${cut.startBytes + cut.sizeBytes}`,
      {
        hint: 'Download it again.',
      },
    );
  }
  const roots = partitions.filter(({ type }) => linuxTypes.has(type));
  const [root] = roots;
  if (root === undefined || roots.length > 1) {
    const found = partitions.map(({ number, type }) => `${number} (${type})`).join(', ');
    throw new ConfigError(
      `${what} has ${roots.length === 0 ? 'no Linux partition' : `${roots.length} Linux partitions`}: ${found}`,
      { hint: 'Unpack the one you mean to a folder, and use it as "base: { root: FOLDER }".' },
    );
  }
  return { boot: partitions.find(({ type }) => fatTypes.has(type)), root };
}

function decode(head: Uint8Array, what: string): PartitionTable {
  try {
    return decodePartitionTable(head);
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    throw new ConfigError(`${what} is not the image of a card: ${error.message}`, {
      hint: 'It must be an .img, .img.xz or .img.zst of a whole card.',
    });
  }
}

/** Bookworm and later. */
const usualBootFolder = 'boot/firmware';

/** Where fstab mounts the card's FAT, relative to the root. */
export function bootFolder(fstab: string): string {
  for (const line of fstab.split('\n')) {
    const [source = '', mountPoint = '', type] = line.trim().split(/\s+/);
    if (source.startsWith('#') || type !== 'vfat') continue;
    if (/^\/boot(?:\/[\w-]+)?$/.test(mountPoint)) return mountPoint.slice(1);
  }
  return usualBootFolder;
}
