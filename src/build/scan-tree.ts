/** What the index of a finished root says of it: its size, its links to folders, and what the secret linter wants to see. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { leadsToFolder, readHead } from '../host/tree.ts';
import type { ImageManifest } from '../model/manifest.ts';
import type { IndexedFile, IndexEntry } from '../model/tree-index.ts';
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
  readonly entries: readonly IndexEntry[];
}

/** @param lookInside folders whose files are read for private keys */
export async function scanTree(
  root: string,
  entries: readonly IndexEntry[],
  lookInside: readonly string[],
): Promise<TreeSummary> {
  const folderLinks: Record<string, string> = {};
  const linted: LintedFile[] = [];
  const groups = new Set<number>();
  let rootBytes = 0;
  for (const entry of entries) {
    if (entry.kind === 'link' && leadsToFolder(root, entry.path, entry.target)) folderLinks[entry.path] = entry.target;
    if (entry.kind !== 'file') continue;
    if (entry.group === undefined || !groups.has(entry.group)) rootBytes += entry.bytes;
    if (entry.group !== undefined) groups.add(entry.group);
    linted.push(lintedFile(root, entry, lookInside));
  }
  const passwd = await readOptional(path.join(root, 'etc/passwd'));
  const group = await readOptional(path.join(root, 'etc/group'));
  const packages = parseInstalled(await readOptional(path.join(root, 'var/lib/dpkg/status')));
  const secrets = findSecrets(linted);
  const rootFiles = entries.length - 1;
  return { folderLinks, rootBytes, rootFiles, ...parseIds(passwd, group), packages, secrets, passwd, group, entries };
}

function lintedFile(root: string, { path: file, bytes }: IndexedFile, lookInside: readonly string[]): LintedFile {
  const isRead = bytes > 0 && lookInside.some((folder) => file.startsWith(`${folder}/`));
  const head = isRead ? readHead(path.join(root, file), lintHeadBytes) : '';
  return { path: file, sizeBytes: bytes, head };
}

async function readOptional(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}
