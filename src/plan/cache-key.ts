/** Addresses of build results: a layer's key is the hash of everything that went into it, its parent's key included. */
import type { LockedPackage } from '../model/package-lock.ts';
import { canonicalJson, sha256 } from './canonical-json.ts';

/** Raised when the engine makes something else from the same inputs: results of an older engine are then not found. */
const engineVersion = 1;

/** What a key is made of, by name, each as a digest or a short text; `--explain` compares them with the last build's. */
export type KeyParts = Readonly<Record<string, string>>;

/** What digests among the parts stand for: part -> item -> its version or digest. */
export type KeyDetails = Readonly<Record<string, Readonly<Record<string, string>>>>;

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

/** For `KeyDetails`: the version, and enough of the digest to tell a rebuilt package from the one before. */
export function packageVersions(packages: readonly LockedPackage[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    packages.map(({ name, version, sha256: digest }) => [name, `${version} ${digest.slice(0, 12)}`]),
  );
}

interface Explained {
  readonly parts: KeyParts | undefined;
  readonly details: KeyDetails | undefined;
}

/** What differs, as one phrase: packages and files by name where they are known. */
export function explainChange(now: Explained, before: Explained): string {
  const [parts, old] = [now.parts ?? {}, before.parts];
  if (old === undefined) return 'it was not built before';
  const changed = Object.keys({ ...old, ...parts }).filter((name) => parts[name] !== old[name]);
  if (changed.length === 0) return 'its result is gone from the cache';
  const known = { now: now.details ?? {}, before: before.details ?? {} };
  return `changed: ${changed.flatMap((part) => nameItems(part, known)).join(', ')}`;
}

/** What a part is called by someone who wrote image.yaml. */
const partNames: Readonly<Record<string, string>> = {
  parent: 'what lies below it',
  step: 'what image.yaml says of it',
};

const shownItems = 6;

function nameItems(part: string, known: { now: KeyDetails; before: KeyDetails }): string[] {
  const [now, before] = [known.now[part], known.before[part]];
  const plain = [partNames[part] ?? part];
  if (now === undefined || before === undefined) return plain;
  const names = Object.keys({ ...before, ...now }).toSorted();
  const changed = names.flatMap((name) =>
    now[name] === before[name] ? [] : [nameItem(name, before[name], now[name])],
  );
  if (changed.length === 0) return plain;
  if (changed.length <= shownItems) return changed;
  return [...changed.slice(0, shownItems), `and ${changed.length - shownItems} more`];
}

/** A file's value is its digest alone; a package's begins with its version. */
function nameItem(name: string, before: string | undefined, now: string | undefined): string {
  const [was, is] = [before, now].map((value) => (value?.includes(' ') === true ? value.split(' ')[0] : undefined));
  if (was === undefined && is === undefined) {
    if (before === undefined) return `${name} (new)`;
    return now === undefined ? `${name} (gone)` : name;
  }
  if (was === undefined) return `${name} ${is} (new)`;
  if (is === undefined) return `${name} (gone)`;
  return was === is ? `${name} ${is} (rebuilt)` : `${name} ${was} -> ${is}`;
}
