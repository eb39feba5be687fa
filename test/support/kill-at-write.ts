/** A service that is killed at one write of its state, counted from 0. */
import type { StateFile } from '../../src/host/state-file.ts';

interface Kill {
  readonly place: number;
  /** `before`: the disk has nothing of it. `after`: it has it, and nobody was told. */
  readonly when: 'before' | 'after';
}

/** @returns false when it ended before that write */
export async function runUntilKilled(
  state: StateFile,
  { place, when }: Kill,
  run: (state: StateFile) => Promise<unknown>,
): Promise<boolean> {
  let writes = 0;
  const update: StateFile['update'] = async (...args) => {
    writes += 1;
    if (writes - 1 !== place) return state.update(...args);
    if (when === 'after') await state.update(...args);
    throw new Error('killed');
  };
  await run({ ...state, update }).catch(() => undefined);
  return writes > place;
}
