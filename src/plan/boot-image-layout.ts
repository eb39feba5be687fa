/**
 * How large must a FAT file system be for these files? As rpi-make-boot-image makes it: clusters of one sector, so that
 * little is lost behind small files, and one FAT.
 */

export interface FatLayout {
  readonly width: 16 | 32;
  /** Of the whole image; a multiple of 1 KiB. */
  readonly sizeBytes: number;
  /** Places in the top folder of a FAT16. */
  readonly rootEntries: number;
}

interface Content {
  readonly path: string;
  readonly sizeBytes: number;
}

const sectorBytes = 512;
const entryBytes = 32;
/** mkfs.fat takes these numbers of clusters and no others (FAT12, below them, is not made). */
const fat16 = { fewest: 4087, most: 65_524 };
const fat32Fewest = 65_525;
const reservedSectors = { 16: 1, 32: 32 } as const;
/** Sectors that rounding may take: a FAT's own size depends on what is left beside it. */
const slackSectors = 64;

export function planFatLayout(files: readonly Content[]): FatLayout {
  const folders = foldersOf(files);
  const inFolders = [...folders].filter(([folder]) => folder !== '.');
  const clusters =
    sum(files.map(({ sizeBytes }) => Math.ceil(sizeBytes / sectorBytes))) +
    sum(inFolders.map(([, entries]) => Math.ceil((entries * entryBytes) / sectorBytes)));
  const topEntries = folders.get('.') ?? 0;
  const rootEntries = Math.max(256, Math.ceil(topEntries / 16) * 16);
  if (clusters <= fat16.most - slackSectors) {
    const sectors = reservedSectors[16] + (rootEntries * entryBytes) / sectorBytes;
    return { width: 16, rootEntries, sizeBytes: imageBytes(Math.max(clusters, fat16.fewest), 2, sectors) };
  }
  const withTop = clusters + Math.ceil((topEntries * entryBytes) / sectorBytes);
  return { width: 32, rootEntries: 0, sizeBytes: imageBytes(Math.max(withTop, fat32Fewest), 4, reservedSectors[32]) };
}

function imageBytes(clusters: number, bytesPerCluster: number, otherSectors: number): number {
  const data = clusters + slackSectors;
  const fat = Math.ceil(((data + 2) * bytesPerCluster) / sectorBytes);
  return Math.ceil(((data + fat + otherSectors) * sectorBytes) / 1024) * 1024;
}

/** Folder -> how many entries it needs; the top is '.'. */
function foldersOf(files: readonly Content[]): ReadonlyMap<string, number> {
  // The label of the volume stands in the top folder.
  const folders = new Map<string, number>([['.', 1]]);
  const add = (path: string): void => {
    const slash = path.lastIndexOf('/');
    const folder = slash < 0 ? '.' : path.slice(0, slash);
    if (!folders.has(folder)) {
      add(folder);
      // "." and ".."
      folders.set(folder, 2);
    }
    folders.set(folder, (folders.get(folder) ?? 0) + entriesFor(path.slice(slash + 1)));
  };
  for (const { path } of files) add(path);
  return folders;
}

/** A short one, and as many long ones as its characters need, thirteen each. */
function entriesFor(name: string): number {
  return 1 + Math.ceil(name.length / 13);
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
