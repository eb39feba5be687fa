/** NFS-Ganesha, as a process of its own that outlives this one: adopted when it runs, told of changes by SIGHUP. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';

import { HostError } from '../../model/errors.ts';
import type { NfsExport } from '../../model/export.ts';
import { writeFileAtomically } from '../atomic-file.ts';
import { endProcess, findProcess, isAlive, sendSignal } from '../pid-file.ts';
import { cannotStart, run } from '../process.ts';
import type { Exporter, ExporterStatus } from './exporter.ts';
import { tailLog } from './log-tail.ts';
import { isUnitActive, nfsUnit, runsAsUnit } from './unit.ts';

export interface GaneshaOptions {
  /** Configuration, log and recovery data. */
  readonly dir: string;
  readonly pidFile: string;
  readonly render: (exports: readonly NfsExport[]) => string;
}

const answerTimeoutMs = 15_000;
const stopGraceMs = 5000;

export const ganeshaFiles = (dir: string) => ({
  config: path.join(dir, 'ganesha.conf'),
  log: path.join(dir, 'ganesha.log'),
  recovery: path.join(dir, 'recovery'),
});

type Files = ReturnType<typeof ganeshaFiles>;

export function ganeshaExporter({ dir, pidFile, render }: GaneshaOptions): Exporter {
  const files = ganeshaFiles(dir);
  const find = () => findProcess(pidFile, files.config);
  /** The process that is known to have read the file as it is. */
  let syncedPid: number | undefined;

  const stop = async (signal: AbortSignal): Promise<void> => {
    if (await runsAsUnit(files.config, signal)) await run(['systemctl', 'stop', nfsUnit], { signal });
    const pid = await find();
    if (pid !== undefined) await endProcess(pid, files.config, stopGraceMs);
  };

  const apply = async (exports: readonly NfsExport[], signal: AbortSignal): Promise<void> => {
    await mkdir(files.recovery, { recursive: true });
    const wanted = render(exports);
    const before = await readOptional(files.config);
    if (before !== wanted) {
      syncedPid = undefined;
      // SIGHUP changes exports only; with another port or address it has to begin anew. Clients wait and come back.
      const hasOtherSettings = before?.startsWith(render([])) !== true;
      if (hasOtherSettings) await stop(signal);
      await writeFileAtomically(files.config, wanted);
    }
    const pid = await find();
    if (pid !== undefined && pid === syncedPid) return;
    // One that is adopted may have missed a change that was written just before its writer died.
    await (pid === undefined ? start(files, pidFile, signal) : reload(files, pid, signal));
    syncedPid = await find();
  };

  const status = async (): Promise<ExporterStatus> => {
    const pid = await find();
    return pid === undefined
      ? { kind: 'stopped', reason: `no ganesha runs with ${files.config}` }
      : { kind: 'running', server: 'ganesha', detail: `process ${pid}` };
  };

  return { name: 'ganesha', apply, status, stop };
}

async function reload(files: Files, pid: number, signal: AbortSignal): Promise<void> {
  const waitFor = await tailLog(files.log);
  sendSignal(pid, 'SIGHUP');
  const alive = () => isAlive(pid, files.config);
  const text = await waitFor('Reread exports complete', { timeoutMs: answerTimeoutMs, signal, isAlive: alive });
  throwRefusals(text, files.log);
}

async function start(files: Files, pidFile: string, signal: AbortSignal): Promise<void> {
  await keepOldLog(files.log);
  const waitFor = await tailLog(files.log);
  const alive = await launch(files, pidFile, signal);
  try {
    const text = await waitFor('NFS SERVER INITIALIZED', { timeoutMs: answerTimeoutMs, signal, isAlive: alive });
    throwRefusals(text, files.log);
  } catch (error) {
    if (!(error instanceof HostError) || !error.message.includes('Error binding to')) throw error;
    throw new HostError('the port of NFS is taken, or its address is not on this machine', {
      cause: error,
      hint: 'Find who has it with "ss -ltnp", for example "systemctl disable --now nfs-server"; or change ports.nfs in cluster.yaml.',
    });
  }
}

/** @returns a question whether it (still) runs */
async function launch(files: Files, pidFile: string, signal: AbortSignal): Promise<() => Promise<boolean>> {
  // That of one that was killed, over whose longer number it would write.
  await rm(pidFile, { force: true });
  if (await runsAsUnit(files.config, signal)) {
    await run(['systemctl', 'restart', nfsUnit], { signal });
    return () => isUnitActive(signal);
  }
  await mkdir(path.dirname(pidFile), { recursive: true });
  const argv = ['-F', '-f', files.config, '-L', files.log, '-p', pidFile];
  // A session of its own: neither Ctrl-C in our terminal nor our end reaches it.
  const child = spawn('ganesha.nfsd', argv, { detached: true, stdio: 'ignore', cwd: '/' });
  try {
    await once(child, 'spawn');
  } catch (error) {
    throw cannotStart('ganesha.nfsd', error as NodeJS.ErrnoException);
  }
  child.unref();
  return () => Promise.resolve(child.exitCode === null && child.signalCode === null);
}

/** What it says about an export that it does not take; the others are served. */
function throwRefusals(text: string, log: string): void {
  const reasons = [...text.matchAll(/ :(?:CONFIG|FSAL|EXPORT) :(?:CRIT|MAJ) :(.+)/g)].map(([, reason]) => reason);
  if (reasons.length === 0) return;
  throw new HostError(`ganesha refuses a part of its configuration\n${reasons.join('\n')}`, { hint: `Read ${log}.` });
}

async function keepOldLog(log: string): Promise<void> {
  try {
    await rename(log, `${log}.old`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

async function readOptional(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
