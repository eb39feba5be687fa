/** A rollout as waves, each with its nodes: the canary first. */
import type { Rollout } from '../model/rollout.ts';
import type { Tone } from './tile.ts';
import { count } from './words.ts';

export interface Wave {
  readonly title: string;
  readonly nodes: readonly { readonly name: string; readonly tone: Tone; readonly says: string }[];
  readonly isCurrent: boolean;
}

const toneOf: Readonly<Record<string, Tone>> = {
  done: 'good',
  'fell-back': 'wait',
  'rolled-back': 'wait',
  failed: 'bad',
  skipped: 'quiet',
  kept: 'quiet',
};

export function wavesOf({ nodes, wave, state }: Rollout): Wave[] {
  const last = Math.max(0, ...nodes.map((node) => node.wave));
  return Array.from({ length: last + 1 }, (_, index) => {
    const own = nodes.filter((node) => node.wave === index);
    const isCurrent = index === wave && (state === 'running' || state === 'paused');
    return {
      title: index === 0 ? 'Canary' : `Wave ${index}`,
      isCurrent,
      nodes: own.map(({ node, result, cause }) => ({
        name: node,
        tone: result === undefined ? (isCurrent ? 'busy' : 'quiet') : (toneOf[result] ?? 'quiet'),
        says: [node, result ?? (isCurrent ? 'under way' : 'waits'), cause ?? '']
          .filter((word) => word !== '')
          .join(', '),
      })),
    };
  });
}

export function rolloutTitle({ target }: Pick<Rollout, 'target'>): string {
  return target.kind === 'image' ? `${target.image} for role ${target.role}` : `Overlays of role ${target.role}`;
}

export function describeRollout({ nodes, leftOut }: Pick<Rollout, 'nodes' | 'leftOut'>): string {
  const done = nodes.filter(({ result }) => result === 'done').length;
  const out = leftOut.length > 0 ? `, ${count(leftOut.length, 'node')} left out` : '';
  return `${done} of ${count(nodes.length, 'node')} done${out}`;
}
