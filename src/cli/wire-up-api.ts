/** What the API does: questions are answered from the running service, changes are made in its state. */
import type { ApiActions, ImageAnswer, NodeAnswer } from '../api/actions.ts';

import { checkShape } from '../model/check-shape.ts';
import { ConfigError, NotFoundError } from '../model/errors.ts';
import { didYouMean } from '../model/nearest.ts';
import type { NodeFile } from '../model/node-file.ts';
import { NodeList, type NodeSpec } from '../model/node.ts';
import { placeProblems, ProblemsError, type Place } from '../model/problem.ts';
import { checkNodes } from '../plan/check-cluster-nodes.ts';
import type { KnownImage, KnownParts } from '../plan/known-parts.ts';
import { decideNodeStatus, withoutToken } from '../plan/node-status.ts';
import { replaceNodes } from '../plan/state-changes.ts';
import type { Service } from './wire-up.ts';

export function apiActions(service: Service): ApiActions {
  const { site, boots, state, health } = service;
  const named = (name: string) => findNode(service, name);
  return {
    health: () => {
      const parts = health.parts();
      return { status: parts.every(({ problems }) => problems.length === 0) ? 'ok' : 'red', parts };
    },
    nodes: () => site.view().nodes.map((node) => nodeAnswer(service, node)),
    node: (name) => nodeAnswer(service, named(name)),
    plan: (name) => {
      const desired = site.desired(named(name));
      if (desired.kind === 'refused') throw new ConfigError(`${name} cannot boot: ${desired.reason}`);
      const { generation, overlay } = desired.frozen;
      return { node: name, generation, overlay: overlay.map(withoutContent) };
    },
    boots: (name) => {
      const { name: node } = named(name);
      return boots
        .all()
        .filter((boot) => boot.node === node)
        .map(withoutToken)
        .toReversed();
    },
    unknownBoards: () => state.current().unknownBoards,
    leases: () => [
      ...site.view().nodes.map(({ address, mac, name }) => ({ address, mac, node: name })),
      ...state.current().unknownBoards.map(({ address, mac }) => ({ address, mac, node: undefined })),
    ],
    images: () => imageAnswers(service),
    applyNodes: (input) => applyNodes(service, input),
  };
}

function findNode({ site }: Service, name: string): NodeSpec {
  const { nodes } = site.view();
  const node = nodes.find((candidate) => candidate.name === name);
  if (node !== undefined) return node;
  const known = nodes.map((candidate) => candidate.name);
  throw new NotFoundError(`there is no node ${name}${didYouMean(name, known)}`);
}

type StatusSources = Pick<Service, 'site' | 'boots' | 'heartbeats'>;

function nodeAnswer({ site, boots, heartbeats }: StatusSources, node: NodeSpec): NodeAnswer {
  const desired = site.desired(node);
  const ofNode = boots.all().filter((boot) => boot.node === node.name);
  const last = ofNode.at(-1);
  const status = decideNodeStatus({
    boots: ofNode,
    heartbeat: heartbeats.of(node.name),
    isSilent: last !== undefined && heartbeats.isSilent(last),
    desired: desired.kind === 'boots' ? desired.frozen.generation : undefined,
    refusal: desired.kind === 'refused' ? desired.reason : undefined,
    generations: boots.generations(),
  });
  return { ...node, status };
}

function withoutContent(file: NodeFile) {
  if (file.kind !== 'file') return file;
  const { bytes: _content, ...rest } = file;
  return rest;
}

function imageAnswers({ site, boots, heartbeats }: Service): ImageAnswer[] {
  const { nodes, images } = site.view();
  const users = new Map<string, Set<string>>();
  const use = (image: string | undefined, node: string) => {
    if (image !== undefined) users.set(image, (users.get(image) ?? new Set()).add(node));
  };
  for (const node of nodes) {
    const { status } = nodeAnswer({ site, boots, heartbeats }, node);
    use(status.desired?.image, node.name);
    use(status.running?.image, node.name);
  }
  return [...images.values()].flat().map(({ name, version, builtAt, boards, rootBytes }) => {
    const usedBy = [...(users.get(`${name}@${version}`) ?? [])];
    return { name, version, builtAt, boards, rootBytes, usedBy };
  });
}

async function applyNodes({ site, state }: Service, input: unknown): Promise<{ nodes: number }> {
  const shaped = checkShape(NodeList, input);
  if (shaped.kind === 'invalid') throw new ProblemsError(placeProblems(shaped.problems, placeIn(input)));
  const { cluster, overlays, images } = site.view();
  const known: KnownParts = {
    overlays,
    images: new Map(
      [...images].map(([name, versions]): [string, KnownImage] => [name, { boards: versions[0]?.boards }]),
    ),
  };
  const problems = checkNodes(shaped.value, cluster, known);
  if (problems.length > 0) throw new ProblemsError(placeProblems(problems, placeIn(input)));
  await state.update((current) => replaceNodes(current, shaped.value));
  return { nodes: shaped.value.length };
}

/** `nodes: node03.mac`, or `nodes: 2.mac` where the third has no name. */
function placeIn(input: unknown): Place {
  return ([index, ...rest]) => {
    const entry = Array.isArray(input) && typeof index === 'number' ? (input[index] as unknown) : undefined;
    const name = (entry as { name?: unknown } | null | undefined)?.name;
    const first = typeof name === 'string' ? name : index;
    return { file: 'nodes', line: undefined, key: [first, ...rest].filter((part) => part !== undefined).join('.') };
  };
}
