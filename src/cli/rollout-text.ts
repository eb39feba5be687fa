/** Rollouts as people read them: a line each, or a line per wave and what its nodes came to. */
import type { ShownRollout, StartedRollout } from '../api/schemas/rollout.ts';
import { renderAge, renderDuration } from '../model/duration.ts';
import { rolloutResults } from '../model/rollout.ts';
import { compressHostlist } from '../plan/hostlist.ts';
import { printable } from './format.ts';
import { renderFacts, renderTable, type Listing } from './output.ts';

export const rolloutListing = (nowMs: number): Listing<ShownRollout> => ({
  columns: [
    { title: 'id', of: ({ id }) => id },
    { title: 'role', of: ({ target }) => target.role },
    { title: 'what', of: describeTarget },
    { title: 'state', of: ({ state }) => state },
    { title: 'nodes', of: ({ nodes }) => countNodes(nodes) },
    { title: 'by', of: ({ by }) => by },
    { title: 'begun', of: ({ startedAtMs }) => renderAge(nowMs - startedAtMs) },
    { title: 'took', of: ({ startedAtMs, endedAtMs }) => endedAtMs && renderAge(endedAtMs - startedAtMs) },
  ],
  name: ({ id }) => id,
  empty: 'there was no rollout yet; "pi-image rollout start ROLE" begins one',
});

function describeTarget({ target, from }: Pick<ShownRollout, 'target' | 'from'>): string {
  return target.kind === 'overlay' ? 'overlays' : `${from ?? '-'} -> ${target.image}`;
}

/** `3 done, 4 waiting` */
function countNodes(nodes: ShownRollout['nodes']): string {
  const counted = [...rolloutResults, undefined].flatMap((result) => {
    const count = nodes.filter((node) => node.result === result).length;
    return count === 0 ? [] : [`${count} ${result ?? 'waiting'}`];
  });
  return counted.join(', ');
}

const waveTitle = (wave: number): string => (wave === 0 ? 'canary' : `wave ${wave}`);

export function renderRollout(rollout: ShownRollout, nowMs: number): string {
  const { id, target, state, reason, detail, gates, by, nodes, leftOut, maxUnavailable, maxFailed } = rollout;
  const endMs = rollout.endedAtMs ?? nowMs;
  const facts = renderFacts([
    ['rollout', id],
    ['what', `${describeTarget(rollout)} for ${target.role}`],
    ['state', state],
    ['why', reason && printable(reason)],
    ['now', state === 'running' || state === 'aborting' ? detail && printable(detail) : undefined],
    ['nodes', countNodes(nodes)],
    ['gates', describeGates(gates)],
    ['at once', maxUnavailable],
    ['may fail', maxFailed],
    ['operation', rollout.operation],
    ['by', by],
    ['took', renderAge(endMs - rollout.startedAtMs)],
  ]);
  const table = renderTable(wavesOf(nodes), [
    { title: 'wave', of: ({ wave }) => waveTitle(wave) },
    { title: 'nodes', of: ({ names }) => compressHostlist(names) },
    { title: 'result', of: ({ wave, result }) => result ?? (wave === rollout.wave ? 'under way' : 'waiting') },
    { title: 'told', of: ({ cause }) => cause && printable(cause) },
  ]);
  return `${facts}\n${table}${renderLeftOut(leftOut)}`;
}

function describeGates({ slurm, checks, soakMs, deadlineMs }: ShownRollout['gates']): string {
  const names = checks.map(({ name }) => `check ${name}`);
  const soak = soakMs > 0 ? [`${renderDuration(soakMs)} of running`] : [];
  return ['ready', ...(slurm ? ['Slurm'] : []), ...soak, ...names, `within ${renderDuration(deadlineMs)}`].join(', ');
}

interface WaveRow {
  readonly wave: number;
  readonly result: ShownRollout['nodes'][number]['result'];
  readonly cause: string | undefined;
  readonly names: readonly string[];
}

/** Nodes of a wave that came to the same are told once. */
function wavesOf(nodes: ShownRollout['nodes']): WaveRow[] {
  const rows = new Map<string, WaveRow>();
  for (const { node, wave, result, cause } of nodes) {
    const key = JSON.stringify([wave, result, cause]);
    rows.set(key, { wave, result, cause, names: [...(rows.get(key)?.names ?? []), node] });
  }
  return [...rows.values()].toSorted((one, other) => one.wave - other.wave);
}

function renderLeftOut(leftOut: readonly { readonly node: string; readonly reason: string }[]): string {
  const reasons = new Map<string, string[]>();
  for (const { node, reason } of leftOut) reasons.set(reason, [...(reasons.get(reason) ?? []), node]);
  return [...reasons].map(([reason, names]) => `left out: ${compressHostlist(names)}: ${printable(reason)}\n`).join('');
}

/** Before it begins, and when it has. */
export function renderStarted({ rollout, target, from, waves, leftOut }: StartedRollout): string {
  const rows = waves.map((names, wave) => ({ wave, names }));
  const table = renderTable(rows, [
    { title: 'wave', of: ({ wave }) => waveTitle(wave) },
    { title: 'count', of: ({ names }) => names.length },
    { title: 'nodes', of: ({ names }) => compressHostlist(names) },
  ]);
  const end =
    rollout === undefined
      ? 'dry run: nothing was changed'
      : `rollout ${rollout} has begun: "pi-image rollout watch ${rollout}"`;
  const what = describeTarget({ target, ...(from !== undefined && { from }) });
  return `${target.role}: ${what}\n${table}${renderLeftOut(leftOut)}${end}\n`;
}

/** What is new since `before`. */
export function rolloutChanges(before: ShownRollout | undefined, now: ShownRollout): string[] {
  const known = new Map(before?.nodes.map((node) => [node.node, describeNode(node)]));
  const nodes = now.nodes.filter(({ result }) => result !== undefined).map((node) => [node.node, describeNode(node)]);
  const lines = nodes.flatMap(([node = '', line = '']) => (known.get(node) === line ? [] : [line]));
  const state = describeState(now);
  return before !== undefined && describeState(before) === state ? lines : [...lines, `rollout ${now.id}: ${state}`];
}

const describeNode = ({ node, result, cause }: ShownRollout['nodes'][number]): string =>
  `${node}: ${result ?? 'waiting'}${cause === undefined ? '' : `: ${printable(cause)}`}`;

function describeState(rollout: ShownRollout): string {
  const { state, detail } = rollout;
  return state === 'running' && detail !== undefined ? printable(detail) : describeEnd(rollout);
}

export const describeEnd = ({ state, reason }: Pick<ShownRollout, 'state' | 'reason'>): string =>
  reason === undefined ? state : `${state}: ${printable(reason)}`;
