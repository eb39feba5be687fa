/** Digests of large files and trees, computed once: what has the same sizes, times and inodes has the same content. */
import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import path from 'node:path';

import { KnownDigests } from '../model/known-digests.ts';
import { writeFileAtomically } from './atomic-file.ts';
import { sha256OfFile } from './deb-store.ts';
import { readJsonFile } from './json-file.ts';
import { readThrough } from './pipe.ts';
import { run } from './process.ts';

/** In the folder where digests are remembered. */
export const knownDigestsFile = 'known.json';

interface DigestOptions {
  /** Where digests are remembered. */
  readonly folder: string;
  readonly signal: AbortSignal;
}

/** @param compute another digest than that of its bytes */
export async function digestFile(
  file: string,
  options: DigestOptions,
  compute: () => Promise<string> = () => sha256OfFile(file),
): Promise<string> {
  const { dev, ino, size, mtimeNs, ctimeNs } = await stat(file, { bigint: true });
  return remembered(file, [dev, ino, size, mtimeNs, ctimeNs].join(' '), compute, options);
}

/** Over paths, types, owners, modes, times, links, attributes and contents. */
export async function digestTree(folder: string, options: DigestOptions): Promise<string> {
  const { signal } = options;
  const listing = await run(['find', folder, '-printf', '%P\\0%y %m %U %G %i %s %T@ %C@\\0'], { signal });
  const looks = createHash('sha256').update(listing).digest('hex');
  return remembered(folder, looks, () => digestArchive(folder, signal), options);
}

/** As one archive whose bytes depend on the content alone. */
async function digestArchive(folder: string, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  const shape = ['--format=posix', '--pax-option=exthdr.name=%d/%f,delete=atime,delete=ctime', '--sort=name'];
  const keep = ['--numeric-owner', '--xattrs', '--xattrs-include=*', '--acls', '--warning=no-file-ignored'];
  const hint = 'Every file below it must be readable; run it as root.';
  const archive = readThrough(['tar', '--create', ...shape, ...keep, '--directory', folder, '.'], { signal, hint });
  for await (const chunk of archive) hash.update(chunk);
  return hash.digest('hex');
}

async function remembered(
  place: string,
  looks: string,
  compute: () => Promise<string>,
  { folder }: DigestOptions,
): Promise<string> {
  const file = path.join(folder, knownDigestsFile);
  const empty: KnownDigests = { format: 1, known: {} };
  const { known } = await readJsonFile({ file, schema: KnownDigests, empty });
  const before = known[place];
  if (before?.looks === looks) return before.digest;
  const digest = await compute();
  const after: KnownDigests = { format: 1, known: { ...known, [place]: { looks, digest } } };
  await writeFileAtomically(file, `${JSON.stringify(after, null, 1)}\n`);
  return digest;
}
