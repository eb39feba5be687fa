/** Images of whole cards: unpacked with holes where zeros are, and read without changing a byte of them. */
import { mkdir, open, rm } from 'node:fs/promises';
import path from 'node:path';

import { HostError } from '../model/errors.ts';
import { pipeThrough } from './pipe.ts';
import { run } from './process.ts';
import { runInSandbox } from './sandbox.ts';
import { copyWithoutNodes } from './unpack-tree.ts';

export type ImageForm = 'img' | 'xz' | 'zst';

const xzMagic = Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]);
const zstdMagic = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);

/** By its first bytes: names may lie. */
export function imageForm(head: Uint8Array): ImageForm {
  if (xzMagic.equals(head.subarray(0, xzMagic.byteLength))) return 'xz';
  return zstdMagic.equals(head.subarray(0, zstdMagic.byteLength)) ? 'zst' : 'img';
}

/** Both make holes of zeros by themselves when they write to a file. xz takes all cores where the file has blocks. */
const unpackers = {
  xz: ['xz', '--decompress', '--stdout', '--threads=0', '--quiet'],
  zst: ['zstd', '--decompress', '--stdout', '--sparse', '--long=31', '--quiet'],
} as const;

export async function unpackImage(
  form: Exclude<ImageForm, 'img'>,
  packed: string | AsyncIterable<Uint8Array>,
  { target, signal }: { readonly target: string; readonly signal: AbortSignal },
): Promise<void> {
  const hint = 'The file may be damaged: download it again.';
  await using to = await open(target, 'w', 0o600);
  if (typeof packed === 'string') {
    await using from = await open(packed, 'r');
    return await pipeThrough(unpackers[form], { from, to, signal, hint });
  }
  await pipeThrough(unpackers[form], { from: packed, to, signal, hint });
}

/** @returns the first bytes, fewer where the file has fewer, and its whole size */
export async function readStart(file: string, bytes: number): Promise<{ head: Uint8Array; sizeBytes: number }> {
  await using handle = await open(file, 'r');
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(bytes), 0, bytes, 0);
  return { head: buffer.subarray(0, bytesRead), sizeBytes: (await handle.stat()).size };
}

export interface PartitionPlace {
  readonly startBytes: number;
  readonly sizeBytes: number;
}

const superblockAt = 1024;
const magicAt = superblockAt + 56;

/** ext2, 3 and 4 have one magic number. */
async function requireExt4(image: string, { startBytes }: PartitionPlace): Promise<void> {
  await using handle = await open(image, 'r');
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(2), 0, 2, startBytes + magicAt);
  if (bytesRead === 2 && buffer.readUInt16LE(0) === 0xef53) return;
  throw new HostError('the root partition of the image holds no ext4', {
    hint: 'Only ext4 is read from images. Unpack it to a folder, and use that as "base: { root: FOLDER }".',
  });
}

type MountWay = 'loop' | 'fuse';

/**
 * $1 image, $2 offset, $3 size, $4 mount point, $5 target, $6 ways to mount. The journal is left as it is. A loop device is a
 * thread that answers each read of each file when its turn comes: four readers ahead of the copy spare it most of the waiting.
 */
const copyScript = `${copyWithoutNodes}
mount_image() {
  case $1 in
    loop) mount -t ext4 -o "ro,noload,loop,offset=$3,sizelimit=$4" "$2" "$5" ;;
    fuse) fuse2fs -o "ro,norecovery,fakeroot,offset=$3" "$2" "$5" ;;
  esac
}
mounted=no
for way in $6; do
  if mount_image "$way" "$1" "$2" "$3" "$4"; then mounted=yes; break; fi
done
[ "$mounted" = yes ]
find "$4" -xdev -type f -print0 | xargs -0 -n 100 -P 4 cat > /dev/null 2>&1 &
copy_without_nodes "$5" cp -a --reflink=auto --sparse=auto "$4/." "$5"
wait
umount "$4"
`;

export interface CopyOptions {
  readonly target: string;
  /** Ours alone. */
  readonly scratch: string;
  /** Tried in this order. A loop device needs root; fuse2fs reads the same without one. */
  readonly ways?: readonly MountWay[];
  readonly signal: AbortSignal;
}

/** Owners, modes, times, capabilities, extended attributes, ACLs, hard links and device nodes come along. */
export async function copyExt4(
  image: string,
  partition: PartitionPlace,
  { target, scratch, ways = ['loop', 'fuse'], signal }: CopyOptions,
): Promise<void> {
  await requireExt4(image, partition);
  const mountPoint = path.join(scratch, 'card');
  await mkdir(mountPoint, { recursive: true });
  await mkdir(target, { recursive: true, mode: 0o755 });
  const place = [String(partition.startBytes), String(partition.sizeBytes)];
  await runInSandbox(copyScript, [image, ...place, mountPoint, target, ways.join(' ')], {
    signal,
    network: false,
    what: 'reading the root partition of the image',
    hint: 'It needs loop devices, or fuse2fs and /dev/fuse: "apt install fuse2fs", and look at "losetup --find".',
  });
  await rm(path.join(target, 'lost+found'), { recursive: true, force: true });
}

/** @param target a folder that exists */
export async function copyFat(
  image: string,
  { startBytes }: PartitionPlace,
  { target, signal }: Pick<CopyOptions, 'target' | 'signal'>,
): Promise<void> {
  // mtools must read nobody's settings, and FAT has local times.
  const env = { MTOOLSRC: '/dev/null', TZ: 'UTC', LC_ALL: 'C.UTF-8' };
  const hint = 'The boot partition of the image may be damaged: download it again.';
  await run(['mcopy', '-s', '-m', '-n', '-i', `${image}@@${startBytes}`, '::', target], { signal, env, hint });
  await run(['chmod', '--recursive', 'u=rwX,go=rX', '--', target], { signal });
}
