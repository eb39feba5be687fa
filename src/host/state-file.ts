/** state.json: nodes, learned MACs, unknown boards, export ids. boots.json: the boots' timelines. */
import path from 'node:path';

import { BootLog, emptyState, State } from '../model/state.ts';
import { openJsonFile, readJsonFile, type JsonFile } from './json-file.ts';
import { lockState } from './state-lock.ts';

export type StateFile = JsonFile<State>;
export type BootsFile = JsonFile<BootLog>;

const commandWaitMs = 10_000;

const stateOptions = (stateDir: string) => ({
  file: path.join(stateDir, 'state.json'),
  schema: State,
  empty: emptyState,
  mode: 0o644,
});

/** For the service, which holds the lock of the state directory as long as it runs. */
export function openStateFile(stateDir: string): Promise<StateFile> {
  return openJsonFile<State>(stateOptions(stateDir));
}

/** Holds tokens of boots under way: readable by its owner only. */
export function openBootsFile(stateDir: string): Promise<BootsFile> {
  return openJsonFile<BootLog>({
    file: path.join(stateDir, 'boots.json'),
    schema: BootLog,
    empty: { format: 1, boots: [] },
    mode: 0o600,
  });
}

export function readState(stateDir: string): Promise<State> {
  return readJsonFile<State>(stateOptions(stateDir));
}

/** For a command while no service runs; with one, the command asks it instead. */
export async function updateState(
  stateDir: string,
  change: (state: State) => State,
  signal: AbortSignal,
): Promise<State> {
  const lock = await lockState(stateDir, { purpose: 'command', waitMs: commandWaitMs, signal });
  try {
    const file = await openStateFile(stateDir);
    await file.update(change);
    return file.current();
  } finally {
    await lock.release();
  }
}
