/** Where does a path of an image come from? Its layer, its package, or the rule that sealed it. */
import type { ImageManifest } from '../model/manifest.ts';
import type { IndexEntry, TreeIndex } from '../model/tree-index.ts';
import { touchesPath } from './seal-plan.ts';
import type { SealRule } from './seal-rule.ts';
import { sealRules } from './seal.ts';

export interface PathOrigin {
  readonly path: string;
  /** undefined: it is not in the image. */
  readonly entry: IndexEntry | undefined;
  readonly layer: { readonly name: string; readonly kind: string; readonly key: string } | undefined;
  /** `name version` of those that ship it. */
  readonly packages: readonly string[];
  /** Why it was written or taken away when the image was sealed. */
  readonly sealed: { readonly rule: string; readonly why: string } | undefined;
}

export interface WhySources {
  readonly manifest: ImageManifest;
  readonly index: TreeIndex;
  /** Names of packages that ship it, as dpkg's lists say. */
  readonly owners: readonly string[];
}

export function explainPath(path: string, { manifest, index, owners }: WhySources): PathOrigin {
  const entry = index.entries.find((candidate) => candidate.path === path);
  const layer = entry?.layer === undefined ? undefined : manifest.layers?.[entry.layer];
  const rule = entry?.layer === undefined ? sealedBy(path, entry, manifest) : undefined;
  const versions = new Map(manifest.packages.map(({ name, version }) => [name, version]));
  return {
    path,
    entry,
    layer,
    packages: owners.map((name) => `${name} ${versions.get(name) ?? ''}`.trim()),
    sealed: rule && { rule: rule.id, why: rule.why },
  };
}

/** Under which names dpkg may have it: folders at the top are links into /usr by now. */
export function dpkgNames(path: string): string[] {
  const merged = /^usr\/((?:bin|sbin|lib|lib64)\/.+)$/.exec(path)?.[1];
  return [`/${path}`, ...(merged === undefined ? [] : [`/${merged}`])];
}

/** What image.yaml keeps was not touched. */
function sealedBy(path: string, entry: IndexEntry | undefined, { diskless }: ImageManifest): SealRule | undefined {
  const kept = diskless?.kept ?? [];
  return sealRules.find((rule) => !kept.includes(rule.id) && touchesPath(rule, path, entry !== undefined));
}
