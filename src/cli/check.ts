/** Everything that a service start and the boots after it would refuse, found before: for "pi-image config check". */
import { listImageSpecs, readCluster, readImageSpec, readNodesFile, readOverlays } from '../host/config-files.ts';
import { readMachineNetwork } from '../host/machine-network.ts';
import { readNeighbourLimit } from '../host/neighbours.ts';
import type { Cluster } from '../model/cluster.ts';
import { ConfigError, HostError, PiImageError } from '../model/errors.ts';
import { inFileOrder, placeProblems, ProblemsError, type PlacedProblem, type Place } from '../model/problem.ts';
import { asWritten } from '../model/node-address.ts';
import type { ClusterView } from '../model/view.ts';
import { noteMemory } from '../plan/check-cluster-memory.ts';
import { noteNeighbours } from '../plan/check-cluster-neighbours.ts';
import { checkNodes } from '../plan/check-cluster-nodes.ts';
import { noteUnused } from '../plan/check-cluster-notes.ts';
import { imageName } from '../plan/check-cluster-roles.ts';
import { checkCluster } from '../plan/check-cluster.ts';
import { planGeneration } from '../plan/generation.ts';
import { renderOverlays } from '../plan/overlay.ts';
import { decideRoot, RootNotMadeError } from '../plan/root-mode.ts';
import type { Paths } from './context.ts';
import { requireExportsApart } from './exports-apart.ts';
import { standInSecrets } from '../plan/stand-ins.ts';
import { placeInState, readSources, type Sources } from './view.ts';

export interface Report {
  readonly problems: readonly PlacedProblem[];
  readonly notes: readonly PlacedProblem[];
}

/** @param nodesFile checked in the place of the nodes that the state has */
export async function checkConfig(paths: Paths, nodesFile: string | undefined, signal: AbortSignal): Promise<Report> {
  const broken = await findBroken(paths, nodesFile);
  if (broken.length > 0) return { problems: broken, notes: [] };
  const sources = await readSources(paths);
  const { cluster, place } = sources.clusterFile;
  const file = nodesFile === undefined ? undefined : await readNodesFile(nodesFile);
  const view: ClusterView = { ...sources.view, nodes: file?.nodes ?? sources.view.nodes.map(asWritten) };
  const nodePlace = file?.place ?? placeInState(sources.view);
  const problems = [
    ...placeProblems(checkCluster(cluster, sources.known), place),
    ...placeProblems(checkNodes(view.nodes, cluster, sources.known), nodePlace),
  ];
  const rendered = problems.length > 0 ? [] : renderAll(view, nodePlace);
  const notes = [
    ...noteUnused(cluster),
    ...noteMemory(view),
    ...noteUnbuilt(cluster, sources),
    ...(await noteMachine(cluster, signal)),
    ...(await noteFileSystems(paths, view)),
    ...noteNeighbours(cluster, view.nodes.length, await readNeighbourLimit()),
  ];
  return { problems: inFileOrder([...problems, ...rendered]), notes: inFileOrder(placeProblems(notes, place)) };
}

/** Each file for itself, so that one look shows all that cannot be read. */
async function findBroken(paths: Paths, nodesFile: string | undefined): Promise<PlacedProblem[]> {
  const images = await listImageSpecs(paths.dataDirs);
  const reads: (() => Promise<unknown>)[] = [
    () => readCluster(paths.config),
    () => readOverlays(paths.dataDirs),
    ...[...images.keys()].map((name) => () => readImageSpec(paths.dataDirs, name)),
    ...(nodesFile === undefined ? [] : [() => readNodesFile(nodesFile)]),
  ];
  const found: PlacedProblem[] = [];
  for (const read of reads) {
    try {
      await read();
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      found.push(...problemsOf(error));
    }
  }
  return found;
}

function problemsOf(error: PiImageError): readonly PlacedProblem[] {
  if (error instanceof ProblemsError) return error.problems;
  return [{ file: '', line: undefined, key: '', message: error.message, hint: error.hint }];
}

/** Templates, owners and boot files fail only when they are made: so they are, for every node with an image. */
function renderAll(view: ClusterView, place: Place): PlacedProblem[] {
  return view.nodes.flatMap((node, index) => {
    const reference = view.cluster.roles[node.role]?.image ?? '';
    if (!view.images.has(imageName(reference))) return [];
    try {
      const { manifest } = decideRoot(node, view);
      planGeneration(node, view);
      renderOverlays({ node, view, manifest, secrets: standInSecrets(node, view) });
      return [];
    } catch (error) {
      if (!(error instanceof PiImageError)) throw error;
      // The service makes it; no file of the owner's is wrong.
      if (error instanceof RootNotMadeError) return [];
      const because = error.cause instanceof Error ? `: ${error.cause.message}` : '';
      return [{ ...place([index]), message: `${error.message}${because}`, hint: error.hint }];
    }
  });
}

function noteUnbuilt({ roles }: Cluster, { view, known }: Sources) {
  const unbuilt = new Set(Object.values(roles).map((role) => imageName(role.image)));
  return [...unbuilt]
    .filter((name) => known.images.has(name) && !view.images.has(name))
    .map((name) => ({
      path: ['roles'],
      message: `image ${name} is not built yet: what its nodes boot is not checked`,
      hint: `Run "pi-image build ${name}".`,
    }));
}

/** The file may be meant for another machine: so these are no errors. */
async function noteMachine({ network }: Cluster, signal: AbortSignal) {
  const machine = await readMachineNetwork(signal).catch(ignoreHostError);
  if (machine === undefined) return [];
  const { interfaces } = machine;
  const found = interfaces.find(({ name }) => name === network.interface);
  if (found === undefined) {
    return [{ path: ['network', 'interface'], message: `this machine has no interface ${network.interface}` }];
  }
  const { address, prefixLength } = network.address;
  if (found.addresses.includes(`${address}/${prefixLength}`)) return [];
  const message = `${network.interface} of this machine does not have ${address}/${prefixLength}`;
  const hint = `Run "ip address add ${address}/${prefixLength} dev ${network.interface}" and make it permanent.`;
  return [{ path: ['network', 'address'], message, hint }];
}

/** A machine without images is not the storage node yet. */
async function noteFileSystems(paths: Paths, { cluster, images }: ClusterView) {
  if (images.size === 0) return [];
  try {
    await requireExportsApart(paths, cluster);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return [{ path: ['shares'], message: `the service will not start: ${error.message}`, hint: error.hint ?? '' }];
  }
}

/** Where iproute2 is missing, a service start says so; the files can be checked all the same. */
function ignoreHostError(error: unknown): undefined {
  if (!(error instanceof HostError)) throw error;
}
