/** What a screen reader is told: who came up, who did not; many at once are one sentence. */
import type { NodeTile } from '../api/schemas/watch.ts';
import { count } from './words.ts';

/** Others are on their way, and nobody wants to hear of each step. */
const told: ReadonlySet<NodeTile['state']> = new Set(['ready', 'up', 'failed', 'silent', 'waiting', 'refused']);
const namedLimit = 3;

/** @returns an empty text when nothing is worth a word */
export function announce(before: ReadonlyMap<string, NodeTile>, after: ReadonlyMap<string, NodeTile>): string {
  const byState = new Map<NodeTile['state'], string[]>();
  for (const [name, { state }] of after) {
    const known = before.get(name);
    if (known === undefined || known.state === state || !told.has(state)) continue;
    byState.set(state, [...(byState.get(state) ?? []), name]);
  }
  return [...byState].map(([state, names]) => sentence(state, names)).join(' ');
}

function sentence(state: NodeTile['state'], names: readonly string[]): string {
  const who = names.length <= namedLimit ? names.join(', ') : count(names.length, 'node');
  return `${who} ${names.length === 1 ? 'is' : 'are'} ${state}.`;
}
