/** Holds the work on nodes while the whole cluster is down, and lets it go on: written down, for services to come. */
import type { ChangeOptions } from '../model/change.ts';
import type { NewEvent } from '../model/event.ts';
import { holdOf, openWork, withHold, withoutHold, type OpenWork } from '../plan/operation-hold.ts';
import { commit, type Fleet } from './fleet.ts';

export interface HeldWork extends OpenWork {
  readonly dryRun: boolean;
}

type HoldFleet = Pick<Fleet, 'state'>;

export async function holdOperations(
  { by, dryRun }: ChangeOptions,
  fleet: HoldFleet,
  now: () => number,
): Promise<HeldWork> {
  const { answer } = await commit(
    fleet,
    (before) => {
      const state = withHold(before, { by, sinceMs: now() });
      const events: NewEvent[] = state === before ? [] : [{ kind: 'operations.held', fields: { by } }];
      return { state, events, answer: { dryRun, ...openWork(before) } };
    },
    { dryRun },
  );
  return answer;
}

/** @returns what goes on; nothing where nothing was held */
export async function releaseOperations({ by, dryRun }: ChangeOptions, fleet: HoldFleet): Promise<HeldWork> {
  const { answer } = await commit(
    fleet,
    (before) => {
      const wasHeld = holdOf(before) !== undefined;
      const events: NewEvent[] = wasHeld ? [{ kind: 'operations.released', fields: { by } }] : [];
      const work = wasHeld ? openWork(before) : { operations: [], rollouts: [] };
      return { state: withoutHold(before), events, answer: { dryRun, ...work } };
    },
    { dryRun },
  );
  return answer;
}
