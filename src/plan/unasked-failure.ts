/** Which failed boots are nobody's matter yet? Those of nodes that no operation, rollout or person has hold of, each once. */
import type { Boot } from '../model/boot.ts';
import type { State } from '../model/state.ts';
import { nodeTarget } from './image-choice.ts';
import { operationOf } from './operation-guard.ts';
import { failedOfItselfAtMs } from './own-failure.ts';

type Held = Pick<
  State,
  | 'nodes'
  | 'generationPins'
  | 'imageChoices'
  | 'operations'
  | 'operationNodes'
  | 'mungeRotations'
  | 'rollouts'
  | 'quarantine'
>;

/** What has stood for so long, people know of, and may be working on. */
const judgedWithinMs = 3_600_000;

export interface LookTimes {
  readonly nowMs: number;
  /** Since when boots are judged at all. */
  readonly sinceMs: number;
}

/** @param boots of all nodes, oldest first @returns the newest of each node, where that is one */
export function unaskedFailures(boots: readonly Boot[], state: Held, { nowMs, sinceMs }: LookTimes): Boot[] {
  const newest = new Map(boots.map((boot) => [boot.node, boot]));
  return [...newest.values()].filter((boot) => {
    const atMs = failedOfItselfAtMs(boot);
    if (atMs === undefined || atMs < sinceMs || nowMs - atMs >= judgedWithinMs) return false;
    return !hasBeenJudged(boot, atMs, state) && isNobodys(boot.node, state);
  });
}

/** Taken back by whoever it was; or it failed while an operation looked. */
function hasBeenJudged(
  { node, generation, startedAtMs }: Boot,
  atMs: number,
  { quarantine, operationNodes }: Held,
): boolean {
  const bad = quarantine[generation];
  if (bad !== undefined && bad.node === node && bad.atMs >= startedAtMs) return true;
  return Object.values(operationNodes).some(({ node: name, steps }) => {
    const beganMs = steps[0]?.startedAtMs;
    if (name !== node || beganMs === undefined) return false;
    return beganMs <= atMs && atMs <= (steps.at(-1)?.endedAtMs ?? Infinity);
  });
}

function isNobodys(name: string, state: Held): boolean {
  const role = state.nodes.find((node) => node.name === name)?.role;
  if (role === undefined || state.generationPins[name]?.role === role) return false;
  const own = state.imageChoices[nodeTarget(name)];
  // A person has said what this very node is to boot.
  const isChosen = own !== undefined && own.rollout === undefined;
  return !isChosen && !isWorkedOn(name, role, state);
}

/** What it boots is an operation's or a rollout's to say. */
export function isWorkedOn(
  node: string,
  role: string,
  state: Pick<Held, 'operations' | 'operationNodes' | 'mungeRotations' | 'rollouts'>,
): boolean {
  const isRolling = Object.values(state.rollouts).some(
    ({ endedAtMs, target }) => endedAtMs === undefined && target.role === role,
  );
  return isRolling || operationOf(node, state) !== undefined;
}
