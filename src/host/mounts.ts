/** Which file system does a path lie on, and what is mounted where? As this process sees it. */
import { readFile, realpath, stat } from 'node:fs/promises';
import path from 'node:path';

interface MountedAt {
  readonly mountPoint: string;
  readonly type: string;
  /** `/dev/sda2`, `tmpfs`. */
  readonly source: string;
}

/** Later mounts cover earlier ones: the last that fits counts. */
export async function readMounts(): Promise<MountedAt[]> {
  const lines = (await readFile('/proc/self/mountinfo', 'utf8')).trim().split('\n');
  return lines.map((line) => {
    const [before = '', after = ''] = line.split(' - ');
    const [type = '', source = ''] = after.split(' ');
    return { mountPoint: unescapeOctal(before.split(' ')[4] ?? ''), type, source: unescapeOctal(source) };
  });
}

export async function isMountPoint(folder: string): Promise<boolean> {
  const place = await realpath(folder).catch(() => undefined);
  return (await readMounts()).some(({ mountPoint }) => mountPoint === place);
}

/**
 * Equal for two places that one NFS handle could reach. What does not exist yet will lie where its nearest folder does.
 * btrfs has a device number for each subvolume, and handles reach all of them.
 */
export async function fileSystemOf(place: string): Promise<string> {
  const there = await nearest(path.resolve(place));
  const { dev } = await stat(there);
  const real = await realpath(there);
  const mount = (await readMounts()).findLast(({ mountPoint }) => isBelow(real, mountPoint));
  return mount?.type === 'btrfs' ? `btrfs ${mount.source}` : String(dev);
}

async function nearest(place: string): Promise<string> {
  const found = await stat(place).catch(() => undefined);
  return found !== undefined || place === '/' ? place : nearest(path.dirname(place));
}

const isBelow = (place: string, folder: string) => folder === '/' || place === folder || place.startsWith(`${folder}/`);

/** proc(5), fstab(5): space, tab, newline and backslash are written as \040 and so on. */
export function unescapeOctal(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, digits: string) => String.fromCodePoint(Number.parseInt(digits, 8)));
}
