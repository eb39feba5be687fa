/** The boots of each node, kept beside the list of all: of a list of thousands, what has not changed is not looked at again. */
import type { Boot } from '../model/boot.ts';
import { isSameList } from '../model/same-list.ts';

const none: readonly Boot[] = [];

export class NodeBoots {
  #all: readonly Boot[] = [];
  readonly #ofNode = new Map<string, readonly Boot[]>();

  /** Oldest first; the same list as long as none of that node's boots is another. @param all as it is now */
  of(node: string, all: readonly Boot[]): readonly Boot[] {
    this.#follow(all);
    return this.#ofNode.get(node) ?? none;
  }

  #follow(all: readonly Boot[]): void {
    if (all === this.#all) return;
    const groups = new Map<string, Boot[]>();
    for (const node of nodesThatDiffer(this.#all, all)) groups.set(node, []);
    if (groups.size > 0) for (const boot of all) groups.get(boot.node)?.push(boot);
    for (const [node, boots] of groups) {
      if (boots.length === 0) this.#ofNode.delete(node);
      else if (!isSameList(boots, this.#ofNode.get(node) ?? none)) this.#ofNode.set(node, boots);
    }
    this.#all = all;
  }
}

/** Boots are replaced where they stand, and new ones come behind: mostly few places differ. */
function nodesThatDiffer(before: readonly Boot[], after: readonly Boot[]): Set<string> {
  const nodes = new Set<string>();
  const most = Math.max(before.length, after.length);
  for (let place = 0; place < most; place += 1) {
    const was = before[place];
    const is = after[place];
    if (was === is) continue;
    if (was !== undefined) nodes.add(was.node);
    if (is !== undefined) nodes.add(is.node);
  }
  return nodes;
}
