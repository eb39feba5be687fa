/** Slurm in the demo: is slurmd registered, and does a job run? Asked on the controller, by ssh from the storage node. */
import { setTimeout as sleep } from 'node:timers/promises';

import { run, type Argv } from '../host/process.ts';
import { HostError } from '../model/errors.ts';
import { boardFolder, type RackFolder } from '../rack/folder.ts';
import { argvInRack } from '../rack/launch.ts';

export const head = 'head';
export const worker = 'node01';

export interface DemoVoice {
  readonly tell: (line: string) => void;
  /** A finished step. */
  readonly tellStep: (line: string) => void;
  readonly signal: AbortSignal;
}

const deadlinesMs = { slurm: 8 * 60_000, job: 3 * 60_000, answer: 60_000 } as const;
const pollMs = 1000;

/** Waits for slurmd of the worker, then runs a job there. */
export async function runJob(folder: RackFolder, { tell, tellStep, signal }: DemoVoice): Promise<void> {
  // Registered means idle or allocated: a node that Slurm waits for is down or unknown.
  await waitForSlurm(folder, { is: (state) => /^node01 (?:idle|mixed|allocated)$/m.test(state), signal });
  tellStep(`slurmd of ${worker} is registered`);
  const job = ['ssh', head, `srun -w ${worker} sh -c 'echo $(hostname) $(uname -m)'`] as const;
  const output = await runInRack(folder, job, { deadlineMs: deadlinesMs.job, signal });
  tellStep(`srun on ${worker}, started on ${head}, printed:`);
  tell(output.trimEnd());
  if (output.trim() !== `${worker} aarch64`) {
    throw new HostError(`srun printed "${output.trim()}" instead of "${worker} aarch64"`);
  }
}

export async function waitUntilUnlisted(folder: RackFolder, { tellStep, signal }: DemoVoice): Promise<void> {
  await waitForSlurm(folder, { is: (state) => state.trim() === '', signal });
  tellStep(`Slurm no longer lists ${worker}`);
}

/** @param is what "sinfo" must print about the worker: "node01 idle", or nothing for a node it does not know */
async function waitForSlurm(
  folder: RackFolder,
  { is, signal }: { is: (state: string) => boolean; signal: AbortSignal },
): Promise<void> {
  const deadline = Date.now() + deadlinesMs.slurm;
  let last = '';
  while (Date.now() < deadline) {
    const asked = ['ssh', head, `sinfo -h -n ${worker} -o '%n %T'`] as const;
    const answer = await runInRack(folder, asked, { deadlineMs: deadlinesMs.answer, signal }).catch(
      (error: unknown) => {
        if (signal.aborted) throw error;
        last = error instanceof Error ? error.message : String(error);
        return undefined;
      },
    );
    if (answer !== undefined && is(answer)) return;
    last = answer ?? last;
    await sleep(pollMs, undefined, { signal });
  }
  const consoles = [head, worker].map((name) => boardFolder(folder, name).consoleLog).join(' and ');
  throw new HostError(`slurmctld says of ${worker} after ${deadlinesMs.slurm / 60_000} minutes: "${last.trim()}"`, {
    hint: `The consoles are ${consoles}.`,
  });
}

/** @returns stdout */
export async function runInRack(
  folder: RackFolder,
  argv: Argv,
  { deadlineMs, signal }: { deadlineMs: number; signal: AbortSignal },
): Promise<string> {
  const either = AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)]);
  return run(await argvInRack(folder, argv), { signal: either });
}
