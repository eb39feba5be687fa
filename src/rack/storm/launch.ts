/** The outside of a storm: its process tree in namespaces of its own, ended with this process whatever ends it. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

import { cannotStart, type Argv } from '../../host/process.ts';
import { HostError } from '../../model/errors.ts';
import { isolatedArgv } from '../launch.ts';
import type { StormEvent, StormResult } from './inside.ts';

export interface LaunchStormOptions {
  /** `pi-image rack storm-inside SPEC` */
  readonly insideArgv: Argv;
  readonly tell: (event: StormEvent) => void;
  readonly signal: AbortSignal;
}

const stderrTailLines = 20;

export async function launchStorm({ insideArgv, tell, signal }: LaunchStormOptions): Promise<StormResult> {
  signal.throwIfAborted();
  const [program, ...args] = isolatedArgv(insideArgv, true);
  // A group of its own: Ctrl-C reaches us alone. SIGKILL: `unshare` blocks the gentler signals, and nothing has to be saved.
  const child = spawn(program, args, {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    signal,
    killSignal: 'SIGKILL',
  });
  const stderr: string[] = [];
  let result: StormResult | undefined;
  createInterface(child.stdout).on('line', (line) => {
    if (!line.startsWith('{')) return;
    const event = JSON.parse(line) as StormEvent;
    if (event.event === 'result') result = event.result;
    tell(event);
  });
  createInterface(child.stderr).on('line', (line) => {
    stderr.push(line);
    if (stderr.length > stderrTailLines) stderr.shift();
  });
  const end = await new Promise<Error | undefined>((resolve) => {
    child.once('error', (error) => resolve(signal.aborted ? (signal.reason as Error) : cannotStart(program, error)));
    child.once('close', () => resolve(undefined));
  });
  if (signal.aborted) throw signal.reason as Error;
  if (end !== undefined) throw end;
  if (result === undefined) throw new HostError(`the storm ended without a result:\n${stderr.join('\n')}`);
  return result;
}
