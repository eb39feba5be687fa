/** What does a rollout bring to which nodes of a role, and what do the others keep? */
import { ConfigError, NotFoundError, PiImageError, RefusedError } from '../model/errors.ts';
import type { ImageChoice, State } from '../model/state.ts';
import { didYouMean } from '../model/nearest.ts';
import type { NodeSpec } from '../model/node.ts';
import type { NodeStatus } from '../model/node-status.ts';
import type { Rollout, RolloutTarget } from '../model/rollout.ts';
import type { ClusterView } from '../model/view.ts';
import { planGeneration } from './generation.ts';
import { choiceTarget, nodeTarget, planChoice } from './image-choice.ts';
import { RootNotMadeError } from './root-mode.ts';

export interface TargetSources {
  readonly view: ClusterView;
  readonly state: Pick<State, 'imageChoices' | 'generationPins'>;
  /** By name of the node. */
  readonly statuses: ReadonlyMap<string, Pick<NodeStatus, 'state' | 'running'>>;
  /** Whether a generation can be booted again. */
  readonly isKept: (generation: string) => boolean;
}

export interface PlannedTarget {
  readonly target: RolloutTarget;
  /** Of an image: what the others keep. */
  readonly from: string | undefined;
  readonly nodes: readonly PlannedNode[];
  readonly leftOut: Rollout['leftOut'];
}

interface PlannedNode {
  readonly node: string;
  /** Generation that it is to boot; undefined while its root has still to be made. */
  readonly after: string | undefined;
  /** That it runs, of an overlay. */
  readonly before?: { readonly generation: string; readonly image: string };
}

export type WantedTarget =
  /** undefined: the newest version of the role's image. */
  | { readonly kind: 'image'; readonly role: string; readonly image?: string | undefined }
  | { readonly kind: 'overlay'; readonly role: string };

/** @throws NotFoundError, RefusedError, ConfigError */
export function planTarget(wanted: WantedTarget, sources: TargetSources): PlannedTarget {
  const { cluster } = sources.view;
  if (!Object.hasOwn(cluster.roles, wanted.role)) {
    const known = Object.keys(cluster.roles);
    throw new NotFoundError(`there is no role ${wanted.role}${didYouMean(wanted.role, known)}`, {
      hint: `Roles are: ${known.join(', ')}.`,
    });
  }
  const planned = wanted.kind === 'image' ? planImage(wanted, sources) : planOverlay(wanted.role, sources);
  if (planned.nodes.length > 0) return planned;
  const [first] = planned.leftOut;
  throw new RefusedError(
    first === undefined ? `no node has the role ${wanted.role}` : `no node of ${wanted.role} can take it now`,
    first && { hint: `${first.node}: ${first.reason}.` },
  );
}

type Candidate = PlannedNode | Rollout['leftOut'][number];

function sorted(candidates: readonly Candidate[]): Pick<PlannedTarget, 'nodes' | 'leftOut'> {
  return {
    nodes: candidates.filter((each): each is PlannedNode => 'after' in each),
    leftOut: candidates.flatMap((each) => ('reason' in each ? [each] : [])),
  };
}

const membersOf = (role: string, { nodes }: ClusterView) =>
  nodes.filter((node) => node.role === role).toSorted((one, other) => (one.name < other.name ? -1 : 1));

function planImage(
  { role, image }: { readonly role: string; readonly image?: string | undefined },
  sources: TargetSources,
): PlannedTarget {
  const { view, state } = sources;
  const now = choiceTarget(role, view, state.imageChoices);
  requireFollows(role, view);
  const choice = planChoice(now, wantedVersion(image, now.image, view), view.images);
  if (choice === undefined) throw new ConfigError(`there is no version of the image ${now.image}`);
  const from = versionBefore({ role, now: now.version, to: choice }, sources);
  const candidates = membersOf(role, view).map((node) => imageCandidate(node, choice, sources));
  const target: RolloutTarget = { kind: 'image', role, image: `${choice.image}@${choice.version}` };
  return { target, from: `${choice.image}@${from}`, ...sorted(candidates) };
}

/** A node that keeps the tree it has would boot the old version and be called done. */
function requireFollows(role: string, { cluster }: ClusterView): void {
  const known = cluster.roles[role];
  if (known?.root !== 'persistent' || known.persistent?.upgrade === 'reset') return;
  throw new RefusedError(`nodes of ${role} keep their own trees, whatever version its image has`, {
    hint: 'Write "persistent: { upgrade: reset }" to give them new ones.',
  });
}

function wantedVersion(reference: string | undefined, image: string, { images }: ClusterView): string {
  const newest = images.get(image)?.[0]?.version ?? 'newest';
  if (reference === undefined) return newest;
  const [name, version] = reference.split('@');
  if (name === image) return version ?? newest;
  throw new RefusedError(`the role has the image ${image}, not ${name}`, {
    hint: 'Another image is a change of cluster.yaml, or of roles: a rollout brings another version.',
  });
}

