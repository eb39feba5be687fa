/** Operations as people read them: a line each, or a line per node. */
import type {
  AnyOperation,
  AnyShownOperation,
  ListedOperation,
  OperationCounts,
  ShownOperation,
} from '../api/schemas/operation.ts';
import { renderAge, renderDuration } from '../model/duration.ts';
import { holdBoot } from '../model/generation-pin.ts';
import { compressHostlist } from '../plan/hostlist.ts';
import { buildChanges, describeBuild, renderBuild, renderBuildCounts } from './build-text.ts';
import { renderFacts, renderTable, type Listing } from './output.ts';
import { describeRotation, renderRotation, renderRotationCounts, rotationChanges } from './rotation-text.ts';

export const operationListing = (nowMs: number): Listing<AnyOperation> => ({
  columns: [
    { title: 'id', of: ({ id }) => id },
    { title: 'what', of: describeOperation },
    { title: 'state', of: ({ state }) => state },
    {
      title: 'nodes',
      of: countsOf,
    },
    { title: 'by', of: ({ by }) => by },
    { title: 'begun', of: ({ startedAtMs }) => renderAge(nowMs - startedAtMs) },
    { title: 'took', of: ({ startedAtMs, endedAtMs }) => endedAtMs && renderAge(endedAtMs - startedAtMs) },
  ],
  name: ({ id }) => id,
  empty: 'there was no operation yet; "pi-image node role NODES ROLE --drain wait" begins one',
});

function countsOf(operation: AnyOperation): string {
  if (operation.kind === 'image-build') return renderBuildCounts(operation.counts);
  return operation.kind === 'munge-rotation' ? renderRotationCounts(operation.counts) : renderCounts(operation.counts);
}

function describeOperation(operation: AnyOperation): string {
  if (operation.kind === 'image-build') return describeBuild(operation);
  return operation.kind === 'munge-rotation' ? describeRotation(operation) : describeRoleChange(operation);
}

const describeRoleChange = (operation: ListedOperation) =>
  `${describeWork(operation)} for ${compressHostlist(operation.nodes)}`;

/** Of a wave of a rollout, what its nodes boot. */
const describeWork = ({ role, rollout }: Pick<ShownOperation, 'role' | 'rollout'>): string =>
  rollout === undefined
    ? `role ${role}`
    : `rollout ${rollout.id}${rollout.way === 'back' ? ' back' : ''}: ${rollout.to}`;

/** `3 done, 1 running, 4 waiting` */
function renderCounts(counts: OperationCounts): string {
  const order = ['done', 'fell-back', 'failed', 'kept', 'skipped', 'running', 'waiting'] as const;
  return order.flatMap((name) => (counts[name] > 0 ? [`${counts[name]} ${name}`] : [])).join(', ');
}

type ShownNode = ShownOperation['nodes'][number];

export function renderOperation(operation: AnyShownOperation, nowMs: number): string {
  if (operation.kind === 'image-build') return renderBuild(operation, nowMs);
  return operation.kind === 'munge-rotation' ? renderRotation(operation, nowMs) : renderRoleChange(operation, nowMs);
}

function renderRoleChange(operation: ShownOperation, nowMs: number): string {
  const { id, by, state, reason, drain, drainDeadlineMs, maxUnavailable, counts, nodes } = operation;
  const endMs = operation.endedAtMs ?? nowMs;
  const facts = renderFacts([
    ['operation', id],
    ['what', `${describeWork(operation)} for ${compressHostlist(nodes.map(({ node }) => node))}`],
    ['state', state],
    ['why', reason],
    ['nodes', renderCounts(counts)],
    ['jobs', drain === 'requeue' ? 'requeue' : `${drain}, ${renderDuration(drainDeadlineMs)}`],
    ['at once', maxUnavailable],
    ['by', by],
    ['took', renderAge(endMs - operation.startedAtMs)],
  ]);
  const table = renderTable(nodes, [
    { title: 'node', of: ({ node }) => node },
    { title: 'step', of: (node) => node.result ?? node.steps.at(-1)?.step ?? 'waiting' },
    { title: 'since', of: (node) => sinceOf(node, nowMs) },
    { title: 'told', of: toldOf },
  ]);
  const hints = [...new Set(nodes.flatMap(({ hint }) => hint ?? []))].map((hint) => `hint: ${hint}\n`);
  const held = nodes.filter(({ heldAt }) => heldAt !== undefined && heldAt !== holdBoot).map(({ node }) => node);
  if (held.length > 0) hints.push(`hint: ${releaseHint(held)}\n`);
  return `${facts}\n${table}${hints.join('')}${renderLog(nodes)}`;
}

