/** What is known of a node that an operation works on, and what may be done next. */
import type { Boot } from '../model/boot.ts';
import type { KeptGeneration } from '../model/generation-pin.ts';
import type { NodeStatus } from '../model/node-status.ts';
import type { Operation, OperationNode, OperationStep, OperationStepName } from '../model/operation.ts';
import type { RebootDecision } from './role-change-running.ts';
import type { SlurmNodeState } from './slurm-state.ts';

export interface OperationFacts {
  readonly nowMs: number;
  /** Since when this service looks: of what came before, it may have seen nothing. */
  readonly lookingSinceMs: number;
  readonly status: Pick<NodeStatus, 'state' | 'desired' | 'running' | 'reason'>;
  /** Its newest boot. */
  readonly lastBoot: Boot | undefined;
  /** Its boots since the operation has begun, oldest first. */
  readonly boots: readonly Boot[];
  readonly reboot: RebootDecision;
  /** A board that does not run can be switched off and on. */
  readonly isSwitched: boolean;
  /** Why it could not be told to reboot. */
  readonly rebootFailed: { readonly reason: string; readonly hint: string | undefined } | undefined;
  /** Of the role that it is to boot now. */
  readonly bootDeadlineMs: number;
  /** What its old role came up with last, and can be booted again. */
  readonly lastGood: KeptGeneration | undefined;
  /** It asks from there what to do. */
  readonly isInHoldBoot: boolean;
  /** Whether its old and its new role run slurmd. */
  readonly wasCompute: boolean;
  readonly isCompute: boolean;
  readonly slurm: SlurmFacts;
}

/** `unknown`: the controller could not be asked; `none`: the cluster has no Slurm. */
export type SlurmFacts =
  | { readonly kind: 'none' }
  | { readonly kind: 'unknown'; readonly reason: string }
  /** undefined: Slurm does not know it. */
  | { readonly kind: 'known'; readonly node: SlurmNodeState | undefined };

/** What Slurm is told of a node. */
export type SlurmAct = 'drain' | 'requeue-jobs' | 'cancel-jobs' | 'resume';
export type OperationAct = SlurmAct | 'reboot';

export type Move =
  /** Nothing to do but to look again. */
  | { readonly kind: 'wait'; readonly detail: string }
  /** Harmless when it is done twice. */
  | { readonly kind: 'act'; readonly act: OperationAct; readonly detail: string }
  | StepEnd;

/** `next` begins in the same breath. */
export type StepEnd =
  | (Ending & { readonly kind: 'next'; readonly next: OperationStepName; readonly staysDrained?: boolean })
  | (Ending & { readonly kind: 'end'; readonly result: NonNullable<OperationNode['result']> });

interface Ending {
  readonly outcome: NonNullable<OperationStep['outcome']>;
  readonly detail?: string | undefined;
  /** Why the node did not become what it was to be. */
  readonly cause?: string | undefined;
  readonly hint?: string | undefined;
}

/** A node in the middle of a step. */
export interface At {
  readonly node: OperationNode;
  readonly operation: Operation;
  readonly facts: OperationFacts;
  readonly sinceMs: number;
  /** In this step. */
  readonly spentMs: number;
  /** Of that, what this service has seen: a node may have come up while there was none. */
  readonly watchedMs: number;
}

export const wait = (detail: string): Move => ({ kind: 'wait', detail });
