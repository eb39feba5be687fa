/** Rollouts as the state keeps them: their numbers, which are forgotten, and which one has a role. */
import { RefusedError } from '../model/errors.ts';
import type { Rollout } from '../model/rollout.ts';
import type { State } from '../model/state.ts';

type Rollouts = Pick<State, 'rollouts'>;

/** The newest one is always kept, so no number is given twice. */
export function nextRolloutId({ rollouts }: Rollouts): string {
  return String(Math.max(0, ...Object.keys(rollouts).map(Number)) + 1);
}

/** So many that have ended are kept to look back at. */
const keptRollouts = 50;

/** The same object when there is nothing to forget. */
export function forgetRollouts(state: State): State {
  const ended = listRollouts(state).filter(({ endedAtMs }) => endedAtMs !== undefined);
  if (ended.length <= keptRollouts) return state;
  const gone = new Set(ended.slice(keptRollouts).map(({ id }) => id));
  const kept = Object.entries(state.rollouts).filter(([id]) => !gone.has(id));
  return { ...state, rollouts: Object.fromEntries(kept) };
}

/** Newest first. */
export function listRollouts({ rollouts }: Rollouts): Rollout[] {
  return Object.values(rollouts).toSorted((one, other) => Number(other.id) - Number(one.id));
}

/** What nodes of a role boot is the rollout's to say as long as it goes on. @throws RefusedError */
export function requireNoRollout(role: string, state: Rollouts): void {
  const open = listRollouts(state).find(({ endedAtMs, target }) => endedAtMs === undefined && target.role === role);
  if (open === undefined) return;
  throw new RefusedError(`rollout ${open.id} changes what ${role} boots`, {
    hint: `Wait for it, "pi-image rollout watch ${open.id}", or take it back: "pi-image rollout abort ${open.id}".`,
  });
}
