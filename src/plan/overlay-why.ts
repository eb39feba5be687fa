/** Where does a file of a node come from? Every overlay of its role that has something to say of it, in their order. */
import type { NodeSpec } from '../model/node.ts';
import type { OverlaySource } from '../model/overlay-source.ts';
import type { ClusterView } from '../model/view.ts';
import { sourceOf } from './overlay-entries.ts';
import { entriesOf, isRemoved, mergeOverlays, type OverlayEntry } from './overlay-merge.ts';
import { scopeOf, type TextScope } from './overlay-text.ts';
import { unitNameOf } from './overlay-units.ts';
import { alikeFor, frozenVariables, roleOf, variableNames } from './overlay-variables.ts';

export interface Mention {
  readonly overlay: string;
  readonly how: 'brings' | 'removes' | 'enables' | 'masks';
  /** As the administrator finds it. */
  readonly source: string;
}

export interface WhyPath {
  readonly node: string;
  readonly path: string;
  readonly role: string;
  /** The role's, in their order. */
  readonly overlays: readonly string[];
  /** What the node gets; undefined: no overlay brings it, so it is the image's, or nobody's. */
  readonly entry: OverlayEntry | undefined;
  /** Who says so. */
  readonly from: Mention | undefined;
  /** Those that say something else, and are not heard. */
  readonly hides: readonly Mention[];
  /** Of a template: for whom it is rendered, and what it reads. */
  readonly template: { readonly scope: TextScope; readonly reads: readonly string[] } | undefined;
}

/** @param path relative to the root of the node */
export function whyPath(node: NodeSpec, view: ClusterView, path: string): WhyPath {
  const { overlays: names } = roleOf(node, view);
  const overlays = names.flatMap((name) => view.overlays.get(name) ?? []);
  const entry = mergeOverlays(overlays).entries.find((each) => each.path === path);
  const mentions = overlays.flatMap((overlay) => mentionsOf(overlay, path));
  // Links of units are laid over all files.
  const ofUnits = overlays.flatMap((overlay) => unitMentions(overlay, path));
  const from = entry?.overlay === 'units' ? ofUnits.at(-1) : mentions.at(-1);
  const hides = [...mentions, ...ofUnits].filter((mention) => mention !== from);
  return {
    node: node.name,
    path,
    role: node.role,
    overlays: names,
    entry,
    from,
    hides,
    template: templateOf(entry, node, view),
  };
}

/** An overlay takes away what others before it brought, and then brings its own. */
function mentionsOf(overlay: OverlaySource, path: string): Mention[] {
  const { name, spec } = overlay;
  const globs = spec.remove.filter((glob) => isRemoved(path, [glob]));
  const entries = entriesOf(overlay).filter((entry) => entry.path === path);
  return [
    ...globs.map((glob): Mention => ({ overlay: name, how: 'removes', source: `remove: ${glob}` })),
    ...entries.map((entry): Mention => ({ overlay: name, how: 'brings', source: sourceOf(entry) })),
  ];
}

function unitMentions({ name, spec: { units } }: OverlaySource, path: string): Mention[] {
  const isMeant = (unit: string) => path === `etc/systemd/system/${unitNameOf(unit)}`;
  const isWanted = (unit: string) => path.endsWith(`.wants/${unitNameOf(unit)}`);
  return [
    ...units.enable.filter(isWanted).map((unit): Mention => ({ overlay: name, how: 'enables', source: unit })),
    ...units.mask.filter(isMeant).map((unit): Mention => ({ overlay: name, how: 'masks', source: unit })),
  ];
}

function templateOf(entry: OverlayEntry | undefined, node: NodeSpec, view: ClusterView): WhyPath['template'] {
  if (entry?.kind !== 'file' || !entry.text.isTemplate) return undefined;
  const file = { key: entry.text, source: sourceOf(entry) };
  const alike = alikeFor(frozenVariables(node, view));
  // The authority is the cluster's, and no secret is read here.
  return scopeOf(file, (name) => (name === 'ssh' ? '' : alike(name)), variableNames);
}
