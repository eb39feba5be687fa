/** The state for commands: read at any time, changed under the lock while no service runs. */
import type { NewEvent } from '../model/event.ts';
import type { BootLog, State } from '../model/state.ts';
import { openDatabase, readStoredBoots, readStoredState, type Database } from './database/open.ts';
import type { StoredValue } from './database/stored-value.ts';
import { lockState } from './state-lock.ts';

export type StateFile = StoredValue<State>;
export type BootsFile = StoredValue<BootLog>;

/** Commands wait in a row: one takes some tenths of a second. */
const commandWaitMs = 30_000;

/** As of the last commit, whoever writes. */
export function readState(stateDir: string): Promise<State> {
  return readStoredState(stateDir);
}

/** As above. */
export function readBoots(stateDir: string): Promise<BootLog> {
  return readStoredBoots(stateDir);
}

/** For a command while no service runs; with one, the command asks it instead. */
export async function updateState(
  stateDir: string,
  change: (state: State) => State,
  signal: AbortSignal,
  events?: readonly NewEvent[],
): Promise<State> {
  return withDatabase(stateDir, signal, async ({ state }) => {
    await state.update(change, events);
    return state.current();
  });
}

/** The whole database under the lock, for a command while no service runs. */
export async function withDatabase<T>(
  stateDir: string,
  signal: AbortSignal,
  use: (database: Database) => Promise<T>,
): Promise<T> {
  const lock = await lockState(stateDir, { purpose: 'command', waitMs: commandWaitMs, signal });
  try {
    const database = await openDatabase(stateDir);
    try {
      return await use(database);
    } finally {
      await database.close();
    }
  } finally {
    await lock.release();
  }
}
