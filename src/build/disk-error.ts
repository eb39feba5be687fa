/** A full or unwritable disk is the user's to mend, not a bug of ours: which one it is, what it has, what is needed, and what to do. */
import { access, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { exportsDir } from '../host/image-store.ts';
import { readDiskSpace } from '../host/machine-state.ts';
import { HostError } from '../model/errors.ts';

/** What is written where, at most. */
export interface DiskNeed {
  readonly stateBytes?: number | undefined;
  readonly exportsBytes?: number | undefined;
}

/** Said once: whoever explains around it leaves it as it is. */
class DiskError extends HostError {}

const full = { ENOSPC: 'is full', EDQUOT: 'lets us write no more: the quota is used up' } as const;
const broken: Readonly<Record<string, { readonly what: string; readonly hint: string }>> = {
  EROFS: { what: 'the file system is read-only', hint: 'Choose another state directory with --state DIR.' },
  EIO: { what: 'the disk fails', hint: 'Look at "dmesg".' },
};

/** Waits for `work`; what the operating system says about a disk becomes a sentence. Programs say it in theirs. */
export async function explainDisk<T>(
  stateDir: string,
  work: Promise<T>,
  need: () => Promise<DiskNeed> = () => Promise.resolve({}),
): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const found = error instanceof DiskError ? undefined : (findCause(error) ?? (await hiddenCause(error)));
    if (found === undefined) throw error;
    if (found.code in full)
      throw await explainFull({ ...found, code: found.code as keyof typeof full }, stateDir, need);
    const { what, hint } = broken[found.code] ?? { what: found.code, hint: '' };
    throw new DiskError(`cannot write below ${stateDir}: ${what}`, { cause: error, hint });
  }
}

interface DiskCause {
  readonly code: string;
  /** A file on it. */
  readonly place: string | undefined;
  readonly error: unknown;
}

const said: readonly (readonly [words: RegExp, code: string])[] = [
  [/No space left on device|Out of disk space/i, 'ENOSPC'],
  [/Disk quota exceeded/i, 'EDQUOT'],
];

/** Down to the reason of the reason. */
function findCause(error: unknown): DiskCause | undefined {
  for (let each = error, depth = 0; each instanceof Error && depth < 8; each = each.cause, depth += 1) {
    const { code = '', path: from, dest, message } = each as NodeJS.ErrnoException & { dest?: string };
    if (code in full || code in broken) return { code, place: dest ?? from, error };
    const [, spoken] = said.find(([words]) => words.test(message)) ?? [];
    if (spoken !== undefined) return { code: spoken, place: placeIn(message), error };
  }
  return undefined;
}

/** What a folder takes at most, with the folders above it. */
const folderBytes = 65_536;

/** Node's `mkdir` with `recursive` looks for the folder when there is no room for it, and says that it is not there. */
async function hiddenCause(error: unknown): Promise<DiskCause | undefined> {
  const { code, syscall, path: place = '' } = error as NodeJS.ErrnoException;
  if (code !== 'ENOENT' || syscall !== 'mkdir') return undefined;
  const { freeBytes } = await readDiskSpace(place);
  return freeBytes < folderBytes ? { code: 'ENOSPC', place, error } : undefined;
}

/** Of the line that says it, the last name: "cp: error writing '/state/build/x': No space left on device". */
function placeIn(message: string): string | undefined {
  const line = message.split('\n').find((each) => said.some(([words]) => words.test(each))) ?? '';
  return [...line.matchAll(/['" (](\/[^'"):,]+)/g)].at(-1)?.[1];
}

interface Disk {
  readonly what: string;
  readonly folder: string;
  readonly needBytes: number | undefined;
  readonly cure: string;
}

async function explainFull(
  { code, place, error }: DiskCause & { readonly code: keyof typeof full },
  stateDir: string,
  need: () => Promise<DiskNeed>,
): Promise<HostError> {
  const { stateBytes, exportsBytes } = await need().catch((): DiskNeed => ({}));
  const other = '"pi-image image gc --dry-run" says what can go';
  const disks: Disk[] = [
    {
      what: 'versions of images',
      folder: exportsDir(stateDir),
      needBytes: exportsBytes,
      cure: `${other}; or make it larger.`,
    },
    {
      what: 'the state',
      folder: stateDir,
      needBytes: stateBytes,
      cure: `${other}; or give another state directory with --state DIR.`,
    },
    { what: 'temporary files', folder: tmpdir(), needBytes: undefined, cure: 'Or name another folder in TMPDIR.' },
  ];
  const disk = await findDisk(disks, place);
  const { freeBytes, sizeBytes } = await readDiskSpace(disk.folder);
  const wanted = disk.needBytes === undefined ? '' : `, up to ${megabytes(disk.needBytes)} are written`;
  return new DiskError(
    `the file system of ${disk.what} ${full[code]}: ${disk.folder} has ${megabytes(freeBytes)} of ${megabytes(sizeBytes)} free${wanted}`,
    { cause: error, hint: `Make room there: ${disk.cure}` },
  );
}

/** Where the file lies that could not be written; else the one with the least room: programs in a chroot name files of theirs. */
async function findDisk(disks: readonly Disk[], place: string | undefined): Promise<Disk> {
  const device = place === undefined ? undefined : await deviceOf(place);
  const looked = await Promise.all(
    disks.map(async (disk) => {
      const { freeBytes } = await readDiskSpace(disk.folder);
      return { disk, freeBytes, isIt: device !== undefined && (await deviceOf(disk.folder)) === device };
    }),
  );
  const [least] = looked.toSorted((a, b) => a.freeBytes - b.freeBytes);
  const found = looked.find(({ isIt, disk: { folder } }) => isIt && place?.startsWith(folder) === true);
  const chosen = found ?? least;
  if (chosen === undefined) throw new Error('there is a state directory');
  return chosen.disk;
}

async function deviceOf(place: string): Promise<number | undefined> {
  const isThere = await access(place).then(
    () => true,
    () => false,
  );
  if (isThere) return (await stat(place)).dev;
  return place === path.dirname(place) ? undefined : deviceOf(path.dirname(place));
}

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(bytes < 1e8 ? 1 : 0)} MB`;
