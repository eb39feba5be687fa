/** All that a node gets in a role, as one value that can be laid beside another. Secrets are in it by name only. */
import { builtInSecrets, type Cluster } from '../model/cluster.ts';
import type { Generation } from '../model/generation.ts';
import type { ImageManifest } from '../model/manifest.ts';
import type { NodeFile } from '../model/node-file.ts';
import type { NodeSpec } from '../model/node.ts';
import type { RoleDiff } from '../model/role-diff.ts';
import type { SecretValues } from '../model/secret-values.ts';
import type { ClusterView } from '../model/view.ts';
import { exportsOfRole } from './exports.ts';
import { planFrozen } from './generation.ts';
import { mergeOverlays, type MergedOverlays } from './overlay-merge.ts';
import { roleOf } from './overlay-variables.ts';
import { renderLiveOverlay } from './overlay.ts';
import { decideRoot } from './root-mode.ts';
import { isComputeRole } from './slurm.ts';

export interface RoleSide {
  readonly role: string;
  readonly rootMode: string;
  readonly generation: Generation;
  readonly kernelArguments: readonly string[];
  readonly overlays: readonly string[];
  /** By path on the node. */
  readonly files: ReadonlyMap<string, SideFile>;
  /** Paths and globs that the image has and the node does not. */
  readonly takenAway: readonly string[];
  readonly exports: readonly string[];
  readonly slurm: SlurmPart;
}

export interface SideFile {
  /** `0644 root:root`, `-> /dev/null` */
  readonly attributes: string;
  /** undefined for folders and links. */
  readonly bytes: Uint8Array | undefined;
  readonly isSecret: boolean;
}

export type SlurmPart = RoleDiff['slurm']['from'];

/** @throws ConfigError that says why the node cannot have this role */
export function roleSide(node: NodeSpec, view: ClusterView): RoleSide {
  const role = roleOf(node, view);
  const { manifest } = decideRoot(node, view);
  const { generation, overlay: frozen } = planFrozen(node, view);
  const live = renderLiveOverlay({ node, view, manifest, secrets: declaredSecrets(view.cluster) });
  const sideOf = sidesOf(role.overlays, manifest, view);
  const files = [...frozen, ...live].flatMap((file) =>
    file.kind === 'remove' ? [] : [[file.path, sideOf(file)] as const],
  );
  return {
    role: node.role,
    rootMode: role.root,
    generation,
    kernelArguments: [...(manifest.kernelArguments ?? []), ...role.kernelArguments],
    overlays: role.overlays,
    files: new Map(files),
    takenAway: frozen.flatMap((file) => (file.kind === 'remove' ? [file.glob] : [])),
    exports: exportsOfRole(view.cluster, node.role, generation),
    slurm: slurmPart(node.role, view),
  };
}

/** What a role is to Slurm: known also where the node could not boot. */
export function slurmPart(role: string, view: ClusterView): SlurmPart {
  if (view.cluster.slurm?.controllerRole === role) return 'controller';
  return isComputeRole(role, view) ? 'compute' : 'none';
}

const declared = new WeakMap<Cluster, SecretValues>();

/** Their names stand in for their content: no secret is read, and one that nobody declared is missed. */
function declaredSecrets(cluster: Cluster): SecretValues {
  const known = declared.get(cluster) ?? namedSecrets(cluster);
  declared.set(cluster, known);
  return known;
}

function namedSecrets({ secrets }: Cluster): SecretValues {
  const names = [...Object.keys(secrets), ...builtInSecrets];
  return Object.fromEntries(names.map((name) => [name, Buffer.from(`(the secret ${name})\n`)]));
}

type OverlaidFile = Exclude<NodeFile, { kind: 'remove' }>;

interface KnownSides {
  readonly secrets: ReadonlySet<string>;
  readonly files: WeakMap<OverlaidFile, SideFile>;
}

/** A file that a thousand nodes share is one object, and looked at once. */
const knownSides = new WeakMap<MergedOverlays, WeakMap<ImageManifest, KnownSides>>();

function sidesOf(
  overlays: readonly string[],
  manifest: ImageManifest,
  view: ClusterView,
): (file: OverlaidFile) => SideFile {
  const merged = mergeOverlays(overlays.flatMap((name) => view.overlays.get(name) ?? []));
  const ofMerged = knownSides.get(merged) ?? new WeakMap<ImageManifest, KnownSides>();
  knownSides.set(merged, ofMerged);
  const { secrets, files } = ofMerged.get(manifest) ?? { secrets: secretPaths(merged), files: new WeakMap() };
  ofMerged.set(manifest, { secrets, files });
  return (file) => {
    const side = files.get(file) ?? sideFile(file, { manifest, secrets });
    files.set(file, side);
    return side;
  };
}

function secretPaths({ entries }: MergedOverlays): ReadonlySet<string> {
  return new Set(entries.flatMap(({ kind, path }) => (kind === 'secret' ? [path] : [])));
}

export function sideFile(
  file: OverlaidFile,
  { manifest, secrets }: { manifest: Pick<ImageManifest, 'users' | 'groups'>; secrets: ReadonlySet<string> },
): SideFile {
  const isSecret = secrets.has(file.path);
  if (file.kind === 'link') return { attributes: `-> ${file.target}`, bytes: undefined, isSecret };
  const mode = file.mode.toString(8).padStart(4, '0');
  // Another image may number its users otherwise: people compare names.
  const owner = `${nameOf(manifest.users, file.uid)}:${nameOf(manifest.groups, file.gid)}`;
  return { attributes: `${mode} ${owner}`, bytes: file.kind === 'file' ? file.bytes : undefined, isSecret };
}

function nameOf(ids: Readonly<Record<string, number>>, id: number): string {
  return Object.entries(ids).find(([, candidate]) => candidate === id)?.[0] ?? String(id);
}
