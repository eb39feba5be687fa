/** One walk over a finished root: its size, its links to folders, and what the secret linter wants to see. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { folderLinkTarget, readHead, walkTree, type TreeEntry } from '../host/tree.ts';
import type { ImageManifest } from '../model/manifest.ts';
import { parseIds } from '../plan/id-registry.ts';
import { parseInstalled } from '../plan/package-lock.ts';
import { findSecrets, lintHeadBytes, type LintedFile, type SecretFinding } from '../plan/secret-lint.ts';

export interface TreeSummary extends Pick<
  ImageManifest,
  'folderLinks' | 'rootBytes' | 'rootFiles' | 'users' | 'groups' | 'packages'
> {
  readonly secrets: readonly SecretFinding[];
  /** Texts of etc/passwd and etc/group. */
  readonly passwd: string;
  readonly group: string;
}

/** @param lookInside folders whose files are read for private keys */
export async function scanTree(root: string, lookInside: readonly string[], signal: AbortSignal): Promise<TreeSummary> {
  const folderLinks: Record<string, string> = {};
  const linted: LintedFile[] = [];
  const inodes = new Set<number>();
  let rootBytes = 0;
  let rootFiles = 0;
  for await (const entry of walkTree(root)) {
    signal.throwIfAborted();
    rootFiles += 1;
    if (entry.kind === 'link') {
      const target = await folderLinkTarget(root, entry.path);
      if (target !== undefined) folderLinks[entry.path] = target;
    }
    if (entry.kind !== 'file') continue;
    if (!inodes.has(entry.inode)) rootBytes += entry.sizeBytes;
    if (entry.linkCount > 1) inodes.add(entry.inode);
    linted.push(await lintedFile(root, entry, lookInside));
  }
  const passwd = await readOptional(path.join(root, 'etc/passwd'));
  const group = await readOptional(path.join(root, 'etc/group'));
  const packages = parseInstalled(await readOptional(path.join(root, 'var/lib/dpkg/status')));
  const secrets = findSecrets(linted);
  return { folderLinks, rootBytes, rootFiles, ...parseIds(passwd, group), packages, secrets, passwd, group };
}

async function lintedFile(root: string, entry: TreeEntry, lookInside: readonly string[]): Promise<LintedFile> {
  const isRead = lookInside.some((folder) => entry.path.startsWith(`${folder}/`));
  const head = isRead ? await readHead(path.join(root, entry.path), lintHeadBytes) : '';
  return { path: entry.path, sizeBytes: entry.sizeBytes, head };
}

async function readOptional(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}
