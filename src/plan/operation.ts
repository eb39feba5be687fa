/** An operation as a whole: whose turn is it, must it stop, has it ended? And its journal, step by step. */
import type { Operation, OperationNode, OperationStep } from '../model/operation.ts';
import { compressHostlist } from './hostlist.ts';
import type { Move } from './operation-move.ts';

export type Progress =
  | { readonly kind: 'goes-on'; readonly begin: readonly string[] }
  | { readonly kind: 'stop'; readonly reason: string }
  | { readonly kind: 'end'; readonly state: 'done' | 'failed' | 'cancelled'; readonly reason: string | undefined };

/** What fails on so many of them is not the fault of a board. */
const tolerated = 0.2;

export function progressOf(operation: Operation, nodes: readonly OperationNode[]): Progress {
  const failed = nodes.filter(({ result }) => result === 'failed' || result === 'fell-back');
  const active = nodes.filter(isActive);
  const waiting = nodes.filter(({ steps, result }) => steps.length === 0 && result === undefined);
  const most = operation.maxFailed ?? nodes.length * tolerated;
  if (operation.state === 'running' && waiting.length > 0 && failed.length > most) {
    const names = compressHostlist(failed.map(({ node }) => node));
    return { kind: 'stop', reason: `${failed.length} of ${nodes.length} nodes did not come up: ${names}` };
  }
  if (active.length === 0 && waiting.length === 0) return endOf(operation, nodes, failed);
  const free = operation.isHeld === true ? 0 : Math.max(0, operation.maxUnavailable - active.length);
  return { kind: 'goes-on', begin: waiting.slice(0, free).map(({ node }) => node) };
}

export function isActive({ steps, result }: OperationNode): boolean {
  return steps.length > 0 && result === undefined;
}

function endOf(operation: Operation, nodes: readonly OperationNode[], failed: readonly OperationNode[]): Progress {
  if (failed.length > 0) {
    const names = compressHostlist(failed.map(({ node }) => node));
    return { kind: 'end', state: 'failed', reason: `${names}: ${failed[0]?.cause ?? 'did not come up'}` };
  }
  if (operation.state === 'stopping') return { kind: 'end', state: 'cancelled', reason: operation.reason };
  const kept = nodes.find(({ result }) => result === 'kept');
  return kept === undefined
    ? { kind: 'end', state: 'done', reason: undefined }
    : { kind: 'end', state: 'failed', reason: `${kept.node}: ${kept.cause ?? 'was kept as it was'}` };
}

export function beginNode(node: OperationNode, nowMs: number): OperationNode {
  return { ...node, steps: [{ step: 'drain', startedAtMs: nowMs }] };
}

/** Those whose turn has not come yet. */
export function skipNode(node: OperationNode): OperationNode {
  return node.steps.length === 0 && node.result === undefined ? { ...node, result: 'skipped' } : node;
}

/** It was never begun, or given up before anything of it was changed. */
export const resumable = ({ result }: OperationNode): boolean => result === 'skipped' || result === 'kept';

/** As if it had begun with what is left: what has failed is counted no more. */
export function resumed(operation: Operation, nodes: readonly OperationNode[]): Operation {
  const { endedAtMs: _ended, reason: _reason, ...rest } = operation;
  const failed = nodes.filter(({ result }) => result === 'failed' || result === 'fell-back').length;
  const maxFailed = failed + Math.floor(nodes.filter(resumable).length * tolerated);
  return { ...rest, maxFailed, state: 'running' };
}

/** The same object when there is nothing to write down. */
export function applyMove(node: OperationNode, move: Move, nowMs: number): OperationNode {
  const current = node.steps.at(-1);
  if (current === undefined) return node;
  if (move.kind === 'wait' || move.kind === 'act') {
    return current.detail === move.detail ? node : withLast(node, { ...current, detail: move.detail });
  }
  const { detail: _before, ...rest } = current;
  const { outcome, detail, cause, hint } = move;
  const ended = { ...rest, endedAtMs: nowMs, outcome, ...(detail !== undefined && { detail }) };
  const known = { ...(cause !== undefined && { cause }), ...(hint !== undefined && { hint }) };
  const after = { ...withLast(node, ended), ...known };
  if (move.kind === 'end') return { ...after, result: move.result };
  const next = { step: move.next, startedAtMs: nowMs };
  return { ...after, ...(move.staysDrained === true && { staysDrained: true }), steps: [...after.steps, next] };
}

function withLast(node: OperationNode, last: OperationStep): OperationNode {
  return { ...node, steps: [...node.steps.slice(0, -1), last] };
}
