/** Another munge key as people read how it goes. */
import type { ListedRotation, ShownRotation } from '../api/schemas/rotation.ts';
import { renderAge } from '../model/duration.ts';
import { mungeNodeStates } from '../model/munge-rotation.ts';
import { compressHostlist } from '../plan/hostlist.ts';
import { renderFacts, renderTable } from './output.ts';

export const describeRotation = ({ secret, nodes }: Pick<ListedRotation, 'secret' | 'nodes'>): string =>
  `another ${secret} for ${compressHostlist(nodes)}`;

/** `3 restarted, 1 waiting` */
export function renderRotationCounts(counts: ListedRotation['counts']): string {
  return mungeNodeStates.flatMap((name) => (counts[name] > 0 ? [`${counts[name]} ${name}`] : [])).join(', ');
}

const stepTexts: Readonly<Record<ShownRotation['steps'][number]['step'], string>> = {
  close: 'partitions are closed',
  push: 'the new key is made and given',
  restart: 'munged is restarted everywhere',
  open: 'partitions are opened',
  'push-back': 'the old key is given',
  'restart-back': 'munged is restarted with the old key',
  'open-back': 'partitions are opened',
};

export function renderRotation(rotation: ShownRotation, nowMs: number): string {
  const { id, by, state, reason, hint, partitions, counts, nodes, steps, startedAtMs, endedAtMs } = rotation;
  const facts = renderFacts([
    ['operation', id],
    ['what', describeRotation({ ...rotation, nodes: nodes.map(({ node }) => node) })],
    ['state', state],
    ['why', reason],
    ['nodes', renderRotationCounts(counts)],
    ['partitions', partitions.join(', ') || 'none'],
    ['by', by],
    ['took', renderAge((endedAtMs ?? nowMs) - startedAtMs)],
  ]);
  const stepTable = renderTable(steps, [
    { title: 'step', of: ({ step }) => step },
    { title: 'what', of: ({ step }) => stepTexts[step] },
    { title: 'took', of: (step) => renderAge((step.endedAtMs ?? nowMs) - step.startedAtMs) },
    { title: 'told', of: ({ detail, outcome }) => detail ?? outcome },
  ]);
  const nodeTable = renderTable(nodes, [
    { title: 'node', of: ({ node }) => node },
    { title: 'key', of: (node) => node.state },
    { title: 'told', of: ({ detail }) => detail },
  ]);
  return `${facts}\n${stepTable}\n${nodeTable}${hint === undefined ? '' : `hint: ${hint}\n`}`;
}

/** What is new since `before`. */
export function rotationChanges(before: ShownRotation | undefined, now: ShownRotation): string[] {
  const known = new Set(before?.steps.map(describeStep));
  const lines = now.steps.map(describeStep).filter((line) => !known.has(line));
  const isOver = now.endedAtMs !== undefined && before?.endedAtMs === undefined;
  if (!isOver) return lines;
  return [...lines, `operation ${now.id}: ${now.reason === undefined ? now.state : `${now.state}: ${now.reason}`}`];
}

function describeStep({ step, detail, outcome }: ShownRotation['steps'][number]): string {
  const told = [outcome, detail].filter((word) => word !== undefined).join(': ');
  return `${step}: ${told === '' ? stepTexts[step] : told}`;
}
