/** Which kept generation does a node go back to? Every boot that is remembered has one, with all that it served. */
import type { Boot } from '../model/boot.ts';
import type { Generation } from '../model/generation.ts';
import type { NodeSpec } from '../model/node.ts';
import type { ClusterView } from '../model/view.ts';
import { hasComeUp } from './boot-timeline.ts';

export type RollbackTo =
  /** The beginning of its id. */
  | { readonly kind: 'generation'; readonly id: string }
  /** The newest one that came up, and is not the one that it would boot now. */
  | { readonly kind: 'last-good' }
  /** What it ran then. */
  | { readonly kind: 'at'; readonly atMs: number };

export interface RollbackFacts {
  readonly view: ClusterView;
  /** Of this node, oldest first. */
  readonly boots: readonly Boot[];
  /** That are kept, by id. */
  readonly generations: ReadonlyMap<string, Generation>;
  /** What it would boot now; undefined where that is refused. */
  readonly desired: string | undefined;
}

export type RollbackDecision =
  | { readonly kind: 'hold'; readonly generation: Generation }
  /** It would boot that anyway. */
  | { readonly kind: 'same'; readonly generation: Generation }
  | { readonly kind: 'refused'; readonly reason: string };

export function planRollback(node: NodeSpec, to: RollbackTo, facts: RollbackFacts): RollbackDecision {
  const found = findGeneration(to, facts);
  if (typeof found === 'string') return { kind: 'refused', reason: found };
  const reason = cannotBoot(node, found, facts.view);
  if (reason !== undefined) return { kind: 'refused', reason };
  return { kind: found.id === facts.desired ? 'same' : 'hold', generation: found };
}

/** @returns why there is none */
function findGeneration(to: RollbackTo, { boots, generations, desired }: RollbackFacts): Generation | string {
  const kept = boots.flatMap((boot) => {
    const generation = generations.get(boot.generation);
    return generation === undefined ? [] : [{ boot, generation }];
  });
  if (to.kind === 'generation') {
    const ids = new Map(kept.map(({ generation }) => [generation.id, generation]));
    const found = [...ids.values()].filter(({ id }) => id.startsWith(to.id));
    if (found.length > 1) return `several of its generations begin with ${to.id}`;
    return found[0] ?? `no generation ${to.id} of it is kept`;
  }
  const good = kept.filter(({ boot }) => hasComeUp(boot));
  if (to.kind === 'at') {
    const then = good.findLast(({ boot }) => boot.startedAtMs <= to.atMs);
    return then?.generation ?? 'what it ran then is not kept';
  }
  return (
    good.findLast(({ generation }) => generation.id !== desired)?.generation ?? 'no other one that came up is kept'
  );
}

/** @returns why not; undefined: it can */
export function cannotBoot(
  node: NodeSpec,
  generation: Generation,
  { images, roots }: Pick<ClusterView, 'images' | 'roots'>,
): string | undefined {
  const { role, board, image, rootMode } = generation;
  if (role !== node.role) return `it was ${role} then, and is ${node.role} now`;
  if (board !== node.board) return `it was a ${board} then, and is a ${node.board} now`;
  const reference = `${image.name}@${image.version}`;
  if (images.get(image.name)?.some(({ version }) => version === image.version) !== true) return `${reference} is gone`;
  if (rootMode === 'shared') return undefined;
  const trees = roots?.trees.get(node.name) ?? [];
  const isMade =
    rootMode === 'persistent'
      ? trees.some((tree) => tree.name === image.name && tree.version === image.version)
      : roots?.squashes.has(reference) === true;
  return isMade ? undefined : `its root of ${reference} is gone`;
}
