/** What is known of a cluster that gets another munge key, and what may be done next. */
import type { MungeRotation, MungeStep, MungeStepName } from '../model/munge-rotation.ts';
import type { HeldKey } from './munge-key.ts';

/** `unknown`: the controller could not be asked; `none`: the cluster has no controller. */
export type PartitionFacts =
  | { readonly kind: 'none' }
  | { readonly kind: 'unknown'; readonly reason: string }
  /** By name: `UP`, `DOWN`, `DRAIN`, `INACTIVE`. */
  | { readonly kind: 'known'; readonly states: ReadonlyMap<string, string> };

/** A node that holds the key. */
export interface HolderFacts {
  readonly node: string;
  readonly isController: boolean;
  /** It is heard, as far as is known. */
  readonly isRunning: boolean;
  readonly holds: HeldKey;
}

export interface RotationFacts {
  readonly nowMs: number;
  readonly partitions: PartitionFacts;
  /** Which of both keys nodes are given. */
  readonly given: 'old' | 'new';
  readonly holders: readonly HolderFacts[];
}

type MungeAct = 'close' | 'push' | 'push-back' | 'open';

export type MungeMove =
  /** Nothing to do but to look again. */
  | { readonly kind: 'wait'; readonly detail: string }
  /** Harmless when it is done twice. */
  | {
      readonly kind: 'act';
      readonly act: MungeAct;
      readonly detail: string;
      /** Of `close` and `open`. */
      readonly partitions: readonly string[];
    }
  | MungeStepEnd;

/** `next` begins in the same breath. */
export type MungeStepEnd =
  | (MungeEnding & { readonly kind: 'next'; readonly next: MungeStepName })
  | (MungeEnding & { readonly kind: 'end'; readonly state: 'done' | 'failed' | 'cancelled' });

interface MungeEnding {
  readonly outcome: NonNullable<MungeStep['outcome']>;
  readonly detail?: string | undefined;
  /** Why it goes back, or did not end as it should. */
  readonly reason?: string | undefined;
  readonly hint?: string | undefined;
}

/** A rotation in the middle of a step. */
export interface MungeAt {
  readonly rotation: MungeRotation;
  readonly facts: RotationFacts;
  /** In this step. */
  readonly spentMs: number;
}
