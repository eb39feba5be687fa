/** The next thing to do for a rollout. Asked again after each piece of news; it remembers nothing. */
import type { OperationNode } from '../model/operation.ts';
import type { Rollout, RolloutCheck, RolloutNode } from '../model/rollout.ts';
import { compressHostlist } from './hostlist.ts';
import type { OperationWithNodes } from './operation-list.ts';
import { judgeNode, judgeWave, type NodeGate } from './rollout-gates.ts';

export type CheckState =
  { readonly kind: 'running' } | { readonly kind: 'passed' } | { readonly kind: 'failed'; readonly reason: string };

export interface RolloutFacts {
  readonly nowMs: number;
  /** Since when this service looks: what was well while there was none, nobody has seen. */
  readonly lookingSinceMs: number;
  /** undefined: it was forgotten, long after it had ended. */
  readonly operation: OperationWithNodes | undefined;
  /** By name; one that was removed is missing. */
  readonly gates: ReadonlyMap<string, NodeGate>;
  /** Of the wave that goes on, by name of the check; one that was not begun is missing. */
  readonly checks: ReadonlyMap<string, CheckState>;
}

export type RolloutMove =
  | { readonly kind: 'wait'; readonly detail: string }
  /** The operation has ended: how its nodes did is written down, and the gates begin. */
  | { readonly kind: 'collect' }
  /** Harmless when it is done twice. */
  | { readonly kind: 'check'; readonly check: RolloutCheck }
  | { readonly kind: 'wave'; readonly wave: number }
  | { readonly kind: 'pause'; readonly reason: string }
  | { readonly kind: 'abort'; readonly reason: string }
  /** Those that have the new version get back what they had. */
  | { readonly kind: 'back' }
  | { readonly kind: 'end'; readonly state: 'done' | 'rolled-back' | 'failed'; readonly reason: string | undefined };

const wait = (detail: string): RolloutMove => ({ kind: 'wait', detail });

export function nextRolloutMove(rollout: Rollout, facts: RolloutFacts): RolloutMove {
  const { operation } = facts;
  const isBack = operation?.operation.rollout?.way === 'back';
  if (operation !== undefined && operation.operation.endedAtMs === undefined) {
    return wait(isBack ? 'nodes get back what they had' : `${waveName(rollout.wave)} goes on`);
  }
  if (rollout.gatesSinceMs === undefined) return { kind: 'collect' };
  if (rollout.state === 'aborting') return isBack ? endBack(rollout) : backOrEnd(rollout);
  return failedMove(rollout) ?? wavesMove(rollout, facts, rollout.gatesSinceMs);
}

const waveName = (wave: number): string => (wave === 0 ? 'the canary' : `wave ${wave}`);

/** It may have the new version, or try to boot it. */
export const mayHaveIt = ({ result }: RolloutNode): boolean => result === 'done' || result === 'failed';

function backOrEnd(rollout: Rollout): RolloutMove {
  return rollout.nodes.some(mayHaveIt) ? { kind: 'back' } : endBack(rollout);
}

function endBack({ nodes, reason }: Rollout): RolloutMove {
  const lost = nodes.filter(({ result }) => result === 'failed').map(({ node }) => node);
  if (lost.length === 0) return { kind: 'end', state: 'rolled-back', reason };
  const names = compressHostlist(lost);
  return { kind: 'end', state: 'failed', reason: `${reason ?? 'aborted'}; ${names} did not come back either` };
}

const isFailed = ({ result }: RolloutNode) => result === 'failed' || result === 'fell-back';

/** Also while it is paused: what does not come up is not left standing. */
function failedMove({ nodes, maxFailed }: Rollout): RolloutMove | undefined {
  const failed = nodes.filter(isFailed);
  const [first] = failed;
  if (first === undefined) return undefined;
  if (!failed.some(({ wave }) => wave === 0) && failed.length <= maxFailed) return undefined;
  const names = compressHostlist(failed.map(({ node }) => node));
  return { kind: 'abort', reason: `${names}: ${first.cause ?? 'did not come up'}` };
}

function wavesMove(rollout: Rollout, facts: RolloutFacts, sinceMs: number): RolloutMove {
  const { wave, nodes, state } = rollout;
  const own = nodes.filter((node) => node.wave === wave);
  const done = own.filter(({ result }) => result === 'done');
  const judged = done.flatMap(({ node }) => {
    const gate = facts.gates.get(node);
    return gate === undefined ? [] : [{ node, verdict: judgeNode(gate, rollout.gates) }];
  });
  // Paused for a night, a node that reboots is not late.
  const spentMs = state === 'paused' ? 0 : facts.nowMs - Math.max(sinceMs, facts.lookingSinceMs);
  const verdict = judgeWave(judged, rollout.gates, spentMs);
  if (verdict.kind === 'broken') return { kind: 'abort', reason: verdict.reason };
  if (state === 'paused') return wait(rollout.reason ?? 'it is paused');
  // Told to try those again that had kept the old one.
  if (own.some(({ result }) => result === undefined)) return { kind: 'wave', wave };
  // Those that failed are no more than may.
  if (own.every((node) => node.result === 'skipped' || isFailed(node))) return nextWave(rollout);
  if (done.length === 0) return nobodyHasIt(rollout);
  if (verdict.kind === 'unclear') return { kind: 'pause', reason: verdict.reason };
  if (verdict.kind === 'not-yet') return wait(`${waveName(wave)}: ${verdict.reason}`);
  return checksMove(rollout, facts) ?? nextWave(rollout);
}

/** A wave that nobody took proves nothing. */
function nobodyHasIt({ wave, nodes }: Rollout): RolloutMove {
  const first = nodes.find((node) => node.wave === wave);
  const cause =
    first === undefined ? 'it has no nodes' : `${first.node}: ${first.cause ?? first.result ?? 'not begun'}`;
  return { kind: 'pause', reason: `no node of ${waveName(wave)} took it: ${cause}` };
}

/** One after the other: the first that fails ends it. */
function checksMove({ gates, wave }: Rollout, { checks }: RolloutFacts): RolloutMove | undefined {
  for (const check of gates.checks) {
    const state = checks.get(check.name);
    if (state === undefined) return { kind: 'check', check };
    if (state.kind === 'running') return wait(`${waveName(wave)}: the check ${check.name} runs`);
    if (state.kind === 'failed') return { kind: 'abort', reason: `the check ${check.name}: ${state.reason}` };
  }
  return undefined;
}

function nextWave({ nodes, wave }: Rollout): RolloutMove {
  if (nodes.some((node) => node.wave > wave)) return { kind: 'wave', wave: wave + 1 };
  const failed = nodes.filter(isFailed).map(({ node }) => node);
  const reason = failed.length === 0 ? undefined : `${compressHostlist(failed)} did not come up`;
  return { kind: 'end', state: 'done', reason };
}

/** How a node of the rollout stands after an operation. */
export function collectNode(node: RolloutNode, ended: OperationNode | undefined, way: 'forward' | 'back'): RolloutNode {
  if (ended === undefined) return node;
  const result = ended.result ?? 'skipped';
  if (way === 'forward') return withResult(node, result, ended.cause);
  if (result === 'done') return withResult(node, 'rolled-back', node.cause);
  // It has jobs on the new version; its next boot is the old one.
  if (result === 'kept') return withResult(node, 'kept', ended.cause);
  return withResult(node, 'failed', ended.cause ?? node.cause);
}

function withResult(node: RolloutNode, result: RolloutNode['result'], cause: string | undefined): RolloutNode {
  const { cause: _before, ...rest } = node;
  return { ...rest, result, ...(cause !== undefined && { cause }) };
}
