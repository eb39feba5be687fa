/** A node's files as a folder of this machine, for people and their tools. */
import { chmod, mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { ConfigError, HostError } from '../model/errors.ts';
import type { NodeFile } from '../model/node-file.ts';

/** Owners are of the node's image and mean nobody here: everything belongs to whoever writes it, and only they may look. */
export async function writeNodeTree(dir: string, files: readonly NodeFile[]): Promise<void> {
  await requireEmpty(dir);
  try {
    await mkdir(dir, { recursive: true, mode: 0o700 });
    await chmod(dir, 0o700);
    // Links come last: nothing is written through one.
    const entries = files.filter((file) => file.kind !== 'remove');
    const links = entries.filter(({ kind }) => kind === 'link');
    const others = entries.filter(({ kind }) => kind !== 'link');
    for (const file of [...others, ...links]) await writeEntry(path.join(dir, file.path), file);
    // A folder that may not be written into must be full before.
    for (const file of files) if (file.kind === 'directory') await chmod(path.join(dir, file.path), file.mode & 0o777);
  } catch (error) {
    throw new HostError(`cannot write ${dir}`, {
      cause: error,
      hint: 'Look for free space and write permission there.',
    });
  }
}

async function requireEmpty(dir: string): Promise<void> {
  const names = await readdir(dir).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw new ConfigError(`${dir} is no folder to write into`, { cause: error });
  });
  if (names.length > 0)
    throw new ConfigError(`${dir} is not empty`, { hint: 'Name a folder that does not exist yet.' });
}

async function writeEntry(target: string, file: Exclude<NodeFile, { kind: 'remove' }>): Promise<void> {
  await mkdir(path.dirname(target), { recursive: true });
  switch (file.kind) {
    case 'directory':
      await mkdir(target, { recursive: true });
      return;
    case 'link':
      await symlink(file.target, target);
      return;
    case 'file':
      // Never a moment with a mode that is wider. Special bits are for nodes.
      await writeFile(target, file.bytes, { flag: 'wx', mode: 0o600 });
      await chmod(target, file.mode & 0o777);
  }
}
