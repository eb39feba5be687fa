/** What is a node brought back to when its new role does not come up? What it ran, and not what the files say by now. */
import type { Boot } from '../model/boot.ts';
import type { Generation } from '../model/generation.ts';
import type { GenerationPin, KeptGeneration } from '../model/generation-pin.ts';
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

/**
 * Somebody's own hold comes back. Without one it is held where its old role would boot what was never proved.
 * @param planned for its old role now; undefined where that is refused
 */
export function holdOfFallBack(
  { from, operation, pinBefore }: Pick<OperationNode, 'from' | 'operation' | 'pinBefore'>,
  { planned, lastGood }: { readonly planned: string | undefined; readonly lastGood: KeptGeneration | undefined },
): GenerationPin | undefined {
  if (pinBefore !== undefined) return pinBefore;
  if (lastGood === undefined || lastGood.generation === planned) return undefined;
  return { ...lastGood, role: from, by: `operation ${operation}` };
}
