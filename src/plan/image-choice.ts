/** Which version does a role or a node boot, where somebody has chosen another one than cluster.yaml says? */
import type { Cluster, Role } from '../model/cluster.ts';
import { NotFoundError, RefusedError } from '../model/errors.ts';
import { didYouMean } from '../model/nearest.ts';
import type { ImageChoice, State } from '../model/state.ts';
import type { ClusterView } from '../model/view.ts';
import { chooseImage } from './choose-image.ts';

type Choices = State['imageChoices'];

const chosen = new WeakMap<Cluster, WeakMap<Choices, Cluster>>();

/** The cluster with the chosen versions in its roles; the same object for the same two. */
export function withChosenImages(cluster: Cluster, choices: Choices): Cluster {
  if (Object.keys(choices).length === 0) return cluster;
  const known = chosen.get(cluster) ?? new WeakMap<Choices, Cluster>();
  chosen.set(cluster, known);
  const made = known.get(choices) ?? { ...cluster, roles: chosenRoles(cluster.roles, choices) };
  known.set(choices, made);
  return made;
}

function chosenRoles(roles: Cluster['roles'], choices: Choices): Cluster['roles'] {
  const entries = Object.entries(roles).map(([name, role]) => {
    const image = chosenReference(role.image, choices[roleTarget(name)]);
    return [name, image === role.image ? role : Object.assign({}, role, { image })] as const;
  });
  return Object.fromEntries(entries);
}

export const roleTarget = (role: string) => `role/${role}`;
export const nodeTarget = (node: string) => `node/${node}`;

/** The image must be that of its role; the version need not. */
export function withNodeImage(role: Role, choice: ImageChoice | undefined): Role {
  if (choice === undefined || role.image.split('@')[0] !== choice.image) return role;
  return { ...role, image: `${choice.image}@${choice.version}` };
}

/** cluster.yaml has the last word: a choice counts as long as it says the same image, and no version. */
function chosenReference(reference: string, choice: ImageChoice | undefined): string {
  return choice !== undefined && reference === choice.image ? `${choice.image}@${choice.version}` : reference;
}

/** What a rollback changes: a role, or one node of it. */
export interface ChoiceTarget {
  /** Key of the choice. */
  readonly target: string;
  /** `role compute` */
  readonly who: string;
  readonly image: string;
  /** What it boots now. */
  readonly version: string;
}

/** @throws NotFoundError, RefusedError when cluster.yaml says the version, ConfigError when there is none */
export function choiceTarget(name: string, view: ClusterView, choices: Choices): ChoiceTarget {
  const node = view.nodes.find((candidate) => candidate.name === name);
  const role = view.cluster.roles[name];
  if (role === undefined && node === undefined) {
    const known = [...Object.keys(view.cluster.roles), ...view.nodes.map((each) => each.name)];
    throw new NotFoundError(`there is no role or node ${name}${didYouMean(name, known)}`, {
      hint: `Roles are: ${Object.keys(view.cluster.roles).join(', ')}.`,
    });
  }
  if (role !== undefined && node !== undefined) {
    throw new RefusedError(`${name} is a role and a node`, { hint: 'Give one of them another name.' });
  }
  if (role !== undefined) return targetOfRole(name, role, view, choices[roleTarget(name)]);
  const ofNode = withNodeImage(view.cluster.roles[node?.role ?? ''] ?? noRole(name), choices[nodeTarget(name)]);
  const { name: image, version } = chooseImage(ofNode.image, view.images);
  return { target: nodeTarget(name), who: `node ${name}`, image, version };
}

function targetOfRole(name: string, role: Role, view: ClusterView, choice: ImageChoice | undefined): ChoiceTarget {
  const { name: image, version } = chooseImage(role.image, view.images);
  const isChosen = choice !== undefined && role.image === `${choice.image}@${choice.version}`;
  if (role.image.includes('@') && !isChosen) {
    throw new RefusedError(`cluster.yaml pins role ${name} to ${role.image}`, {
      hint: `Change the version there, or write "image: ${image}" to choose it with this command.`,
    });
  }
  return { target: roleTarget(name), who: `role ${name}`, image, version };
}

function noRole(node: string): never {
  throw new RefusedError(`the role of ${node} does not exist`);
}

/**
 * @param wanted `previous`, `newest`, or the name of a version
 * @returns undefined: the newest one, or what the role boots, whichever that will be
 * @throws RefusedError, NotFoundError
 */
export function planChoice(
  { who, image, version: now }: ChoiceTarget,
  wanted: string,
  images: ClusterView['images'],
): ImageChoice | undefined {
  if (wanted === 'newest') return undefined;
  const versions = (images.get(image) ?? []).map(({ version }) => version);
  const version = wanted === 'previous' ? versions[versions.indexOf(now) + 1] : wanted;
  if (version === undefined) {
    throw new RefusedError(`there is no version of ${image} before ${now}, which ${who} boots`, {
      hint: `See "pi-image image list ${image}".`,
    });
  }
  if (!versions.includes(version)) {
    throw new NotFoundError(`the image ${image} has no version ${version}${didYouMean(version, versions)}`, {
      hint: `There are: ${versions.join(', ')}.`,
    });
  }
  return { image, version, ...(version !== now && { before: now }) };
}
