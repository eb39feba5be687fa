/** Addresses of build results: a layer's key is the hash of everything that went into it, its parent's key included. */
import type { LockedPackage } from '../model/package-lock.ts';
import { canonicalJson, sha256 } from './canonical-json.ts';

/** Raised when the engine makes something else from the same inputs: results of an older engine are then not found. */
const engineVersion = 1;

/** What a key is made of, by name, each as a digest or a short text; `--explain` compares them with the last build's. */
export type KeyParts = Readonly<Record<string, string>>;

export interface CacheKey {
  readonly key: string;
  readonly parts: KeyParts;
}

export function cacheKey(parts: KeyParts): CacheKey {
  const all = { engine: String(engineVersion), ...parts };
  return { key: sha256(canonicalJson(all)), parts: all };
}

/** Names and versions are in the digest of the file, but not the other way round: a rebuilt package may keep its version. */
export function packagesDigest(packages: readonly LockedPackage[]): string {
  const sorted = packages.map(({ name, version, sha256: digest }) => [name, version, digest].join(' ')).toSorted();
  return sha256(canonicalJson(sorted));
}

/** Which parts differ, as one phrase. */
export function explainChange(now: KeyParts, before: KeyParts | undefined): string {
  if (before === undefined) return 'it was not built before';
  const changed = Object.keys({ ...before, ...now }).filter((name) => now[name] !== before[name]);
  return changed.length === 0 ? 'its result is gone from the cache' : `changed: ${changed.join(', ')}`;
}
