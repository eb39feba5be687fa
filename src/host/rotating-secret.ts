/** A secret that gets another value: the old and the new one are both kept, until the rotation that made them has ended. */
import { randomBytes } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';

import type { Log } from '../model/log.ts';
import { writeFileAtomically } from './atomic-file.ts';
import { createSecretFile, keepFolderPrivate, ownerOnly, readSecretFile } from './secret-files.ts';

interface SecretPair {
  readonly old: Uint8Array | undefined;
  readonly new: Uint8Array | undefined;
  /** Which of both nodes are given. */
  readonly given: 'old' | 'new';
}

/** Each may be done twice, and be cut off anywhere. */
export interface RotatingSecret {
  readonly read: () => Promise<SecretPair>;
  /** Makes the new one, and gives it to nodes from then on. */
  readonly push: () => Promise<void>;
  readonly pushBack: () => Promise<void>;
}

export interface RotatingSecretOptions {
  /** `secrets/` of the state directory. */
  readonly dir: string;
  readonly name: string;
  readonly sizeBytes: number;
  /** Of the rotation: a number that is never given twice. */
  readonly id: string;
  readonly log: Log;
}

const rotationsDir = (dir: string) => path.join(dir, 'rotations');

/** Beside those that nodes are given, where `host/secrets.ts` finds them. */
export function rotatingSecret({ dir, name, sizeBytes, id, log }: RotatingSecretOptions): RotatingSecret {
  const given = path.join(dir, 'cluster', name);
  const own = path.join(rotationsDir(dir), id);
  const files = { old: path.join(own, 'old'), new: path.join(own, 'new') };
  const read = async (): Promise<SecretPair> => {
    const [now, old, next] = await Promise.all([given, files.old, files.new].map((file) => readSecretFile(file, log)));
    const isNew = now !== undefined && next !== undefined && Buffer.compare(now, next) === 0;
    // Before the push there is one only.
    return { old: old ?? now, new: next, given: isNew ? 'new' : 'old' };
  };
  const push = async () => {
    await keepFolderPrivate(rotationsDir(dir), log);
    await keepFolderPrivate(own, log);
    const before = await readSecretFile(given, log);
    // The first is never written over: whoever comes here again may find the new one in its place.
    if (before !== undefined) await createSecretFile(files.old, before, log);
    const next = await createSecretFile(files.new, randomBytes(sizeBytes), log);
    await writeFileAtomically(given, next, ownerOnly.file);
  };
  const pushBack = async () => {
    const old = await readSecretFile(files.old, log);
    if (old !== undefined) await writeFileAtomically(given, old, ownerOnly.file);
  };
  return { read, push, pushBack };
}

/** Takes away what rotations that have ended have left. @param keep ids of those that have not */
export async function forgetRotatedSecrets(dir: string, keep: readonly string[]): Promise<void> {
  const left = await readdir(rotationsDir(dir)).catch(() => []);
  for (const id of left.filter((each) => !keep.includes(each))) {
    await rm(path.join(rotationsDir(dir), id), { recursive: true, force: true });
  }
}
