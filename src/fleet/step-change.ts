/** What the end of a step of an operation changes in the state beside the journal. */
import type { NewEvent } from '../model/event.ts';
import type { Operation } from '../model/operation.ts';
import type { State } from '../model/state.ts';
import type { Fleet } from './fleet.ts';

export type StepChange =
  | { readonly kind: 'change'; readonly apply: (state: State) => State; readonly events: readonly NewEvent[] }
  /** Since the operation began something has changed that forbids it. */
  | { readonly kind: 'refused'; readonly reason: string };

/** What it is decided on. */
export interface StepFacts {
  readonly operation: Operation;
  readonly fleet: Pick<Fleet, 'state' | 'viewOf' | 'running'>;
  readonly nowMs: number;
}
