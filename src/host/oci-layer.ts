/** One layer of a container image, laid over a root as its maker's runtime would do it. */
import { createHash } from 'node:crypto';
import { lstat, open, readdir, writeFile, type FileHandle } from 'node:fs/promises';
import path from 'node:path';

import { HostError } from '../model/errors.ts';
import { sha256OfFile } from './deb-store.ts';
import { readThrough } from './pipe.ts';
import { runInSandbox } from './sandbox.ts';
import { copyWithoutNodes, keepEverything } from './unpack-tree.ts';

interface LayerFile {
  readonly file: string;
  /** Hex sha256 of the file, where the image says it. */
  readonly digest: string | undefined;
  /** Hex sha256 of what is packed in it. */
  readonly contentDigest: string;
}

type Form = 'gzip' | 'zstd' | 'tar';

const hint = 'The image is damaged: save or download it again.';

async function formOf(file: string): Promise<Form> {
  await using handle = await open(file, 'r');
  const { buffer } = await handle.read(Buffer.alloc(4), 0, 4, 0);
  if (buffer.readUInt16BE(0) === 0x1f8b) return 'gzip';
  return buffer.readUInt32BE(0) === 0x28b52ffd ? 'zstd' : 'tar';
}

/** Checks the digests of a layer on the way. @returns the names in it, as `tar --list --quoting-style=escape` has them */
export async function listLayer({ file, digest, contentDigest }: LayerFile, signal: AbortSignal): Promise<string[]> {
  if (digest !== undefined) refuseOther(file, await sha256OfFile(file), digest);
  await using handle = await open(file, 'r');
  const hash = createHash('sha256');
  const content = hashed(await decoded(handle, file, signal), hash);
  const list = ['tar', '--list', '--quoting-style=escape', '--file=-'] as const;
  const chunks: Uint8Array[] = [];
  for await (const chunk of readThrough(list, { from: content, signal, hint })) chunks.push(chunk);
  refuseOther(`what is packed in ${file}`, hash.digest('hex'), contentDigest);
  return Buffer.concat(chunks)
    .toString('latin1')
    .split('\n')
    .filter((line) => line !== '');
}

async function decoded(handle: FileHandle, file: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
  const form = await formOf(file);
  const program = form === 'tar' ? 'cat' : form;
  const args = form === 'tar' ? [] : ['--decompress', '--stdout', '--quiet'];
  return readThrough([program, ...args], { from: handle, signal, hint });
}

async function* hashed(
  bytes: AsyncIterable<Uint8Array>,
  hash: ReturnType<typeof createHash>,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of bytes) {
    hash.update(chunk);
    yield chunk;
  }
}

function refuseOther(what: string, found: string, wanted: string): void {
  if (found === wanted) return;
  throw new HostError(`${what} is not what the image says: its sha256 is ${found}, and ${wanted} is wanted`, { hint });
}

/**
 * $1 root, $2 layer, $3 its form, $4 file of paths to remove, then what tar keeps. Links of an image lead anywhere, also
 * out of it: tar and rm run with the root as theirs, as copies with their libraries on a file system of their own.
 */
const applyScript = `${copyWithoutNodes}
root=$1 layer=$2 form=$3 removals=$4; shift 4
tools=/.pi-image-tools
mkdir "$root$tools"
mount -t tmpfs -o mode=755 tmpfs "$root$tools"
libraries() { ldd "$(command -v "$1")" | sed -n 's,.*[[:space:]]\\(/[^ ]*\\) (0x.*,\\1,p'; }
for program in tar rm xargs; do
  cp -L "$(command -v "$program")" "$root$tools/"
  libraries "$program" | xargs cp -L -t "$root$tools"
done
loader=$(libraries tar | sed -n 's,.*/\\(ld-[^/]*\\)$,\\1,p')
inside() { program=$1; shift; chroot "$root" "$tools/$loader" --library-path "$tools" "$tools/$program" "$@"; }
inside xargs -0 -r "$tools/$loader" --library-path "$tools" "$tools/rm" -rf -- < "$removals"
case $form in
  gzip) gzip -dc < "$layer" ;;
  zstd) zstd -dcq < "$layer" ;;
  *) cat "$layer" ;;
esac | copy_without_nodes "$root" inside tar --extract "$@" --exclude='.wh.*' --file=-
umount "$root$tools"
rmdir "$root$tools"
`;

export interface ApplyOptions {
  readonly root: string;
  /** What the layer takes away, relative to the root. */
  readonly removals: readonly string[];
  /** Ours alone. */
  readonly scratch: string;
  readonly signal: AbortSignal;
}

export async function applyLayer(file: string, { root, removals, scratch, signal }: ApplyOptions): Promise<void> {
  const list = path.join(scratch, 'removals');
  await writeFile(list, removals.map((removal) => `./${removal}\0`).join(''));
  await runInSandbox(applyScript, [root, file, await formOf(file), list, ...keepEverything], {
    signal,
    network: false,
    what: 'unpacking a layer of the image',
    hint: 'Look for free space; the image may also be damaged.',
  });
}

export function everythingIn(root: string): Promise<string[]> {
  return readdir(root);
}

/** tar replaces a file by a folder, but no folder by a file. */
export async function foldersInTheWay(root: string, files: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const file of files) {
    if ((await lstat(path.join(root, file)).catch(() => undefined))?.isDirectory() === true) found.push(file);
  }
  return found;
}
