/** What would the service answer this node, and why? Everything it boots, in one value; secrets and tokens are not in it. */
import { boards } from '../model/board.ts';
import type { Role } from '../model/cluster.ts';
import { unreachable } from '../model/errors.ts';
import { hiddenToken, tokenSlot, type Generation } from '../model/generation.ts';
import type { ImageManifest } from '../model/manifest.ts';
import type { NodeFile } from '../model/node-file.ts';
import type { NodeSpec } from '../model/node.ts';
import type { ClusterView } from '../model/view.ts';
import { decideBootFile } from './boot-files.ts';
import { uefiProgram } from './boot-program.ts';
import { planBootImage } from './boot-image.ts';
import { planGeneration } from './generation.ts';
import { mergeOverlays } from './overlay-merge.ts';
import { roleOf } from './overlay-variables.ts';
import { renderOverlays } from './overlay.ts';
import { decideRoot, rootPseudo, type NodeRoot } from './root-mode.ts';
import { standInSecrets } from './stand-ins.ts';

export interface NodeExplanation {
  readonly node: NodeSpec;
  readonly overlays: readonly string[];
  readonly image: { readonly name: string; readonly version: string; readonly kernel: string };
  /** Its mode, and what follows from it. */
  readonly root: string;
  readonly generation: string;
  readonly boot: Role['boot'];
  readonly configTxt: string;
  readonly commandLine: string;
  readonly bootFiles: readonly ExplainedBootFile[];
  readonly overlay: readonly ExplainedFile[];
  readonly mounts: readonly { readonly pseudo: string; readonly mount: string; readonly access: string }[];
}

export interface ExplainedBootFile {
  readonly name: string;
  /** undefined: it is not there, and `reason` says why. */
  readonly sizeBytes: number | undefined;
  readonly reason: string | undefined;
}

export interface ExplainedFile {
  readonly path: string;
  readonly kind: NodeFile['kind'];
  /** Octal; undefined where the kind has none. */
  readonly mode: string | undefined;
  /** `munge:munge`, by the names of the image. */
  readonly owner: string | undefined;
  /** Which overlay brings it; undefined for what is removed. */
  readonly overlay: string | undefined;
  /** The secret that is its content. */
  readonly secret: string | undefined;
  readonly target: string | undefined;
  /** undefined for a secret: its length is nobody's business. */
  readonly sizeBytes: number | undefined;
  readonly isLive: boolean;
}

/** @throws ConfigError that says why this node cannot boot */
export function explainNode(node: NodeSpec, view: ClusterView): NodeExplanation {
  const role = roleOf(node, view);
  const root = decideRoot(node, view);
  const { manifest } = root;
  const generation = planGeneration(node, view);
  const kernel = manifest.kernels.find((candidate) => candidate.boards.includes(node.board));
  return {
    node,
    overlays: role.overlays,
    image: { name: manifest.name, version: manifest.version, kernel: kernel?.release ?? '' },
    root: describeRoot(root),
    generation: generation.id,
    boot: role.boot,
    configTxt: generation.configTxt,
    commandLine: generation.commandLine.replace(tokenSlot, hiddenToken),
    bootFiles: explainBootFiles(node, view, { manifest, generation }),
    overlay: explainOverlay(node, view, manifest),
    mounts: explainMounts(node, view, generation),
  };
}

interface Booted {
  readonly manifest: ImageManifest;
  readonly generation: Generation;
}

function explainBootFiles(node: NodeSpec, view: ClusterView, boot: Booted): ExplainedBootFile[] {
  if (boot.generation.boot === 'signed') return explainSigned(boot);
  const { firmwareFiles, deviceTrees } = boards[node.board];
  const kernels = boot.manifest.kernels.filter((kernel) => kernel.boards.includes(node.board));
  const texts = Object.keys(boot.generation.texts ?? {});
  const names = [
    ...(node.board === 'uefi' ? [uefiProgram, ...texts] : [...firmwareFiles, 'config.txt', ...texts]),
    ...deviceTrees,
    'cmdline.txt',
    ...kernels.flatMap(({ kernel, initramfs }) => [kernel, initramfs]),
  ];
  const open = { node, mac: node.mac, token: tokenSlot, ...boot };
  return names.map((name) => {
    const decision = decideBootFile({ path: name, boot: open, nodes: view.nodes });
    switch (decision.kind) {
      case 'text':
        return { name, sizeBytes: decision.bytes.byteLength, reason: undefined };
      case 'image-file':
        return { name, sizeBytes: decision.sizeBytes, reason: undefined };
      case 'signed':
        return { name, sizeBytes: undefined, reason: 'made when a board asks for it' };
      case 'missing':
      case 'refused':
        return { name, sizeBytes: undefined, reason: decision.reason };
      default:
        return unreachable(decision);
    }
  });
}

