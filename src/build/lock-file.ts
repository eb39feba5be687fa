/** Where the package lock of an image lies: beside its image.yaml where that is the administrator's own, to be kept in git. */
import { chown, stat } from 'node:fs/promises';
import path from 'node:path';

import { writeFileAtomically } from '../host/atomic-file.ts';
import { readJsonFile } from '../host/json-file.ts';
import { sweepUnfinished } from '../host/sweep-unfinished.ts';
import { PackageLock } from '../model/package-lock.ts';
import { installedAfter } from '../plan/package-lock.ts';
import { buildPaths, type BuildRequest } from './running-build.ts';

export const lockFileName = 'image.lock.json';

/** specDir is empty where nobody knows it. */
type LockOf = Pick<BuildRequest, 'name' | 'stateDir' | 'specDir' | 'isOwnSpec'>;

/**
 * The one beside image.yaml first; what was locked before there was one still counts. Where it cannot be written there, what
 * was locked later lies in the state.
 */
export async function readLock(of: LockOf): Promise<PackageLock | undefined> {
  const beside = of.specDir === '' ? undefined : await readOne(besideSpec(of));
  if (beside !== undefined && of.isOwnSpec) return beside;
  const inside = await readOne(inState(of));
  if (beside === undefined || inside === undefined) return beside ?? inside;
  return inside.resolvedAt > beside.resolvedAt ? inside : beside;
}

function readOne(file: string): Promise<PackageLock | undefined> {
  return readJsonFile<PackageLock | undefined>({ file, schema: PackageLock, empty: undefined });
}

/** Always in the state too: its packages are not garbage. @returns where a person finds it */
export async function writeLock(of: LockOf, lock: PackageLock): Promise<string> {
  const text = `${JSON.stringify(lock, null, 1)}\n`;
  await writeFileAtomically(inState(of), text);
  if (!of.isOwnSpec) return inState(of);
  await sweepUnfinished(of.specDir);
  await writeFileAtomically(besideSpec(of), text);
  await giveToOwner(besideSpec(of));
  return besideSpec(of);
}

const besideSpec = ({ specDir }: LockOf) => path.join(specDir, lockFileName);
const inState = ({ stateDir, name }: LockOf) => buildPaths(stateDir).lock(name);

/** A build runs as root; what lies in somebody's working copy is theirs. */
async function giveToOwner(file: string): Promise<void> {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = await stat(path.dirname(file));
  await chown(file, uid, gid);
}

/** @returns what changed between two locks, one package a line: `openssl 3.5.1 -> 3.5.2` */
export function lockChanges(before: PackageLock, after: PackageLock): string[] {
  const [old, now] = [before, after].map(({ layers }) => {
    return new Map(installedAfter(layers).map(({ name, version }) => [name, version]));
  });
  const names = [...new Set([...(old?.keys() ?? []), ...(now?.keys() ?? [])])].toSorted();
  return names.flatMap((name) => {
    const [was, is] = [old?.get(name), now?.get(name)];
    return was === is ? [] : [`${name} ${was ?? '(new)'} -> ${is ?? '(gone)'}`];
  });
}
