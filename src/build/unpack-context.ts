/** What every kind of base gets to be found and unpacked. */
import path from 'node:path';

import { ConfigError } from '../model/errors.ts';
import type { ResolvedBase } from '../model/image-base.ts';
import type { BuildProgress } from './progress.ts';

export interface BaseContext {
  /** Folder of image.yaml; relative paths start there. */
  readonly specDir: string;
  readonly stateDir: string;
  /** Nothing is asked of the network. */
  readonly offline: boolean;
  /** What the lock says: an image that is named by the catalog stays the one that was locked. */
  readonly locked?: ResolvedBase | undefined;
  readonly progress: Pick<BuildProgress, 'detail'>;
  readonly signal: AbortSignal;
}

export interface UnpackPlace {
  /** Made here: the root itself, with etc, usr and var in it. Must not exist. */
  readonly target: string;
  /** Scratch on the file system of `target`; removed in the end. */
  readonly workDir: string;
}

/** Downloads by their sha256. Whatever lies there can be downloaded again. */
export function sourcesDir({ stateDir }: Pick<BaseContext, 'stateDir'>): string {
  return path.join(stateDir, 'sources');
}

export function offlineError(what: string): ConfigError {
  return new ConfigError(`${what} is not on this machine`, {
    hint: 'Build it once without --offline: what it needs is then kept.',
  });
}
