/** What would a node boot by its role and the files, as far as that can be said? */
import { PiImageError } from '../model/errors.ts';
import type { ClusterView } from '../model/view.ts';
import { planGeneration } from '../plan/generation.ts';

/** @returns the id; undefined where there is no such node, or it is refused */
export function plannedGeneration(name: string, view: ClusterView): string | undefined {
  const node = view.nodes.find((each) => each.name === name);
  try {
    return node && planGeneration(node, view).id;
  } catch (error) {
    if (error instanceof PiImageError) return undefined;
    throw error;
  }
}
