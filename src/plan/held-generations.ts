/** Which generations may still be booted again, and so may not be cleaned up? */
import type { KeptGeneration } from '../model/generation-pin.ts';
import type { State } from '../model/state.ts';

/** They stay, whether a boot that is remembered was begun with them or not. */
export function heldGenerations(state: Pick<State, 'generationPins' | 'rollouts' | 'operationNodes'>): string[] {
  const { generationPins, rollouts } = state;
  const open = Object.values(rollouts).filter(({ endedAtMs }) => endedAtMs === undefined);
  return [
    ...[...Object.values(generationPins), ...fallBacks(state)].map(({ generation }) => generation),
    ...open.flatMap(({ nodes }) => nodes.flatMap(({ before }) => before?.generation ?? [])),
  ];
}

/** What operations that go on may bring back. */
export function fallBacks({ operationNodes }: Pick<State, 'operationNodes'>): KeptGeneration[] {
  const open = Object.values(operationNodes).filter(({ result }) => result === undefined);
  return open.flatMap(({ before, pinBefore }) => [before, pinBefore].flatMap((kept) => kept ?? []));
}
