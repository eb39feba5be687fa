/** What a rule of the seal has to do to a tree: nothing more once it was done. Builds do it, `image doctor` asks whether anything is left. */
import { nothingToDo, type ActionKind, type RulePlan, type SealContext } from './seal-action.ts';
import { capabilityActions } from './seal-capabilities.ts';
import {
  aptSources,
  comments,
  dropIns,
  emptyFiles,
  emptyFolders,
  firstLines,
  linking,
  removals,
  writing,
} from './seal-files.ts';
import { generatorMasks, masks } from './seal-masks.ts';
import type { ActionOf, SealAction, SealRule } from './seal-rule.ts';
import { findPaths, type SealTree } from './seal-tree.ts';

type Kinds = { readonly [K in SealAction['kind']]: ActionKind<ActionOf<K>> };

const kinds: Kinds = {
  remove: removals,
  empty: emptyFolders,
  'empty-files-below': emptyFiles,
  write: writing,
  link: linking,
  mask: masks,
  'mask-generator': generatorMasks,
  comment: comments,
  prepend: firstLines,
  'drop-in': dropIns,
  'apt-sources': aptSources,
  capabilities: capabilityActions,
};

/** An action and its kind belong together; the compiler cannot follow a union through a table. */
const kindOf = (action: SealAction) => kinds[action.kind] as unknown as ActionKind<SealAction>;

export function planRule(rule: SealRule, tree: SealTree, context: SealContext): RulePlan {
  if (!isWanted(rule, tree)) return nothingToDo;
  const plans = rule.actions.map((action) => kindOf(action).plan(action, tree, context));
  const blocked = plans.find((plan) => plan.blocked !== undefined)?.blocked;
  return {
    changes: plans.flatMap(({ changes }) => changes),
    enabled: plans.flatMap(({ enabled }) => enabled),
    ...(blocked !== undefined && { blocked }),
  };
}

/** Is there what the rule looks for, or what it made of that? */
export function isNeeded(rule: SealRule, tree: SealTree): boolean {
  return isWanted(rule, tree) && rule.actions.some((action) => kindOf(action).hasSubject(action, tree));
}

function isWanted({ when }: SealRule, tree: SealTree): boolean {
  return when === undefined || when.some((glob) => findPaths(tree, glob).length > 0);
}

/** Could the rule have written this path, or taken it away? */
export function touchesPath(rule: SealRule, path: string, isThere: boolean): boolean {
  return rule.actions.some((action) => kindOf(action).touches(action, path, isThere));
}
