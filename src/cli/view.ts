/** Reads everything that decisions are made from: what the owner wrote, what the store holds, what the state says. */

import {
  listImageSpecs,
  readBoardTemplates,
  readCluster,
  readImageSpec,
  readOverlays,
  type ClusterFile,
} from '../host/config-files.ts';
import { persistentDir, squashDir } from '../host/image-store.ts';
import { listTrees } from '../host/persistent-tree.ts';
import { listSquashes } from '../host/squashfs.ts';
import { readBoots, readState } from '../host/state-file.ts';
import { listTrustedImages } from '../host/trusted-images.ts';
import { ConfigError } from '../model/errors.ts';
import type { NodeSpec } from '../model/node.ts';
import { placeProblems, ProblemsError, type Place } from '../model/problem.ts';
import type { MadeRoots } from '../model/root-mode.ts';
import { nodesWithMacs } from '../model/state.ts';
import type { ClusterView } from '../model/view.ts';
import { checkCluster } from '../plan/check-cluster.ts';
import { atLearnedAddresses, hasOwnAddresses, learnedAddresses } from '../plan/learned-addresses.ts';
import { withChosenImages } from '../plan/image-choice.ts';
import type { KnownImage, KnownParts } from '../plan/known-parts.ts';
import { learnedMemory } from '../plan/root-mode.ts';
import type { Paths } from './context.ts';

/** Read, and not yet compared with each other. */
export interface Sources {
  readonly clusterFile: ClusterFile;
  readonly view: ClusterView;
  /** As they were applied: without the MACs and addresses that were learned. */
  readonly applied: readonly NodeSpec[];
  readonly known: KnownParts;
}

export async function readSources(paths: Paths): Promise<Sources> {
  const clusterFile = await readCluster(paths.config);
  const overlays = await readOverlays(paths.dataDirs);
  const boardTemplates = await readBoardTemplates(paths.dataDirs);
  const { images } = await listTrustedImages(paths.state);
  const state = await readState(paths.state);
  const { cluster } = clusterFile;
  const learned = hasOwnAddresses(cluster) ? new Map() : learnedAddresses((await readBoots(paths.state)).boots);
  const nodes = atLearnedAddresses(nodesWithMacs(state), learned);
  const roots = await readMadeRoots(paths.state);
  const { imageChoices } = state;
  const chosen = { cluster: withChosenImages(cluster, imageChoices), imageChoices };
  const view: ClusterView = { ...chosen, nodes, images, overlays, boardTemplates, roots };
  return { clusterFile, view, applied: state.nodes, known: { overlays, images: await knownImages(paths, images) } };
}

/** What the service has made for root modes. */
export async function readMadeRoots(state: string): Promise<MadeRoots> {
  return {
    squashes: await listSquashes(squashDir(state)),
    trees: await listTrees(persistentDir(state)),
    memoryMib: learnedMemory((await readBoots(state)).boots),
  };
}

/** The whole site from the files, as a service that starts now would see it. */
export async function readView(paths: Paths): Promise<ClusterView> {
  const { clusterFile, view, known } = await readSources(paths);
  refuseProblems(clusterFile, known);
  return view;
}

/** What the owner wrote, without what was chosen since: that the service knows itself. */
export async function readConfig(paths: Paths): Promise<ClusterView> {
  const { clusterFile, view, known } = await readSources(paths);
  refuseProblems(clusterFile, known);
  return { ...view, cluster: clusterFile.cluster };
}

/** Nodes of the state file stand in no text of a person: the name of the node is the place. */
export function placeInState(view: ClusterView): Place {
  return ([index, ...keys]) => {
    const name = view.nodes[Number(index)]?.name ?? '';
    return { file: 'nodes', line: undefined, key: [name, ...keys].join('.') };
  };
}

function refuseProblems({ cluster, place }: ClusterFile, known: KnownParts): void {
  const problems = checkCluster(cluster, known);
  if (problems.length > 0) throw new ProblemsError(placeProblems(problems, place));
}

/** What is published counts; before the first build, what image.yaml says. */
async function knownImages(paths: Paths, published: ClusterView['images']): Promise<KnownParts['images']> {
  const specs = await listImageSpecs(paths.dataDirs);
  const names = [...new Set([...specs.keys(), ...published.keys()])].toSorted();
  const known = await Promise.all(
    names.map(async (name): Promise<KnownImage> => {
      const newest = published.get(name)?.[0];
      return { boards: newest === undefined ? await boardsOfSpec(paths, name) : newest.boards };
    }),
  );
  return new Map(names.map((name, index) => [name, known[index] ?? { boards: undefined }]));
}

/** A broken image.yaml is told by "config check" and by the build; it stops nothing that runs. */
async function boardsOfSpec(paths: Paths, name: string): Promise<KnownImage['boards']> {
  try {
    return (await readImageSpec(paths.dataDirs, name)).spec.boards;
  } catch (error) {
    if (error instanceof ConfigError) return undefined;
    throw error;
  }
}
