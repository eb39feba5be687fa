/** What every kind of action of the seal can answer: what is to be done, is its subject there, would it touch this path. */
import type { SealEntry, SealTree } from './seal-tree.ts';

export type SealChange =
  | { readonly kind: 'remove'; readonly path: string }
  /** The file stays, with its owner and mode. */
  | { readonly kind: 'empty-file'; readonly path: string }
  | { readonly kind: 'write'; readonly path: string; readonly content: string; readonly mode: number }
  | { readonly kind: 'link'; readonly path: string; readonly target: string };

export interface SealContext {
  /** Text of the archives of the lock; empty where the base brings its own along. */
  readonly sources: string;
  /** Units that image.yaml enables: what it says counts more than what most images need. */
  readonly enabled: readonly string[];
}

export interface RulePlan {
  readonly changes: readonly SealChange[];
  /** Units that would be masked, and are enabled by image.yaml. */
  readonly enabled: readonly string[];
  /** What cannot be done, and what would help. */
  readonly blocked?: { readonly cause: string; readonly hint: string };
}

export interface ActionKind<A> {
  readonly plan: (action: A, tree: SealTree, context: SealContext) => RulePlan;
  /** What was taken away has left no trace; a mask or a drop-in of an earlier seal is one. */
  readonly hasSubject: (action: A, tree: SealTree) => boolean;
  readonly touches: (action: A, path: string, isThere: boolean) => boolean;
}

export const nothingToDo: RulePlan = { changes: [], enabled: [] };

export const changesOf = (changes: readonly SealChange[]): RulePlan => ({ changes, enabled: [] });

interface Written {
  readonly path: string;
  readonly content: string;
  readonly mode: number;
}

export function writeUnlessSame({ path, content, mode }: Written, tree: SealTree): SealChange[] {
  const entry = tree.entry(path);
  const isSame = entry?.kind === 'file' && entry.mode === mode && tree.text(path) === content;
  return isSame ? [] : [{ kind: 'write', path, content, mode }];
}

export function linkUnlessSame(path: string, target: string, tree: SealTree): SealChange[] {
  return isLinkTo(target, tree.entry(path)) ? [] : [{ kind: 'link', path, target }];
}

const isLinkTo = (target: string, entry: SealEntry | undefined) => entry?.kind === 'link' && entry.target === target;
