/** One build at a time has the folder `build/` of the state directory; what a dead one left there is swept away. */
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { HostError } from '../model/errors.ts';
import { startTimeOf } from './start-time.ts';
import { removeDead, sweepState } from './sweep-unfinished.ts';

export interface WorkDir {
  readonly dir: string;
  readonly release: () => Promise<void>;
}

interface Owner {
  readonly pid: number;
  /** Field 22 of /proc/<pid>/stat: a number is given to another process only with another start time. */
  readonly startTime: string;
}

/** @throws HostError when another build is running */
export async function claimWorkDir(stateDir: string): Promise<WorkDir> {
  const dir = path.join(stateDir, 'build');
  await makeStateDir(stateDir);
  if (!(await tryClaim(dir))) {
    await sweepDead(dir);
    if (!(await tryClaim(dir)))
      throw new HostError('another build has just begun', { hint: 'Wait until it has ended.' });
  }
  await sweepState(stateDir);
  return { dir, release: () => discard(dir) };
}

/** Where nothing is to be built: what a dead build has left goes all the same, unless another one runs. */
export async function sweepIfIdle(stateDir: string): Promise<void> {
  // On a full disk, or where another may write, it is left to the next time.
  const work = await claimWorkDir(stateDir).catch(() => undefined);
  await work?.release();
}

/** Out of the way at once, then away: a kill in between leaves nothing that looks like a build. */
async function discard(dir: string): Promise<void> {
  const dead = `${dir}.dead-${process.pid}`;
  await rename(dir, dead).catch(() => undefined);
  await removeDead(dead);
}

async function makeStateDir(stateDir: string): Promise<void> {
  try {
    await mkdir(stateDir, { recursive: true });
  } catch (error) {
    throw new HostError(`cannot make ${stateDir}`, { cause: error, hint: 'Run it with sudo, or give --state DIR.' });
  }
}

/** The folder appears complete with its owner or not at all, so nobody sees one without. */
async function tryClaim(dir: string): Promise<boolean> {
  const owner: Owner = { pid: process.pid, startTime: (await startTimeOf(process.pid)) ?? '' };
  const fresh = `${dir}.${process.pid}`;
  await rm(fresh, { recursive: true, force: true });
  try {
    await mkdir(fresh);
    await writeFile(path.join(fresh, 'owner.json'), JSON.stringify(owner));
    await rename(fresh, dir);
    return true;
  } catch (error) {
    await rm(fresh, { recursive: true, force: true });
    if (['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw new HostError(`cannot make ${dir}`, { cause: error, hint: 'Run it with sudo, or give --state DIR.' });
  }
}

/** The process that builds now; undefined: none does. */
export async function buildingProcess(stateDir: string): Promise<number | undefined> {
  return livingOwner(path.join(stateDir, 'build'));
}

async function livingOwner(dir: string): Promise<number | undefined> {
  const owner = await readOwner(dir);
  return owner !== undefined && (await startTimeOf(owner.pid)) === owner.startTime ? owner.pid : undefined;
}

async function sweepDead(dir: string): Promise<void> {
  const pid = await livingOwner(dir);
  if (pid !== undefined) {
    throw new HostError(`another build is running: process ${pid}`, {
      hint: `Wait until it has ended, or stop it: "kill ${pid}".`,
    });
  }
  await discard(dir);
}

async function readOwner(dir: string): Promise<Owner | undefined> {
  const text = await readFile(path.join(dir, 'owner.json'), 'utf8').catch(() => undefined);
  try {
    return text === undefined ? undefined : (JSON.parse(text) as Owner);
  } catch {
    return undefined;
  }
}
