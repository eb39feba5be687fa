/** Runs a program of the administrator that judges something: 0 is well. */
import { HostError } from '../model/errors.ts';
import { run, type Argv } from './process.ts';

export interface CheckRun {
  readonly argv: readonly string[];
  readonly deadlineMs: number;
  /** Added to its environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/** @throws HostError with the end of what it said when it fails, or does not end in time */
export async function runCheck({ argv, deadlineMs, env, signal }: CheckRun): Promise<void> {
  const deadline = AbortSignal.timeout(deadlineMs);
  const [program = '', ...args] = argv;
  const whole: Argv = [program, ...args];
  try {
    await run(whole, { env, signal: AbortSignal.any([signal, deadline]) });
  } catch (error) {
    signal.throwIfAborted();
    if (!deadline.aborted) throw error;
    throw new HostError(`"${program}" did not end within ${deadlineMs / 1000} s`, {
      hint: 'Try it by hand; "timeout" of the check in cluster.yaml gives it longer.',
    });
  }
}
