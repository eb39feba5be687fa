/** Replaces a file so that a power cut or kill -9 leaves the old content or the new, never a torso. */
import { constants } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import path from 'node:path';

import { HostError } from '../model/errors.ts';

const { O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW } = constants;
/** Its name can be foretold: a link there is none of ours, and may lead anywhere. */
const toWrite = O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW;

export async function writeFileAtomically(file: string, content: string | Uint8Array, mode = 0o644): Promise<void> {
  const folder = path.dirname(file);
  const temporary = path.join(folder, `.${path.basename(file)}.${process.pid}.tmp`);
  try {
    await mkdir(folder, { recursive: true });
    const handle = await open(temporary, toWrite, mode);
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
    await syncFolder(folder);
  } catch (error) {
    // Why it failed matters more than a torso that cannot be removed either.
    await rm(temporary, { force: true }).catch(() => undefined);
    throw new HostError(`cannot write ${file}`, {
      cause: error,
      hint: 'Look for free space and write permission there.',
    });
  }
}

/** A rename is on the disk only when its folder is. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
