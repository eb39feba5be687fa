/** The tree that is laid over a node's root: its role's overlays, merged, rendered and owned. */
import { bootKeySecret } from '../model/cluster.ts';
import { ConfigError, unreachable } from '../model/errors.ts';
import type { ImageManifest } from '../model/manifest.ts';
import { didYouMean } from '../model/nearest.ts';
import type { NodeFile } from '../model/node-file.ts';
import type { NodeSpec } from '../model/node.ts';
import { secretsOf, type OverlaySource } from '../model/overlay-source.ts';
import type { SecretValues } from '../model/secret-values.ts';
import type { ClusterView } from '../model/view.ts';
import { canonicalJson, sha256 } from './canonical-json.ts';
import { refuseLinkedPath, resolveOwner } from './overlay-owner.ts';
import { mergeOverlays, type OverlayEntry } from './overlay-merge.ts';
import { checkSecrets, checkVars } from './overlay-needs.ts';
import { frozenVariables, liveOnlyNames, liveVariables, roleOf, tablesOf } from './overlay-variables.ts';
import { renderText } from './overlay-text.ts';
import type { TemplateVariables } from './render.ts';

export interface OverlayInput {
  readonly node: NodeSpec;
  readonly view: ClusterView;
  /** The image that the node boots: owners and links are its. */
  readonly manifest: ImageManifest;
}

export interface LiveInput extends OverlayInput {
  /** Those that neededSecrets names. */
  readonly secrets: SecretValues;
}

export interface RenderedOverlays {
  /** Part of the generation: holds no secret and nothing of other nodes. */
  readonly frozen: NodeFile[];
  /** Tables, keys and secrets as they are now. */
  readonly live: NodeFile[];
}

export function renderOverlays(input: LiveInput): RenderedOverlays {
  return { frozen: renderFrozenOverlay(input), live: renderLiveOverlay(input) };
}

/** The part that every boot gets as it is now, whichever generation it boots. */
export function renderLiveOverlay(input: LiveInput): NodeFile[] {
  return renderLive(input, () => true);
}

/** Of it, what a running node gets again whenever it changes: all that overlays mark `live: true`, but never a boot's key. */
export function renderLivePart(input: LiveInput): NodeFile[] {
  const secrets = { ...input.secrets, [bootKeySecret]: new Uint8Array() };
  return renderLive({ ...input, secrets }, isLivePart);
}

function isLivePart(entry: OverlayEntry): boolean {
  return entry.kind !== 'secret' || (entry.spec.live && entry.secret !== bootKeySecret);
}

function renderLive(
  { node, view, manifest, secrets }: LiveInput,
  isWanted: (entry: OverlayEntry) => boolean,
): NodeFile[] {
  const overlays = overlaysOf(node, view);
  checkSecrets(node, overlays, { cluster: view.cluster, secrets });
  const variables = liveVariables(node, view, secrets);
  const shared = tablesOf(view);
  const live = mergeOverlays(overlays).entries.filter((entry) => entry.live && isWanted(entry));
  for (const entry of live) refuseLinkedPath(entry.path, manifest, sourceOf(entry));
  return live.map((entry) => nodeFile(entry, { shared, manifest, secrets, variables, notHere: withoutCa }));
}

/** The part that a generation is made of; needs no secrets. */
export function renderFrozenOverlay({ node, view, manifest }: OverlayInput): NodeFile[] {
  const overlays = overlaysOf(node, view);
  const variables = frozenVariables(node, view);
  checkVars(node, overlays, variables.vars);
  const { entries, remove } = mergeOverlays(overlays);
  for (const glob of remove) refuseLinkedPath(glob, manifest, `remove: ${glob}`);
  const frozen = entries.filter((entry) => !entry.live);
  const shared = view.cluster;
  for (const entry of frozen) refuseLinkedPath(entry.path, manifest, sourceOf(entry));
  return [
    ...remove.map((glob): NodeFile => ({ kind: 'remove', glob })),
    ...frozen.map((entry) => nodeFile(entry, { shared, manifest, secrets: {}, variables, notHere: notFrozen(entry) })),
  ];
}

/** sha256 over paths, owners, modes and content; the same for the same tree, whatever made it. */
export function overlayDigest(frozen: readonly NodeFile[]): string {
  const entries = frozen.map((file) =>
    canonicalJson(file.kind === 'file' ? { ...file, bytes: sha256(file.bytes) } : file),
  );
  return sha256(entries.toSorted().join('\n'));
}

/** Names of all secrets that the node's overlay asks for. */
export function neededSecrets(node: NodeSpec, view: ClusterView): string[] {
  return [...new Set(overlaysOf(node, view).flatMap(({ spec }) => secretsOf(spec)))].toSorted();
}

function overlaysOf(node: NodeSpec, view: ClusterView): OverlaySource[] {
  return roleOf(node, view).overlays.map((name) => {
    const overlay = view.overlays.get(name);
    if (overlay !== undefined) return overlay;
    const known = [...view.overlays.keys()].toSorted();
    throw new ConfigError(
      `the role ${node.role} names the overlay ${name}, which does not exist${didYouMean(name, known)}`,
      {
        hint: `There are: ${known.join(', ') || 'none'}.`,
      },
    );
  });
}

interface Rendering {
  /** As in TextRequest. */
  readonly shared: object;
  readonly manifest: ImageManifest;
  readonly secrets: SecretValues;
  readonly variables: TemplateVariables;
  readonly notHere: Readonly<Record<string, string>>;
}

const defaultMode = { file: '0644', program: '0755', secret: '0600', directory: '0755' } as const;

function nodeFile(entry: OverlayEntry, rendering: Rendering): NodeFile {
  const { path } = entry;
  if (entry.kind === 'link') return { kind: 'link', path, target: entry.target };
  const owner = resolveOwner(entry.spec?.owner ?? 'root', rendering.manifest, sourceOf(entry));
  const attributes = { path, mode: Number.parseInt(entry.spec?.mode ?? modeOf(entry), 8), ...owner };
  switch (entry.kind) {
    case 'directory':
      return { kind: 'directory', ...attributes };
    case 'secret':
      return { kind: 'file', ...attributes, bytes: rendering.secrets[entry.secret] ?? new Uint8Array() };
    case 'file':
      return { kind: 'file', ...attributes, bytes: contentOf(entry, rendering) };
    default:
      return unreachable(entry);
  }
}

function modeOf(entry: Exclude<OverlayEntry, { kind: 'link' }>): string {
  return entry.kind === 'file' && entry.text.isExecutable ? defaultMode.program : defaultMode[entry.kind];
}

function contentOf(entry: Extract<OverlayEntry, { kind: 'file' }>, rendering: Rendering): Uint8Array {
  const { text: key } = entry;
  if (!key.isTemplate) return key.bytes;
  return Buffer.from(renderText({ ...rendering, key, text: key.bytes, source: sourceOf(entry) }));
}

/** As the administrator finds it. */
function sourceOf(entry: OverlayEntry): string {
  const isTemplate = entry.kind === 'file' && entry.text.isTemplate;
  return `overlays/${entry.overlay}/files/${entry.path}${isTemplate ? '.hbs' : ''}`;
}

function notFrozen(entry: OverlayEntry): Readonly<Record<string, string>> {
  const reason =
    `It changes with other nodes, so only live files see it: write "${entry.path}: { live: true }" ` +
    `under files: in overlays/${entry.overlay}/overlay.yaml.`;
  return Object.fromEntries(liveOnlyNames.map((name) => [name, reason]));
}

const withoutCa = { ssh: 'Write needs: { secrets: [sshCaPublicKey] } in overlay.yaml.' };
