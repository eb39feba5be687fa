/** What is a node brought back to when its new role does not come up? What it ran, and not what the files say by now. */
import type { Boot } from '../model/boot.ts';
import type { Generation } from '../model/generation.ts';
import { holdBoot, type GenerationPin, type KeptGeneration } from '../model/generation-pin.ts';
import type { NodeSpec } from '../model/node.ts';
import type { OperationNode } from '../model/operation.ts';
import type { ClusterView } from '../model/view.ts';
import { hasComeUp } from './boot-timeline.ts';
import { cannotBoot } from './rollback.ts';

export interface LastGoodSources {
  readonly view: ClusterView;
  /** Of this node, oldest first. */
  readonly boots: readonly Boot[];
  /** undefined: it is not kept. */
  readonly generation: (id: string) => Generation | undefined;
}

/**
 * The newest generation of its role that came up and can be booted again.
 * @param written that the journal names: boots that fail may have pushed its own out of the list
 */
export function lastGoodOf(
  node: NodeSpec,
  written: KeptGeneration | undefined,
  { view, boots, generation }: LastGoodSources,
): KeptGeneration | undefined {
  const ids = written === undefined ? boots.filter(hasComeUp).map((boot) => boot.generation) : [written.generation];
  const found = ids.flatMap((id) => generation(id) ?? []);
  const last = found.findLast((each) => cannotBoot(node, each, view) === undefined);
  return last && { generation: last.id, image: `${last.image.name}@${last.image.version}` };
}

export interface FallBackFacts {
  /** For its old role now; undefined where that is refused. */
  readonly planned: string | undefined;
  readonly lastGood: KeptGeneration | undefined;
  /** undefined: it cannot be given the hold boot. */
  readonly holdImage: string | undefined;
}

/**
 * Somebody's own hold comes back. Without one it is held where its old role would boot what was never proved; where
 * nothing was ever proved, it waits in the hold boot.
 */
export function holdOfFallBack(
  { from, operation, pinBefore }: Pick<OperationNode, 'from' | 'operation' | 'pinBefore'>,
  { planned, lastGood, holdImage }: FallBackFacts,
): GenerationPin | undefined {
  if (pinBefore !== undefined) return pinBefore;
  const pin = { role: from, by: `operation ${operation}` };
  if (lastGood === undefined)
    return holdImage === undefined ? undefined : { generation: holdBoot, image: holdImage, ...pin };
  return lastGood.generation === planned ? undefined : { ...lastGood, ...pin };
}
