/** Operations of the running service: what is known of their nodes, and the part that carries them out. */
import type { BuildActions, OperationActions, RoleActions, RotationActions } from '../api/actions.ts';
import {
  usualDrainDeadlineSeconds,
  type AnyShownOperation,
  type AssignRequest,
  type ListedOperation,
  type OperationCounts,
  type ShownOperation,
} from '../api/schemas/operation.ts';
import type { RoleRequest } from '../api/schemas/role-request.ts';
import { runOperations, type ActiveNode, type NodeFacts, type OperationsDeps } from '../fleet/run-operations.ts';
import { cancelBuild } from '../fleet/image-build-start.ts';
import { cancelRotation } from '../fleet/munge-start.ts';
import { resumeOperation } from '../fleet/resume-operation.ts';
import { changeRole, type RoleFleet } from '../fleet/role-change.ts';
import { assignRole } from '../fleet/role-operation.ts';
import { holdOperations, releaseOperations } from '../fleet/hold-operations.ts';
import { unlessHeld } from '../fleet/unless-held.ts';
import { cancelOperation, startRoleChange, type RoleAssignment } from '../fleet/start-operation.ts';
import type { ChangeOptions } from '../model/change.ts';
import { defaultDeadlineMs } from '../model/cluster.ts';
import { NotFoundError } from '../model/errors.ts';
import type { Log } from '../model/log.ts';
import { nodeResults, type OperationNode } from '../model/operation.ts';
import { etagOf } from '../plan/etag.ts';
import { isActive } from '../plan/operation.ts';
import { listOperations, type OperationWithNodes } from '../plan/operation-list.ts';
import { lastGoodOf } from '../plan/fall-back.ts';
import { taggedOperation } from '../plan/resource-tags.ts';
import { slurmPart } from '../plan/role-change-side.ts';
import type { Part } from '../serve/supervise.ts';
import { nodeAnswers } from './node-answers.ts';
import { buildActions, buildNamed, listedBuilds } from './wire-up-builds.ts';
import { listedRotations, rotationActions, rotationNamed } from './wire-up-munge.ts';
import { serviceFleet } from './wire-up-nodes.ts';
import type { Service } from './wire-up.ts';

const now = () => Date.now();

export function operationsPart(service: Service, log: Log, lookEveryMs?: number): Part {
  const { state, slurm } = service;
  const deps: OperationsDeps = {
    fleet: serviceFleet(service),
    state,
    factsOf: (active) => factsOf(service, active),
    slurm,
    now,
    log,
  };
  const run: Part['run'] = (signal, ready) => {
    ready();
    return unlessHeld(state, signal, (released) => runOperations(deps, released, lookEveryMs));
  };
  return { name: 'operations', run };
}

function factsOf(service: Service, active: readonly ActiveNode[]): ReadonlyMap<string, NodeFacts> {
  const { site, boots, reboots } = service;
  const view = site.view();
  const byName = new Map(active.map((each) => [each.node.node, each]));
  const nodes = view.nodes.filter(({ name }) => byName.has(name));
  const fleet = serviceFleet(service);
  const facts = nodeAnswers(service, nodes).flatMap(({ name, mac, role: current, status }) => {
    const each = byName.get(name);
    if (each === undefined) return [];
    const { role, startedAtMs } = each.operation;
    const own = boots.ofNode(name);
    const failure = reboots.failure(name);
    const known: NodeFacts = {
      status,
      lastBoot: own.at(-1),
      boots: own.filter((boot) => boot.startedAtMs >= startedAtMs),
      reboot: fleet.reboots.decide(name),
      isSwitched: fleet.reboots.cycleOf?.(name) !== undefined,
      rebootFailed: failure && { reason: failure.reason, hint: failure.hint },
      bootDeadlineMs: view.cluster.roles[current]?.deadline ?? defaultDeadlineMs,
      isInHoldBoot: mac !== undefined && service.holds.hears(mac),
      lastGood: lastGood(service, each.node),
      wasCompute: slurmPart(each.node.from, view) === 'compute',
      isCompute: slurmPart(role, view) === 'compute',
    };
    return [[name, known] as const];
  });
  return new Map(facts);
}

