/** Whose files are in a state directory: root's, or those of a user whose builds number users in their own way. */
import { chmod, lstat, readFile } from 'node:fs/promises';
import path from 'node:path';

import { HostError } from '../model/errors.ts';
import { NamespaceRecord } from '../model/user-namespace.ts';
import { writeFileAtomically } from './atomic-file.ts';
import { readJsonFile } from './json-file.ts';
import { isInUserNamespace, readIdMaps } from './user-namespace.ts';

const recordFile = (stateDir: string) => path.join(stateDir, 'user-namespace.json');

export async function isOfNamespace(stateDir: string): Promise<boolean> {
  return (await readFile(recordFile(stateDir)).catch(() => undefined)) !== undefined;
}

/**
 * Layers hold files of all users of an image. Made with one set of numbers, they are other files under another.
 * @throws HostError when what lies there was not made the way in which this process would go on
 */
export async function claimState(stateDir: string): Promise<void> {
  const file = recordFile(stateDir);
  const record = await readJsonFile<NamespaceRecord | undefined>({ file, schema: NamespaceRecord, empty: undefined });
  if (!(await isInUserNamespace())) {
    if (record === undefined) return;
    throw new HostError(`${stateDir} is of builds without root`, {
      hint: 'Build there as the user whose folder it is, or choose another one with --state DIR.',
    });
  }
  const now: NamespaceRecord = { format: 1, ...(await readIdMaps()) };
  if (record === undefined) return begin(stateDir, now);
  if (record.users === now.users && record.groups === now.groups) return;
  throw new HostError(`${stateDir} was made when this user had other numbers in /etc/subuid and /etc/subgid`, {
    hint: `Give the old ranges back, or remove the folder ("sudo rm -rf ${stateDir}") and build anew.`,
  });
}

/** Of a user that the namespace has no number for. */
const nobody = 65_534;

async function begin(stateDir: string, now: NamespaceRecord): Promise<void> {
  for (const name of ['layers', 'exports', 'native']) {
    if ((await lstat(path.join(stateDir, name)).catch(() => undefined))?.uid !== nobody) continue;
    throw new HostError(`${stateDir} was begun by root`, {
      hint: 'Choose another folder for builds without root with --state DIR.',
    });
  }
  // New folders would have its group and this bit, also in layers.
  await chmod(stateDir, (await lstat(stateDir)).mode & 0o777);
  await writeFileAtomically(recordFile(stateDir), `${JSON.stringify(now, null, 1)}\n`);
}
