/** <state>/eeprom/: EEPROM images under the hash of their content. Nothing else lies there, and none is ever changed. */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';

import { HostError, RefusedError } from '../model/errors.ts';
import { writeFileAtomically } from './atomic-file.ts';

export interface EepromFiles {
  readonly dir: string;
  /** @returns its SHA-256, when it is on the disk */
  readonly keep: (image: Uint8Array) => Promise<string>;
  /** @throws RefusedError when there is none, HostError when it is not what its name says */
  readonly read: (sha256: string) => Promise<Uint8Array>;
  /** Removes what nobody needs. */
  readonly keepOnly: (needed: ReadonlySet<string>) => Promise<void>;
}

const nameForm = /^[0-9a-f]{64}\.bin$/;

export const eepromFileName = (sha256: string) => `${sha256}.bin`;

const sha256Of = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

export function openEepromFiles(dir: string): EepromFiles {
  const fileOf = (sha256: string) => path.join(dir, eepromFileName(sha256));
  return {
    dir,
    keep: async (image) => {
      const sha256 = sha256Of(image);
      await writeFileAtomically(fileOf(sha256), image);
      return sha256;
    },
    read: async (sha256) => {
      const image = await readFile(fileOf(sha256)).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw new HostError(`cannot read ${fileOf(sha256)}`, { cause: error });
        throw new RefusedError(`no EEPROM image ${sha256} is kept here`, { hint: 'Send its bytes.' });
      });
      if (sha256Of(image) === sha256) return image;
      throw new HostError(`${fileOf(sha256)} is damaged: its content is not what its name says`, {
        hint: 'Remove the file, and stage the image again.',
      });
    },
    keepOnly: async (needed) => {
      await mkdir(dir, { recursive: true });
      const names = (await readdir(dir)).filter((name) => nameForm.test(name));
      for (const name of names) if (!needed.has(path.basename(name, '.bin'))) await rm(path.join(dir, name));
    },
  };
}
