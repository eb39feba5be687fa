/** What the end of a step of an operation changes in the state beside the journal. */
import type { NewEvent } from '../model/event.ts';
import type { KeptGeneration } from '../model/generation-pin.ts';
import type { Operation, OperationNode } from '../model/operation.ts';
import type { State } from '../model/state.ts';
import type { Fleet } from './fleet.ts';

export type StepChange =
  | {
      readonly kind: 'change';
      readonly apply: (state: State) => State;
      readonly events: readonly NewEvent[];
      /** What the journal of the node says of it. */
      readonly journal?: Partial<Pick<OperationNode, 'before' | 'pinBefore' | 'heldAt'>>;
      readonly detail?: string;
    }
  /** Since the operation began something has changed that forbids it. */
  | { readonly kind: 'refused'; readonly reason: string };

/** What it is decided on. */
export interface StepFacts {
  readonly operation: Operation;
  readonly fleet: Pick<Fleet, 'state' | 'viewOf' | 'running'>;
  /** What its old role came up with last. */
  readonly lastGood: KeptGeneration | undefined;
  readonly nowMs: number;
}
