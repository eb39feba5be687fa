/** Trees of files from elsewhere, with everything that a root has: owners, modes, attributes, hard links, device nodes. */
import { mkdir } from 'node:fs/promises';

import { run, type Argv } from './process.ts';
import { runInSandbox } from './sandbox.ts';
import { isInUserNamespace, knowNamespace } from './user-namespace.ts';

/** What GNU tar needs to be told to keep; owners are numbers, since names may mean others here. */
export const keepEverything = [
  '--numeric-owner',
  '--same-owner',
  '--preserve-permissions',
  '--xattrs',
  '--xattrs-include=*',
  '--acls',
] as const;

/**
 * $1 a new root, then what fills it. In a user namespace nobody makes device nodes: cp and tar say so of each, and do the
 * rest. An image needs none. The seal empties /dev where there was something, and that gives the folder another time, so
 * one file stands for the nodes in it.
 */
export const copyWithoutNodes = `${knowNamespace}
copy_without_nodes() {
  target=$1; shift
  if [ -n "$is_root" ]; then "$@"; return; fi
  said=$(LC_ALL=C "$@" 2>&1 > /dev/null) && return
  others=$(printf '%s\\n' "$said" | grep -v -e '^cp: cannot create special file .*: Operation not permitted$' \\
    -e ': Cannot mknod: Operation not permitted$' -e ': Warning: ' -e 'tar: Exiting with failure status') || :
  [ -z "$others" ] || { printf '%s\\n' "$others" >&2; return 1; }
  case $said in *"'$target/./dev/"*|*"tar: ./dev/"*|*"tar: dev/"*) ;; *) return 0 ;; esac
  [ -L "$target/dev" ] || [ -e "$target/dev/null" ] || : > "$target/dev/null"
}
`;

const copyScript = `${copyWithoutNodes}
copy_without_nodes "$@"
`;

interface Filling {
  readonly signal: AbortSignal;
  readonly what: string;
  readonly hint?: string;
}

async function fill(target: string, argv: Argv, options: Filling): Promise<void> {
  if (await isInUserNamespace()) await runInSandbox(copyScript, [target, ...argv], { ...options, network: false });
  else await run(argv, options);
}

export async function copyFolder(from: string, target: string, signal: AbortSignal): Promise<void> {
  await mkdir(target, { mode: 0o755 });
  await fill(target, ['cp', '-a', '--reflink=auto', '--', `${from}/.`, target], { signal, what: `copying ${from}` });
}

/** Compressed as tar knows it: it looks at the file, not at its name. A new folder holds no links to be led astray by. */
export async function extractTar(archive: string, target: string, signal: AbortSignal): Promise<void> {
  await mkdir(target, { mode: 0o755 });
  const hint = 'It must be a tar file; the program that unpacks it must be installed: gzip, xz, zstd, bzip2, lz4.';
  const argv: Argv = ['tar', '--extract', ...keepEverything, '--file', archive, '--directory', target];
  await fill(target, argv, { signal, hint, what: `unpacking ${archive}` });
}

/**
 * Files of users that the namespace has no number for look as if nobody owned them.
 * @returns one of them; undefined where there are none, or this is no user namespace
 */
export async function findStranger(folder: string, signal: AbortSignal): Promise<string | undefined> {
  if (!(await isInUserNamespace())) return undefined;
  const nobodys = ['(', '-uid', '65534', '-o', '-gid', '65534', ')'];
  const found = await run(['find', folder, ...nobodys, '-print0', '-quit'], { signal });
  return found === '' ? undefined : found.slice(0, -1);
}

/** Of its files; folders that were made while it was unpacked are younger. */
export async function newestFile(root: string, signal: AbortSignal): Promise<number> {
  const times = await run(['find', root, '-type', 'f', '-printf', '%Ts\\n'], { signal });
  let newest = 0;
  for (const line of times.split('\n')) newest = Math.max(newest, Number(line));
  return newest;
}