/** What is in boot.img, below it. */
function explainSigned({ generation, manifest }: Booted): ExplainedBootFile[] {
  const { files, layout } = planBootImage(generation, manifest);
  const inside = files.map(({ path, sizeBytes }) => ({ name: `  ${path}`, sizeBytes, reason: undefined }));
  const signature = { name: 'boot.sig', sizeBytes: undefined, reason: 'its signature' };
  return [{ name: 'boot.img', sizeBytes: layout.sizeBytes, reason: undefined }, ...inside, signature];
}

export function explainOverlay(node: NodeSpec, view: ClusterView, manifest: ImageManifest): ExplainedFile[] {
  const { frozen, live } = renderOverlays({ node, view, manifest, secrets: standInSecrets(node, view) });
  const sources = roleOf(node, view).overlays.flatMap((name) => view.overlays.get(name) ?? []);
  const entries = new Map(mergeOverlays(sources).entries.map((entry) => [entry.path, entry]));
  const explain = (file: NodeFile, isLive: boolean): ExplainedFile => {
    const path = file.kind === 'remove' ? file.glob : file.path;
    const entry = entries.get(path);
    const secret = entry?.kind === 'secret' ? entry.secret : undefined;
    return {
      path,
      kind: file.kind,
      mode: 'mode' in file ? file.mode.toString(8).padStart(4, '0') : undefined,
      owner: 'uid' in file ? ownerName(file, manifest) : undefined,
      overlay: entry?.overlay,
      secret,
      target: file.kind === 'link' ? file.target : undefined,
      sizeBytes: file.kind === 'file' && secret === undefined ? file.bytes.byteLength : undefined,
      isLive,
    };
  };
  return [...frozen.map((file) => explain(file, false)), ...live.map((file) => explain(file, true))].toSorted((a, b) =>
    a.path < b.path ? -1 : 1,
  );
}

function ownerName({ uid, gid }: { uid: number; gid: number }, { users, groups }: ImageManifest): string {
  return `${nameOf(users, uid)}:${nameOf(groups, gid)}`;
}

function nameOf(ids: Readonly<Record<string, number>>, id: number): string {
  return Object.entries(ids).find(([, candidate]) => candidate === id)?.[0] ?? String(id);
}

function describeRoot({ mode, manifest: { name, version }, squash }: NodeRoot): string {
  const size = squash === undefined ? '' : ` of ${Math.ceil(squash.sizeBytes / 1024 / 1024)} MiB`;
  switch (mode) {
    case 'shared':
      return 'shared: the tree of its image over NFS, read-only, changes in memory';
    case 'squash':
      return `squash: one file${size} over NFS, read-only, changes in memory`;
    case 'ram':
      return `ram: one file${size} over HTTP into memory, changes in memory`;
    case 'persistent':
      return `persistent: a tree of its own over NFS, made of ${name}@${version}`;
    default:
      return unreachable(mode);
  }
}

function explainMounts(node: NodeSpec, view: ClusterView, generation: Generation): NodeExplanation['mounts'] {
  const shares = view.cluster.shares
    .filter((share) => share.roles?.includes(node.role) ?? true)
    .map((share) => ({ pseudo: `/shares/${share.name}`, mount: share.mount, access: 'read-write' }));
  const pseudo = rootPseudo(generation);
  if (pseudo === undefined) return shares;
  const access = generation.rootMode === 'persistent' ? 'read-write' : 'read-only';
  return [{ pseudo, mount: '/', access }, ...shares];
}
