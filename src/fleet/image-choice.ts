/** Which version of its image a role or a node boots, and which versions must stay: written down with an event. */
import type { ChangeOptions, Tagged } from '../model/change.ts';
import { NotFoundError, RefusedError } from '../model/errors.ts';
import { didYouMean } from '../model/nearest.ts';
import type { ImageChoice, State } from '../model/state.ts';
import type { ClusterView } from '../model/view.ts';
import { requireMatch } from '../plan/etag.ts';
import { choiceTarget, nodeTarget, planChoice } from '../plan/image-choice.ts';
import { whyQuarantined } from '../plan/quarantine.ts';
import { taggedRole, taggedVersion } from '../plan/resource-tags.ts';
import { requireNoRollout } from '../plan/rollout-list.ts';
import { commit, type Edited, type Fleet } from './fleet.ts';
import { withoutPin } from './generation-pins.ts';
import { plannedGeneration } from './planned-generation.ts';

type ImageFleet = Pick<Fleet, 'state' | 'viewOf'>;

export interface ImageChange {
  /** Role or node. */
  readonly name: string;
  readonly from: string;
  readonly to: string;
  readonly dryRun: boolean;
  readonly isChanged: boolean;
  /** Those whose next boot it decides. */
  readonly nodes: string[];
}

interface WantedVersion {
  readonly version: string;
  /** Also what did not come up before. */
  readonly retry?: boolean | undefined;
}

/** The next boot of each of its nodes has that version; who runs goes on as it is. @throws NotFoundError, ChangedError, RefusedError */
export async function chooseVersion(
  name: string,
  wanted: WantedVersion,
  options: ChangeOptions,
  fleet: ImageFleet,
): Promise<Tagged<ImageChange>> {
  const { answer } = await commit(fleet, (before) => choose(name, wanted, options, { before, fleet }), options);
  return { answer, etag: undefined };
}

function choose(
  name: string,
  { version: wanted, retry = false }: WantedVersion,
  { by, dryRun, ifMatch }: ChangeOptions,
  { before, fleet }: { before: State; fleet: ImageFleet },
): Edited<ImageChange> {
  const view = fleet.viewOf(before);
  const target = choiceTarget(name, view, before.imageChoices);
  requireMatch(target.who, taggedTarget(name, view), ifMatch);
  const followers = view.nodes.filter((node) => node.name === name || node.role === name);
  for (const role of new Set([name, ...followers.map((node) => node.role)])) requireNoRollout(role, before);
  const choice = planChoice(target, wanted, view.images);
  const from = `${target.image}@${target.version}`;
  const to = choice === undefined ? defaultOf(target, view) : `${choice.image}@${choice.version}`;
  const nodes = followers.map((node) => node.name);
  const held = nodes.filter((node) => before.generationPins[node] !== undefined);
  const isOther = from !== to || (choice === undefined) !== (before.imageChoices[target.target] === undefined);
  const isChanged = isOther || held.length > 0;
  const answer = { name, from, to, dryRun, isChanged, nodes };
  if (!isChanged) return { state: before, events: [], answer };
  if (!isOther && !retry) refuseQuarantined(held, view, before);
  const kind = target.target === nodeTarget(name) ? 'node.image-set' : 'role.image-set';
  const where = target.target === nodeTarget(name) ? { node: name } : {};
  const events = [
    ...(isOther ? [{ kind, ...where, fields: { name, from, to, by } }] : []),
    // What they were held at would go before it.
    ...held.map((node) => ({ kind: 'node.released', node, fields: { by } })),
  ];
  const generationPins = held.reduce(withoutPin, before.generationPins);
  return { state: withChoice({ ...before, generationPins }, target.target, choice), events, answer };
}

const taggedTarget = (name: string, view: ClusterView) =>
  view.nodes.find((each) => each.name === name) ?? taggedRole(name, view);

/** Nodes that are let go would boot what they would boot now. */
function refuseQuarantined(held: readonly string[], view: ClusterView, { quarantine }: State): void {
  const known = new Set(Object.values(quarantine).map(({ node }) => node));
  // Planning takes a while, and a whole role may be held.
  for (const node of held.filter((name) => known.has(name))) {
    const id = plannedGeneration(node, view);
    const bad = id === undefined ? undefined : quarantine[id];
    if (bad === undefined) continue;
    throw new RefusedError(whyQuarantined(node, bad), {
      hint: 'Correct its overlays, its image or its role, or name another version; or try the same again with --retry.',
    });
  }
}

/** What it boots without a choice of its own. */
function defaultOf(
  { target, image }: { target: string; image: string },
  { cluster, nodes, images }: ClusterView,
): string {
  const node = nodes.find(({ name }) => nodeTarget(name) === target);
  const [, version] = (node === undefined ? '' : (cluster.roles[node.role]?.image ?? '')).split('@');
  return `${image}@${version ?? images.get(image)?.[0]?.version ?? ''}`;
}

function withChoice(state: State, target: string, choice: ImageChoice | undefined): State {
  const { [target]: _before, ...others } = state.imageChoices;
  return { ...state, imageChoices: choice === undefined ? others : { ...others, [target]: choice } };
}

export interface PinChange {
  readonly image: string;
  readonly version: string;
  readonly isPinned: boolean;
  readonly dryRun: boolean;
  readonly isChanged: boolean;
}

/** A pinned version is never removed by a clean-up. @throws NotFoundError */
export async function pinVersion(
  id: { readonly image: string; readonly version: string },
  wanted: { readonly isPinned: boolean },
  options: ChangeOptions,
  fleet: ImageFleet,
): Promise<Tagged<PinChange>> {
  const { answer } = await commit(fleet, (before) => pin(id, wanted.isPinned, options, { before, fleet }), options);
  return { answer, etag: undefined };
}

function pin(
  { image, version }: { image: string; version: string },
  isPinned: boolean,
  { by, dryRun, ifMatch }: ChangeOptions,
  { before, fleet }: { before: State; fleet: ImageFleet },
): Edited<PinChange> {
  const key = `${image}@${version}`;
  requireMatch(key, taggedVersion(image, version, before.imagePins[key] !== undefined), ifMatch);
  if (isPinned) requireVersion(image, version, fleet.viewOf(before));
  const isChanged = isPinned !== (before.imagePins[key] !== undefined);
  const answer = { image, version, isPinned, dryRun, isChanged };
  if (!isChanged) return { state: before, events: [], answer };
  const { [key]: _before, ...others } = before.imagePins;
  const imagePins = isPinned ? { ...others, [key]: { by } } : others;
  const events = [{ kind: isPinned ? 'image.pinned' : 'image.unpinned', fields: { image: key, by } }];
  return { state: { ...before, imagePins }, events, answer };
}

function requireVersion(image: string, version: string, { images }: ClusterView): void {
  const versions = images.get(image)?.map((manifest) => manifest.version) ?? [];
  if (versions.includes(version)) return;
  throw new NotFoundError(`there is no ${image}@${version}${didYouMean(version, versions)}`, {
    hint: versions.length === 0 ? 'See "pi-image image list".' : `There are: ${versions.join(', ')}.`,
  });
}
