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
import { placeFrozen, placeLive, type PlacedEntry } from './overlay-entries.ts';
import type { OverlayEntry } from './overlay-merge.ts';
import { checkSecrets, checkVars } from './overlay-needs.ts';
import {
  alikeFor,
  frozenVariables,
  liveOnlyNames,
  liveVariables,
  roleOf,
  tablesOf,
  type FrozenVariables,
} from './overlay-variables.ts';
import { renderText, type TextRequest } from './overlay-text.ts';

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
  const rendering = { shared, secrets, variables, alike: alikeFor(variables, secrets) };
  return placeLive(overlays, manifest)
    .filter(({ entry }) => isWanted(entry))
    .map((placed) => nodeFile(placed, { ...rendering, notHere: withoutCa }));
}

/** The part that a generation is made of; needs no secrets. */
export function renderFrozenOverlay({ node, view, manifest }: OverlayInput): NodeFile[] {
  const overlays = overlaysOf(node, view);
  const variables = frozenVariables(node, view);
  checkVars(node, overlays, variables.vars);
  const { remove, entries } = placeFrozen(overlays, manifest);
  const rendering = { shared: view.cluster, secrets: {}, variables, alike: alikeFor(variables, {}) };
  return [
    ...remove.map((glob): NodeFile => ({ kind: 'remove', glob })),
    ...entries.map((placed) => nodeFile(placed, { ...rendering, notHere: notFrozen(placed.entry) })),
  ];
}

/** sha256 over paths, owners, modes and content; the same for the same tree, whatever made it. */
export function overlayDigest(frozen: readonly NodeFile[]): string {
  const entries = frozen.map((file) =>
    canonicalJson(file.kind === 'file' ? { ...file, bytes: contentDigest(file.bytes) } : file),
  );
  return sha256(entries.toSorted().join('\n'));
}

/** A content that many nodes share is one object, and read once. */
const digests = new WeakMap<Uint8Array, string>();

function contentDigest(bytes: Uint8Array): string {
  const digest = digests.get(bytes) ?? sha256(bytes);
  digests.set(bytes, digest);
  return digest;
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

interface Rendering extends Pick<TextRequest, 'shared' | 'alike' | 'notHere'> {
  readonly secrets: SecretValues;
  readonly variables: FrozenVariables;
}

function nodeFile(placed: PlacedEntry, rendering: Rendering): NodeFile {
  switch (placed.kind) {
    case 'link':
      return { kind: 'link', path: placed.entry.path, target: placed.entry.target };
    case 'directory':
      return { kind: 'directory', ...placed.attributes };
    case 'secret':
      return {
        kind: 'file',
        ...placed.attributes,
        isSecret: true,
        bytes: rendering.secrets[placed.entry.secret] ?? new Uint8Array(),
      };
    case 'file':
      return { kind: 'file', ...placed.attributes, bytes: contentOf(placed, rendering) };
    default:
      return unreachable(placed);
  }
}

function contentOf({ entry, source }: Extract<PlacedEntry, { kind: 'file' }>, rendering: Rendering): Uint8Array {
  const { text: key } = entry;
  if (!key.isTemplate) return key.bytes;
  return renderText({ ...rendering, own: rendering.variables.node, key, text: key.bytes, source });
}

function notFrozen(entry: OverlayEntry): Readonly<Record<string, string>> {
  const reason =
    `It changes with other nodes, so only live files see it: write "${entry.path}: { live: true }" ` +
    `under files: in overlays/${entry.overlay}/overlay.yaml.`;
  return Object.fromEntries(liveOnlyNames.map((name) => [name, reason]));
}

const withoutCa = { ssh: 'Write needs: { secrets: [sshCaPublicKey] } in overlay.yaml.' };
