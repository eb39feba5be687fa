/** What is still to be switched on: written down before a port goes off, cleared when it is known to be on. */
import { portKey, type PowerEntry, type PowerJournal, type PowerPort } from '../model/power.ts';
import type { State } from '../model/state.ts';

/** An `off` is not written down: no restart may switch a board off. */
export function begin(state: State, entries: readonly PowerEntry[]): State {
  if (entries.length === 0) return state;
  const added = Object.fromEntries(entries.map((entry) => [portKey(entry), entry]));
  return { ...state, powerJournal: { ...state.powerJournal, ...added } };
}

export function clear(state: State, port: PowerPort): State {
  const key = portKey(port);
  if (state.powerJournal[key] === undefined) return state;
  const { [key]: _done, ...powerJournal } = state.powerJournal;
  return { ...state, powerJournal };
}

/** Oldest first; those of switches that are no more are nobody's to finish. */
export function open(
  journal: PowerJournal,
  switches: Readonly<Record<string, unknown>>,
): { readonly entries: PowerEntry[]; readonly lost: PowerEntry[] } {
  const all = Object.values(journal).toSorted((one, other) => one.askedMs - other.askedMs);
  return {
    entries: all.filter((entry) => Object.hasOwn(switches, entry.switch)),
    lost: all.filter((entry) => !Object.hasOwn(switches, entry.switch)),
  };
}