function lastGood({ site, boots }: Service, { node: name, from, before }: OperationNode): NodeFacts['lastGood'] {
  const view = site.view();
  const node = view.nodes.find((each) => each.name === name);
  const sources = { view, boots: boots.ofNode(name), generation: boots.generation };
  return node && lastGoodOf({ ...node, role: from }, before, sources);
}

type ServiceOperations = OperationActions & RotationActions & BuildActions & Pick<RoleActions, 'setRole'>;

export function operationActions(service: Service): ServiceOperations {
  const { state } = service;
  const fleet = serviceFleet(service);
  return {
    ...rotationActions(service),
    ...buildActions(service),
    operations: () =>
      [...listOperations(state.current()).map(listed), ...listedRotations(service), ...listedBuilds(service)].toSorted(
        (a, b) => Number(b.id) - Number(a.id),
      ),
    operation: (id) => {
      const answer = operationNamed(service, id);
      return { answer, etag: etagOf(taggedOperation(answer)) };
    },
    setRole: (name, wanted, options) => setRole(name, wanted, options, fleet),
    assignRole: (role, wanted, options) => startRoleChange(assignment(role, wanted), options, fleet, now),
    resumeOperation: (id, options) => resumeOperation(id, options, fleet),
    holdOperations: (options) => holdOperations(options, fleet, now),
    releaseOperations: (options) => releaseOperations(options, fleet),
    cancelOperation: (id, options) => {
      if (buildNamed(service, id) !== undefined) return cancelBuild(id, options, fleet);
      const isRotation = rotationNamed(service, id) !== undefined;
      return isRotation ? cancelRotation(id, options, fleet) : cancelOperation(id, options, fleet);
    },
  };
}

function operationNamed(service: Service, id: string): AnyShownOperation {
  const other = rotationNamed(service, id) ?? buildNamed(service, id);
  if (other !== undefined) return other;
  const found = listOperations(service.state.current()).find(({ operation }) => operation.id === id);
  if (found !== undefined) return shown(found);
  throw new NotFoundError(`there is no operation ${id}`, { hint: 'See "pi-image operation list".' });
}

function setRole(name: string, wanted: RoleRequest, options: ChangeOptions, fleet: RoleFleet) {
  const { role, reboot = false, drain, drainDeadlineSeconds = usualDrainDeadlineSeconds, retry = false } = wanted;
  if (drain === undefined) return changeRole(name, { role, reboot }, options, fleet);
  const operation = { role, drain, drainDeadlineMs: drainDeadlineSeconds * 1000, retry };
  return assignRole(name, operation, options, { fleet, now });
}

function assignment(role: string, wanted: AssignRequest): RoleAssignment {
  const { nodes, drain, drainDeadlineSeconds, maxUnavailable, retry } = wanted;
  const most = Number.parseInt(maxUnavailable, 10);
  return {
    role,
    nodes,
    drain,
    drainDeadlineMs: drainDeadlineSeconds * 1000,
    maxUnavailable: maxUnavailable.endsWith('%') ? { percent: most } : { count: most },
    retry,
  };
}

function listed({ operation, nodes }: OperationWithNodes): ListedOperation {
  return { ...operation, nodes: nodes.map(({ node }) => node), counts: countsOf(nodes) };
}

function shown({ operation, nodes }: OperationWithNodes): ShownOperation {
  return { ...operation, nodes: nodes.map(({ operation: _id, ...node }) => node), counts: countsOf(nodes) };
}

function countsOf(nodes: readonly OperationNode[]): OperationCounts {
  const ended = nodeResults.map((result) => [result, nodes.filter((node) => node.result === result).length] as const);
  const running = nodes.filter(isActive).length;
  const waiting = nodes.filter(({ steps, result }) => steps.length === 0 && result === undefined).length;
  return { waiting, running, ...(Object.fromEntries(ended) as Omit<OperationCounts, 'waiting' | 'running'>) };
}
