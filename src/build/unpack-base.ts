/** Bases that are not made of packages: which content is meant, and how it becomes the root of a layer. */
import { HostError } from '../model/errors.ts';
import type { ResolvedBase, SourceBase } from '../model/image-base.ts';
import type { BuildProgress } from './progress.ts';

export interface BaseContext {
  /** Folder of image.yaml; relative paths start there. */
  readonly specDir: string;
  readonly stateDir: string;
  /** Nothing is asked of the network. */
  readonly offline: boolean;
  /** What the lock says. An image that is named by the catalog stays the one that was locked. */
  readonly locked?: ResolvedBase | undefined;
  /** Where a name is looked up; Raspberry Pi's own list when it is not given. */
  readonly catalog?: string | undefined;
  readonly progress: BuildProgress;
  readonly signal: AbortSignal;
}

/**
 * Which content is meant? Reads files as far as it must, downloads nothing but what names are looked up in.
 * What did not change since the last time is known by its size and times.
 */
export function resolveBase(base: SourceBase, context: BaseContext): Promise<ResolvedBase> {
  context.signal.throwIfAborted();
  throw new HostError(`this base cannot be read: ${Object.keys(base).join()}`);
}

export interface UnpackPlace {
  /** Made here: the root itself, with etc, usr and var in it. Must not exist. */
  readonly target: string;
  /** Scratch on the file system of `target`; emptied before and after. */
  readonly workDir: string;
}

export interface UnpackedBase {
  /** Modification time of its newest file: what the image is as old as when no archive was asked. */
  readonly newestSeconds: number;
}

/** Downloads what is missing, checks it, and unpacks it with owners, modes, attributes, links and device nodes. */
export function unpackBase(resolved: ResolvedBase, place: UnpackPlace, context: BaseContext): Promise<UnpackedBase> {
  context.signal.throwIfAborted();
  throw new HostError(`${resolved.describe} cannot be unpacked to ${place.target}`);
}
