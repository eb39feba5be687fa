/** Trees of files from elsewhere, with everything that a root has: owners, modes, attributes, hard links, device nodes. */
import { mkdir } from 'node:fs/promises';

import { run } from './process.ts';

/** What GNU tar needs to be told to keep; owners are numbers, since names may mean others here. */
export const keepEverything = [
  '--numeric-owner',
  '--same-owner',
  '--preserve-permissions',
  '--xattrs',
  '--xattrs-include=*',
  '--acls',
] as const;

export async function copyFolder(from: string, target: string, signal: AbortSignal): Promise<void> {
  await mkdir(target, { mode: 0o755 });
  await run(['cp', '-a', '--reflink=auto', '--', `${from}/.`, target], { signal });
}

/** Compressed as tar knows it: it looks at the file, not at its name. A new folder holds no links to be led astray by. */
export async function extractTar(archive: string, target: string, signal: AbortSignal): Promise<void> {
  await mkdir(target, { mode: 0o755 });
  const hint = 'It must be a tar file; the program that unpacks it must be installed: gzip, xz, zstd, bzip2, lz4.';
  await run(['tar', '--extract', ...keepEverything, '--file', archive, '--directory', target], { signal, hint });
}

/** Of its files; folders that were made while it was unpacked are younger. */
export async function newestFile(root: string, signal: AbortSignal): Promise<number> {
  const times = await run(['find', root, '-type', 'f', '-printf', '%Ts\\n'], { signal });
  let newest = 0;
  for (const line of times.split('\n')) newest = Math.max(newest, Number(line));
  return newest;
}
