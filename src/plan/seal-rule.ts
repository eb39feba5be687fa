/** What a rule of the seal is: data, so that builds apply it, `image doctor` judges by it and the documentation shows it. */
import type { DisklessRuleId } from '../model/diskless.ts';

/** What it is like without the rule. */
export type SealFault =
  /** It would not come up, or would lose its root. */
  | 'boot'
  /** It fills memory, or loads the storage node for nothing. */
  | 'wear'
  /** Nodes would share an identity, or a secret. */
  | 'identity'
  /** A boot waits. */
  | 'slow'
  /** Something is there for nothing, or is missing. */
  | 'minor';

export type SealAction =
  /** Paths relative to the root; `*` stands for any name within one folder. */
  | { readonly kind: 'remove'; readonly globs: readonly string[] }
  | { readonly kind: 'empty'; readonly folders: readonly string[] }
  | { readonly kind: 'empty-files-below'; readonly folder: string }
  | { readonly kind: 'write'; readonly path: string; readonly content: string; readonly mode: number }
  | { readonly kind: 'link'; readonly path: string; readonly target: string }
  /** Units, and scripts of init.d that systemd makes units of. */
  | { readonly kind: 'mask'; readonly units: readonly string[] }
  /** systemd.generator(7): programs that make units at each boot. */
  | { readonly kind: 'mask-generator'; readonly names: readonly string[] }
  /** Lines that match the pattern get a `#` and the mark of the seal before them. */
  | { readonly kind: 'comment'; readonly globs: readonly string[]; readonly lines: string }
  /** Lines before all others. */
  | { readonly kind: 'prepend'; readonly path: string; readonly content: string }
  /** A drop-in for each of them: `<path>.d/pi-image.conf`. */
  | { readonly kind: 'drop-in'; readonly globs: readonly string[]; readonly content: string }
  /** The archives of the lock, where the base brings none along. */
  | { readonly kind: 'apt-sources' }
  /** A unit that gives programs at boot what NFS cannot carry. */
  | { readonly kind: 'capabilities' };

export type ActionOf<K extends SealAction['kind']> = Extract<SealAction, { readonly kind: K }>;

export interface SealRule {
  readonly id: DisklessRuleId;
  readonly fault: SealFault;
  /** Globs of which one must be there; undefined: the actions themselves say what they are for. */
  readonly when?: readonly string[];
  readonly actions: readonly SealAction[];
  readonly why: string;
  /** How an administrator gets it back, and what a node needs then. */
  readonly undo: string;
  /** Who puts it there: `pi-gen stage2`, `systemd`. */
  readonly from: string;
}

/** Before a line that a rule has taken out. */
export const commentMark = '# pi-image: ';

/** One path of a tree against a glob with `*` for any name within one folder. */
export function matchesGlob(path: string, glob: string): boolean {
  const pattern = glob
    .split('*')
    .map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`))
    .join('[^/]*');
  return new RegExp(`^${pattern}$`).test(path);
}