/** What was done with which node, oldest first. */
function renderLog(nodes: readonly ShownNode[]): string {
  const steps = nodes.flatMap(({ node, steps: own }) => own.map((step) => ({ node, ...step })));
  if (steps.length === 0) return '';
  const table = renderTable(
    steps.toSorted((one, other) => one.startedAtMs - other.startedAtMs),
    [
      { title: 'began', of: ({ startedAtMs }) => new Date(startedAtMs).toISOString().replace(/\.\d+Z$/, 'Z') },
      { title: 'node', of: ({ node }) => node },
      { title: 'step', of: ({ step }) => step },
      { title: 'took', of: ({ startedAtMs, endedAtMs }) => endedAtMs && renderAge(endedAtMs - startedAtMs) },
      { title: 'outcome', of: ({ outcome }) => outcome ?? 'goes on' },
      { title: 'why', of: ({ detail }) => detail },
    ],
  );
  return `\n${table}`;
}

function sinceOf({ steps }: ShownNode, nowMs: number): string | undefined {
  const last = steps.at(-1);
  return last && renderAge(nowMs - (last.endedAtMs ?? last.startedAtMs));
}

/** Its role says something newer, which nobody has proved. */
const releaseHint = (nodes: readonly string[]): string =>
  `${compressHostlist(nodes)} boots what ran there before. What its role says now: "pi-image rollback ${nodes[0]} --newest".`;

function toldOf({ result, cause, steps, heldAt }: ShownNode): string | undefined {
  if (result === undefined) return steps.at(-1)?.detail;
  const told = cause ?? steps.at(-1)?.detail;
  if (heldAt === undefined) return told;
  return `${told ?? result}; ${heldAt === holdBoot ? 'it has the hold boot' : `held at generation ${heldAt.slice(0, 12)}`}`;
}

/** What is new since `before`: a line for each step that began, and for each end. */
export function operationChanges(before: AnyShownOperation | undefined, now: AnyShownOperation): string[] {
  // One number, one kind: `before` is of that of `now`.
  if (now.kind === 'image-build') return buildChanges(before?.kind === now.kind ? before : undefined, now);
  if (now.kind === 'munge-rotation') return rotationChanges(before?.kind === now.kind ? before : undefined, now);
  return roleChanges(before !== undefined && 'drain' in before ? before : undefined, now);
}

function roleChanges(before: ShownOperation | undefined, now: ShownOperation): string[] {
  const known = new Map(before?.nodes.map((node) => [node.node, describeNode(node)]));
  const nodes = now.nodes.filter(({ steps, result }) => steps.length > 0 || result !== undefined);
  const lines = nodes.flatMap((node) => (known.get(node.node) === describeNode(node) ? [] : [describeNode(node)]));
  const isOver = now.endedAtMs !== undefined && before?.endedAtMs === undefined;
  return isOver ? [...lines, `operation ${now.id}: ${describeEnd(now)}`] : lines;
}

function describeNode(node: ShownNode): string {
  const told = toldOf(node);
  return `${node.node}: ${node.result ?? node.steps.at(-1)?.step ?? 'waiting'}${told === undefined ? '' : `: ${told}`}`;
}

export const describeEnd = ({ state, reason }: Pick<AnyShownOperation, 'state' | 'reason'>): string =>
  reason === undefined ? state : `${state}: ${reason}`;