/** What others boot until their turn comes. A version that was just built is what the role would boot already. */
function versionBefore(
  { role, now, to }: { readonly role: string; readonly now: string; readonly to: ImageChoice },
  { view, statuses }: TargetSources,
): string {
  if (now !== to.version) return now;
  const version = mostRun(role, to, { view, statuses });
  if (version === undefined) {
    throw new RefusedError(`no node of ${role} is known to run another version than ${to.image}@${to.version}`, {
      hint: `Build another version first, "pi-image build ${to.image}", or name one: "--image"; see "pi-image image list".`,
    });
  }
  if (view.images.get(to.image)?.some((manifest) => manifest.version === version) === true) return version;
  throw new RefusedError(`${to.image}@${version}, which nodes of ${role} run, is gone: they could not go back to it`, {
    hint: 'Build or import that version again.',
  });
}

/** The other version that most of its nodes run. */
function mostRun(
  role: string,
  { image, version: to }: ImageChoice,
  { view, statuses }: Pick<TargetSources, 'view' | 'statuses'>,
): string | undefined {
  const counts = new Map<string, number>();
  for (const { name } of membersOf(role, view)) {
    const [of, version = ''] = statuses.get(name)?.running?.image.split('@') ?? [];
    if (of === image && version !== to) counts.set(version, (counts.get(version) ?? 0) + 1);
  }
  return [...counts].toSorted(([, one], [, other]) => other - one)[0]?.[0];
}

function imageCandidate(node: NodeSpec, choice: ImageChoice, { view, state, statuses }: TargetSources): Candidate {
  const { name } = node;
  const own = state.imageChoices[nodeTarget(name)];
  if (own !== undefined && own.rollout === undefined)
    return { node: name, reason: `it has a version of its own, ${own.version}` };
  const pin = state.generationPins[name];
  if (pin !== undefined) return { node: name, reason: `it is held at generation ${pin.generation.slice(0, 12)}` };
  const why = notUp(name, statuses);
  if (why !== undefined) return { node: name, reason: `${why}; it takes what its role boots when it is switched on` };
  const imageChoices = { ...view.imageChoices, [nodeTarget(name)]: choice };
  const wanted = generationOf(node, { ...view, imageChoices });
  return 'reason' in wanted ? { node: name, reason: wanted.reason } : { node: name, after: wanted.id };
}

function notUp(name: string, statuses: TargetSources['statuses']): string | undefined {
  const state = statuses.get(name)?.state ?? 'new';
  return state === 'ready' || state === 'up' ? undefined : `it is ${state}`;
}

/** `id` is undefined where its root has still to be made: the service makes it when the node is to have it. */
type Wanted =
  { readonly id: string; readonly image: string } | { readonly id: undefined } | { readonly reason: string };

function generationOf(node: NodeSpec, view: ClusterView): Wanted {
  try {
    const { id, image } = planGeneration(node, view);
    return { id, image: `${image.name}@${image.version}` };
  } catch (error) {
    if (error instanceof RootNotMadeError) return { id: undefined };
    if (!(error instanceof PiImageError)) throw error;
    return { reason: error.message };
  }
}

function planOverlay(role: string, sources: TargetSources): PlannedTarget {
  const candidates = membersOf(role, sources.view).map((node) => overlayCandidate(node, sources));
  return { target: { kind: 'overlay', role }, from: undefined, ...sorted(candidates) };
}

function overlayCandidate(node: NodeSpec, { view, state, statuses, isKept }: TargetSources): Candidate {
  const { name } = node;
  const pin = state.generationPins[name];
  if (pin !== undefined && !isHeldByRollout(pin.by)) {
    return { node: name, reason: `it is held at generation ${pin.generation.slice(0, 12)}` };
  }
  const running = statuses.get(name)?.running;
  const why = notUp(name, statuses);
  if (running === undefined) return { node: name, reason: why ?? 'what it runs is not known' };
  const wanted = generationOf(node, view);
  if ('reason' in wanted) return { node: name, reason: wanted.reason };
  if (wanted.id === undefined) return { node: name, reason: 'its root is being made' };
  if (wanted.id === running.generation) return { node: name, reason: 'it runs what its overlays say' };
  requireSameImage(node, wanted.image, running.image);
  if (!isKept(running.generation)) return { node: name, reason: 'what it runs is not kept' };
  const before = { generation: running.generation, image: running.image };
  return why === undefined ? { node: name, after: wanted.id, before } : { node: name, reason: why, before };
}

const isHeldByRollout = (by: string): boolean => by.startsWith('rollout ');

function requireSameImage({ name, role }: NodeSpec, wanted: string, running: string): void {
  if (wanted === running) return;
  throw new RefusedError(`${name} would boot ${wanted}, and runs ${running}`, {
    hint: `Roll the version out first: "pi-image rollout start ${role}". One thing at a time can be taken back.`,
  });
}
