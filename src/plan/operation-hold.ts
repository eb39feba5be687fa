/** Work on nodes waits while the whole cluster is down: nobody switches on, reboots or gives up what was shut down. */
import type { OperationHold } from '../model/operation.ts';
import type { State } from '../model/state.ts';

type Holds = Pick<State, 'operationHolds'>;

const wholeCluster = 'cluster';

export const holdOf = ({ operationHolds }: Holds): OperationHold | undefined => operationHolds[wholeCluster];

/** Whoever was first holds them. */
export function withHold<T extends Holds>(state: T, hold: OperationHold): T {
  if (holdOf(state) !== undefined) return state;
  return { ...state, operationHolds: { ...state.operationHolds, [wholeCluster]: hold } };
}

export function withoutHold<T extends Holds>(state: T): T {
  const { [wholeCluster]: hold, ...others } = state.operationHolds;
  return hold === undefined ? state : { ...state, operationHolds: others };
}

/** Numbers of all that has not ended; what works for a rollout is told by that. */
export interface OpenWork {
  readonly operations: string[];
  readonly rollouts: string[];
}

const isOpen = ({ endedAtMs }: { readonly endedAtMs?: number | undefined }) => endedAtMs === undefined;

export function openWork({
  operations,
  mungeRotations,
  rollouts,
}: Pick<State, 'operations' | 'mungeRotations' | 'rollouts'>): OpenWork {
  const own = Object.values(operations).filter(({ rollout }) => rollout === undefined);
  return {
    operations: [...own, ...Object.values(mungeRotations)].filter(isOpen).map(({ id }) => id),
    rollouts: Object.values(rollouts)
      .filter(isOpen)
      .map(({ id }) => id),
  };
}

/** What people are told while it lasts; nothing when nothing waits. */
export function holdProblems(state: Holds & Parameters<typeof openWork>[0]): string[] {
  const hold = holdOf(state);
  const { operations, rollouts } = openWork(state);
  const waiting = [...operations.map((id) => `operation ${id}`), ...rollouts.map((id) => `rollout ${id}`)];
  if (hold === undefined || waiting.length === 0) return [];
  const since = new Date(hold.sinceMs).toISOString();
  return [
    `${waiting.join(', ')}: held since ${hold.by} shut the cluster down at ${since}, until "pi-image cluster start"`,
  ];
}
