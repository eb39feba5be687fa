/** Do exported trees lie where a forged NFS handle reaches nothing else? A handle names a file by its number, on the whole file system. */
import { dirname } from 'node:path';

import { ConfigError } from '../model/errors.ts';

export interface ExportedPlace {
  /** `the images`, `share home` */
  readonly what: string;
  readonly path: string;
  readonly access: 'read-only' | 'read-write';
  /** Equal for places on one file system. */
  readonly fileSystem: string;
}

export interface PrivatePlace {
  /** `the state` */
  readonly what: string;
  readonly fileSystem: string;
}

/** @returns one sentence for each that shares a file system with what it must not */
export function findSharedFileSystems(exported: readonly ExportedPlace[], own: readonly PrivatePlace[]): string[] {
  return exported.flatMap(({ what, path, access, fileSystem }) => {
    const beside = own.find((place) => place.fileSystem === fileSystem);
    if (beside !== undefined) return [`${what} (${path}) lie on the file system of ${beside.what}`];
    const other = exported.find((each) => each.fileSystem === fileSystem && each.access === 'read-only');
    if (access === 'read-only' || other === undefined) return [];
    return [`${what} (${path}) may be written to, and lie on the file system of ${other.what}`];
  });
}

/** @throws ConfigError that names all of them and the cure */
export function requireOwnFileSystems(exported: readonly ExportedPlace[], own: readonly PrivatePlace[]): void {
  const problems = findSharedFileSystems(exported, own);
  if (problems.length === 0) return;
  const list = problems.map((problem) => `  ${problem}`).join('\n');
  throw new ConfigError(`a node that forges NFS handles could reach what is not exported:\n${list}`, {
    hint: 'Give them file systems of their own: "pi-image init --file-systems" makes them in files; or mount a partition there.',
  });
}

const gibibyte = 2 ** 30;

/** Part of the free space that each takes unless its owner says more or less, and the least that is of use. */
const shareOf = {
  exports: { part: 0.4, atLeast: 4 * gibibyte, atMost: 64 * gibibyte },
  shares: { part: 0.2, atLeast: gibibyte / 4, atMost: 64 * gibibyte },
  /** For some roles alone, such as what Slurm keeps. */
  share: { part: 0.05, atLeast: gibibyte / 4, atMost: 16 * gibibyte },
} as const;

/** @throws ConfigError when there is too little room */
export function planSize(kind: keyof typeof shareOf, freeBytes: number): number {
  const { part, atLeast, atMost } = shareOf[kind];
  const bytes = Math.min(atMost, Math.floor((freeBytes * part) / gibibyte) * gibibyte);
  if (bytes >= atLeast) return bytes;
  if (freeBytes > 2 * atLeast) return atLeast;
  throw new ConfigError(
    `there is too little room for a file system of ${kind}: ${Math.floor(freeBytes / 1e9)} GB are free`,
    {
      hint: `Mount a partition of its own there, or say how much it may take: --${kind === 'exports' ? kind : 'shares'}-size 2G.`,
    },
  );
}

/** `16G`, `512M`. */
export function parseSize(text: string): number {
  const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?)\s*([MGT])(?:i?B)?$/i.exec(text.trim()) ?? [];
  const bytes = Number(number) * ({ M: 2 ** 20, G: gibibyte, T: 2 ** 40 }[unit.toUpperCase()] ?? 0);
  if (number !== '' && bytes >= 64 * 2 ** 20) return Math.floor(bytes);
  throw new ConfigError(`"${text}" is not a size`, { hint: 'Write for example 16G, or 512M; at least 64M.' });
}

export interface ShareSpec {
  readonly name: string;
  readonly path: string;
  /** Who mounts it; undefined: every node. */
  readonly roles?: readonly string[] | undefined;
}

export interface ShareFileSystem {
  readonly mountPoint: string;
  /** A file's name in the state directory. */
  readonly image: string;
  readonly size: 'shares' | 'share';
}

export interface FstabEntry {
  readonly source: string;
  readonly mountPoint: string;
}

/**
 * Shares of every node lie together, in a folder that holds nothing else. One for some roles has a file system of its own,
 * or the other nodes could reach it by handles that they make up.
 * @param fstab of the state directory's files, by their names: a name that has another place already is not given again
 * @returns outer ones before those within them
 * @throws ConfigError for a share beside other things
 */
export function planShareFileSystems(
  shares: readonly ShareSpec[],
  fstab: readonly FstabEntry[] = [],
): ShareFileSystem[] {
  const common = new Set(
    shares.filter(({ roles }) => roles === undefined).map((share) => requireDeep(dirname(share.path), share)),
  );
  const taken = new Map(fstab.map(({ source, mountPoint }) => [source, mountPoint]));
  const folders = [...common].map((mountPoint): ShareFileSystem => {
    const known = fstab.find((entry) => entry.mountPoint === mountPoint)?.source;
    const image = known ?? firstFree(taken);
    taken.set(image, mountPoint);
    return { mountPoint, image, size: 'shares' };
  });
  const own = shares
    .filter(({ roles }) => roles !== undefined)
    .map((share): ShareFileSystem => ({
      mountPoint: requireDeep(share.path, share),
      image: `share-${share.name}.img`,
      size: 'share',
    }));
  return [...folders, ...own].toSorted((a, b) => (a.mountPoint < b.mountPoint ? -1 : 1));
}

function requireDeep(folder: string, { name, path }: ShareSpec): string {
  if (folder.split('/').length > 2) return folder;
  throw new ConfigError(`share ${name} lies in ${folder}, which holds other things, too`, {
    hint: `Mount a file system of its own at ${path}, or move the share to /srv/shares/${name}.`,
  });
}

function firstFree(taken: ReadonlyMap<string, string>, number = 1): string {
  const name = number === 1 ? 'shares.img' : `shares-${number}.img`;
  return taken.has(name) ? firstFree(taken, number + 1) : name;
}
