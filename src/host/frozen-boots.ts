/** <state>/boot/: the generations that boots were begun with, by id. Written before the board gets its first answer. */
import { rmSync } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import path from 'node:path';

import { encodeFrozenBoot, FrozenBoot } from '../model/frozen-boot.ts';
import { writeFileAtomically } from './atomic-file.ts';
import { readJsonFile } from './json-file.ts';

export interface FrozenBoots {
  readonly get: (generationId: string) => FrozenBoot | undefined;
  readonly all: () => IterableIterator<FrozenBoot>;
  /** Can be got at once; resolves when it is on the disk. */
  readonly save: (frozen: FrozenBoot) => Promise<void>;
  /** Removes what no boot needs. */
  readonly keepOnly: (generationIds: ReadonlySet<string>) => Promise<void>;
}

const fileOf = (dir: string, id: string) => path.join(dir, `${id}.json`);

/** For who only looks: nothing is made, so that it works on a full disk. @returns those that are there, by id */
export async function readFrozenBoots(
  dir: string,
  generationIds: ReadonlySet<string>,
): Promise<Map<string, FrozenBoot>> {
  const found = new Map<string, FrozenBoot>();
  for (const id of generationIds) {
    const file = fileOf(dir, id);
    const frozen = await readJsonFile<FrozenBoot | undefined>({ file, schema: FrozenBoot, empty: undefined });
    if (frozen !== undefined) found.set(id, frozen);
  }
  return found;
}

export async function openFrozenBoots(dir: string, generationIds: ReadonlySet<string>): Promise<FrozenBoots> {
  await mkdir(dir, { recursive: true });
  const held = await readFrozenBoots(dir, generationIds);
  const writes = new Map<string, Promise<void>>();

  const save = async (frozen: FrozenBoot): Promise<void> => {
    const { id } = frozen.generation;
    const known = writes.get(id);
    if (known !== undefined) return known;
    if (held.has(id)) return;
    held.set(id, frozen);
    const write = writeFileAtomically(fileOf(dir, id), encodeFrozenBoot(frozen));
    writes.set(id, write);
    try {
      await write;
    } catch (error) {
      held.delete(id);
      throw error;
    } finally {
      writes.delete(id);
    }
  };

  const keepOnly = async (ids: ReadonlySet<string>): Promise<void> => {
    for (const id of held.keys()) if (!ids.has(id)) held.delete(id);
    const names = (await readdir(dir)).filter((name) => /^[0-9a-f]{64}\.json$/.test(name));
    // At once after the look: a boot may be saved under the same id meanwhile.
    for (const name of names) if (!held.has(path.basename(name, '.json'))) rmSync(path.join(dir, name));
  };

  return { get: (id) => held.get(id), all: () => held.values(), save, keepOnly };
}
