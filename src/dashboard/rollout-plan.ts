/** A rollout as it is asked for, and what the service says it would be. */
import type { StartedRollout } from '../api/schemas/rollout.ts';
import { count, shortList } from './words.ts';

export interface WantedRollout {
  readonly role: string;
  /** Empty: what the overlays of the role say now; else a version of its image. */
  readonly image: string;
  readonly canary: string;
  /** Per cent, with commas between. */
  readonly waves: string;
}

/** The body of POST /rollouts; what is not asked here is as the service has it. */
export function rolloutBody({ role, image, canary, waves }: WantedRollout): unknown {
  return {
    target: image === '' ? { kind: 'overlay', role } : { kind: 'image', role, image },
    canary: Number(canary),
    waves: waves
      .split(/[\s,%]+/)
      .filter((word) => word !== '')
      .map(Number),
  };
}

export function planLines({ waves, leftOut, from }: Pick<StartedRollout, 'waves' | 'leftOut' | 'from'>): string[] {
  return [
    ...(from === undefined ? [] : [`Until their turn comes nodes boot ${from}.`]),
    ...waves.map((nodes, index) => `${index === 0 ? 'Canary' : `Wave ${index}`}: ${shortList(nodes)}`),
    ...leftOut.map(({ node, reason }) => `${node} is left out: ${reason}`),
  ];
}

export const planVerb = ({ waves }: Pick<StartedRollout, 'waves'>) =>
  `Roll out to ${count(waves.flat().length, 'node')}`;
