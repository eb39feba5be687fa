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
import { alikeFor, frozenVariables, liveVariables, roleOf, tablesOf } from './overlay-variables.ts';
import { renderText, type Sight } from './overlay-text.ts';

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
  const rendering = { shared, own: variables.node, secrets, variables, alike: alikeFor(variables) };
  return placeLive(overlays, manifest)
    .filter(({ entry }) => isWanted(entry))
    .flatMap((placed) => nodeFile(placed, rendering));
}

/** The part that a generation is made of; needs no secrets. */
export function renderFrozenOverlay({ node, view, manifest }: OverlayInput): NodeFile[] {
  const overlays = overlaysOf(node, view);
  const variables = frozenVariables(node, view);
  checkVars(node, overlays, variables.vars);
  const { remove, entries } = placeFrozen(overlays, manifest);
  const shared = view.cluster;
  const rendering = { shared, own: variables.node, secrets: {}, variables, alike: alikeFor(variables) };
  return [...remove, ...entries.flatMap((placed) => nodeFile(placed, rendering))];
}

/** Where the frozen part has something, sorted. */
export function frozenPaths({ node, view, manifest }: OverlayInput): string[] {
  return placeFrozen(overlaysOf(node, view), manifest).entries.map(({ entry }) => entry.path);
}

/** sha256 over paths, owners, modes and content; the same for the same tree, whatever made it. */
export function overlayDigest(frozen: readonly NodeFile[]): string {
  return sha256(frozen.map(digestLine).toSorted().join('\n'));
}

/** A file that many nodes share is one object, and read once. */
const digestLines = new WeakMap<NodeFile, string>();

function digestLine(file: NodeFile): string {
  const known = digestLines.get(file);
  if (known !== undefined) return known;
  const line = canonicalJson(file.kind === 'file' ? { ...file, bytes: sha256(file.bytes) } : file);
  digestLines.set(file, line);
  return line;
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

interface Rendering extends Sight {
  readonly secrets: SecretValues;
}

const noSecret = new Uint8Array();

/** None where its template has nothing to say on this node. */
function nodeFile(placed: PlacedEntry, rendering: Rendering): NodeFile | [] {
  switch (placed.kind) {
    case 'fixed':
      return placed.file;
    case 'secret':
      return placed.fileWith(rendering.secrets[placed.secret] ?? noSecret);
    case 'template': {
      const bytes = renderText(placed, rendering);
      return bytes.byteLength === 0 && mayBeSkipped(placed.entry) ? [] : placed.fileWith(bytes);
    }
    default:
      return unreachable(placed);
  }
}

function mayBeSkipped(entry: OverlayEntry): boolean {
  return entry.kind === 'file' && entry.spec?.skipEmpty === true;
}
