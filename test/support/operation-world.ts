/** Nodes that take orders, boot and run jobs, as far as an operation sees of it; every look is some seconds later. */
import {
  lookOnce,
  newOrders,
  type ActiveNode,
  type NodeFacts,
  type OperationsDeps,
} from '../../src/fleet/run-operations.ts';
import type { ClusterSlurm } from '../../src/fleet/slurm.ts';
import { holdBoot } from '../../src/model/generation-pin.ts';
import { HostError } from '../../src/model/errors.ts';
import type { Boot } from '../../src/model/boot.ts';
import { parseIpv4 } from '../../src/model/ipv4.ts';
import { parseMac } from '../../src/model/mac.ts';
import type { NodeSpec } from '../../src/model/node.ts';
import { withChosenImages } from '../../src/plan/image-choice.ts';
import { slurmPart } from '../../src/plan/role-change-side.ts';
import { parseSlurmNodes } from '../../src/plan/slurm-state.ts';
import { sampleFleet } from './sample-fleet.ts';
import { sampleNode } from './sample-view.ts';

const address = parseIpv4('10.42.0.11');
const log = { info: () => undefined, warn: () => undefined };
const lookMs = 5000;
const bootLooks = 3;

interface SimulatedNode {
  /** Role that it runs. */
  runs: string;
  /** And what exactly. */
  booted: Booted;
  boots: Boot[];
  /** What it has come up with in its role, and can be held at. */
  lastGood: Booted | undefined;
  looksToReady: number;
  isReady: boolean;
  isDrained: boolean;
  reason: string | undefined;
  /** So many looks until its last job ends; Infinity: never by itself. */
  jobLooks: number;
  /** It does not do what ssh tells it. */
  isDeaf: boolean;
}

interface Booted {
  readonly generation: string;
  readonly image: string;
}

/** @param version that nodes run when it begins; the sample's newest one unless given */
export async function operationWorld(
  names: readonly string[] = ['node01', 'node02', 'node03'],
  version = newestVersion,
) {
  const sample = await sampleFleet({ nodes: names.map(computeNode) });
  const { fleet: quiet, database } = sample;
  const told: string[] = [];
  const clock = { nowMs: 1_000_000 };
  const world = {
    badRoles: new Set<string>(),
    isControllerDown: false,
    /** What does not come up, beside bad roles. */
    isBad: (_name: string, _booted: Booted): boolean => false,
    /** Of the overlays: another edition is another generation. */
    edition: 1,
  };
  const nodes = new Map(names.map((name) => [name, simulated(name, clock.nowMs, bootedOf('compute', version, 1))]));
  const roleOf = (name: string) => database.state.current().nodes.find((node) => node.name === name)?.role ?? '';
  const of = (name: string) => nodes.get(name) as SimulatedNode;

  const desiredOf = (name: string): Booted => {
    const { imageChoices, generationPins } = database.state.current();
    const pin = generationPins[name];
    const role = roleOf(name);
    const choice = imageChoices[`node/${name}`] ?? imageChoices[`role/${role}`];
    return pin ?? bootedOf(role, choice?.version ?? newestVersion, world.edition);
  };
  const reboot = (name: string) => {
    const node = of(name);
    told.push(`reboot ${name}`);
    if (node.isDeaf) return;
    const role = roleOf(name);
    const booted = desiredOf(name);
    node.boots.push(boot(name, booted.generation, clock.nowMs));
    Object.assign(node, { runs: role, booted, isReady: false, looksToReady: bootLooks, jobLooks: 0 });
  };
  const slurm = simulatedSlurm({ nodes, told, isDown: () => world.isControllerDown });
  const fleet: OperationsDeps['fleet'] = {
    ...quiet,
    viewOf: (state) => {
      const view = quiet.viewOf(state);
      const { imageChoices } = state;
      return { ...view, cluster: withChosenImages(view.cluster, imageChoices), imageChoices };
    },
    reboots: { begin: reboot, decide: () => ({ kind: 'ssh', address }), isCurrent: () => false },
  };
  const statusOf = (name: string): NodeFacts['status'] => {
    const node = of(name);
    const hasFailed = node.boots.at(-1)?.closed?.reason === 'failed';
    return {
      state: node.isReady ? 'ready' : hasFailed ? 'failed' : 'booting',
      desired: desiredOf(name),
      running: { ...node.booted, role: node.runs },
    };
  };
  const factOf = ({ node: { node: name, from, before }, operation }: ActiveNode): readonly [string, NodeFacts] => {
    const { role } = operation;
    const view = fleet.viewOf(database.state.current());
    const facts: NodeFacts = {
      status: statusOf(name),
      lastBoot: of(name).boots.at(-1),
      boots: of(name).boots.filter((each) => each.startedAtMs >= operation.startedAtMs),
      reboot: { kind: 'ssh', address },
      isSwitched: false,
      rebootFailed: undefined,
      bootDeadlineMs: 300_000,
      isInHoldBoot: of(name).booted.generation === holdBoot,
      lastGood: before ?? of(name).lastGood,
      wasCompute: slurmPart(from, view) === 'compute',
      isCompute: slurmPart(role, view) === 'compute',
    };
    return [name, facts];
  };
  const factsOf: OperationsDeps['factsOf'] = (active) => new Map(active.map(factOf));
  const deps: OperationsDeps = { fleet, state: database.state, factsOf, slurm, now: () => clock.nowMs, log };

  const pass = () => {
    clock.nowMs += lookMs;
    for (const [name, node] of nodes) {
      if (node.jobLooks > 0) node.jobLooks -= 1;
      if (node.isReady || node.boots.at(-1)?.closed !== undefined) continue;
      node.looksToReady -= 1;
      if (node.looksToReady > 0) continue;
      if (world.badRoles.has(node.runs) || world.isBad(name, node.booted)) close(node, clock.nowMs);
      else node.isReady = true;
    }
  };
  const orders = newOrders(clock.nowMs);
  const operation = () => Object.values(database.state.current().operations).at(-1);
  const results = () =>
    Object.fromEntries(
      Object.values(database.state.current().operationNodes).map(({ node, result }) => [node, result ?? 'open']),
    );
  /** @param state where it is written to; one that fails is like a service that is killed there */
  const look = async (state: OperationsDeps['state'] = database.state) => {
    await lookOnce({ ...deps, state }, orders, new AbortController().signal);
    await Promise.all(orders.running.values());
    pass();
  };
  const runToEnd = async (state?: OperationsDeps['state']) => {
    for (let looks = 0; looks < 2000 && operation()?.endedAtMs === undefined; looks += 1) await look(state);
    return operation();
  };
  const known = { nodes, of, roleOf, statusOf, operation, results };
  return { ...sample, site: sample.world, ...known, fleet, world, told, clock, deps, reboot, look, runToEnd };
}

function computeNode(name: string, index: number): NodeSpec {
  const { serial: _serial, ...node } = sampleNode('node01');
  return {
    ...node,
    name,
    mac: parseMac(`2c:cf:67:01:02:${(16 + index).toString(16)}`),
    address: parseIpv4(`10.42.0.${11 + index}`),
  };
}

const newestVersion = '20261121.1';

const bootedOf = (role: string, version: string, edition: number): Booted => ({
  generation: `gen-${role}-${version}-${edition}`,
  image: `debian-lite@${version}`,
});

function simulated(name: string, nowMs: number, booted: Booted): SimulatedNode {
  const first = boot(name, booted.generation, nowMs - 60_000);
  return {
    runs: 'compute',
    booted,
    boots: [first],
    lastGood: undefined,
    looksToReady: 0,
    isReady: true,
    isDrained: false,
    reason: undefined,
    jobLooks: 0,
    isDeaf: false,
  };
}

function boot(node: string, generation: string, startedAtMs: number): Boot {
  return {
    id: `${node}-${startedAtMs}`,
    node,
    mac: '2c:cf:67:01:02:03',
    address: '10.42.0.11',
    generation,
    startedAtMs,
    tokenExpiresAtMs: startedAtMs,
    lastSeenMs: startedAtMs,
    files: 0,
    bytes: 0,
    phases: [{ phase: 'kernel', atMs: startedAtMs }],
  };
}

function close(node: SimulatedNode, atMs: number): void {
  const last = node.boots.pop();
  if (last === undefined) return;
  node.boots.push({ ...last, closed: { atMs, reason: 'failed', cause: 'slurmd.service failed' } });
}

interface SlurmWorld {
  readonly nodes: ReadonlyMap<string, SimulatedNode>;
  readonly told: string[];
  readonly isDown: () => boolean;
}

function simulatedSlurm({ nodes, told, isDown }: SlurmWorld): ClusterSlurm {
  const tell = (order: string, name: string, change: (node: SimulatedNode) => void) => {
    told.push(`${order} ${name}`);
    const node = nodes.get(name);
    if (node !== undefined) change(node);
    return Promise.resolve();
  };
  return {
    isThere: () => true,
    nodes: () => {
      if (isDown()) return Promise.reject(new HostError('ssh to the controller failed'));
      const lines = [...nodes].filter(([, { runs }]) => runs === 'compute').map(slurmLine);
      return Promise.resolve(parseSlurmNodes(lines.join('\n')));
    },
    drain: (name, reason) => tell('drain', name, (node) => Object.assign(node, { isDrained: true, reason })),
    resume: (name) => tell('resume', name, (node) => Object.assign(node, { isDrained: false, reason: undefined })),
    requeueJobs: (name) => tell('requeue', name, (node) => Object.assign(node, { jobLooks: 0 })),
    cancelJobs: (name) => tell('cancel', name, (node) => Object.assign(node, { jobLooks: 0 })),
    setDown: () => Promise.reject(new Error('operations drain')),
    takeBack: () => Promise.reject(new Error('operations resume')),
  };
}

function slurmLine([name, { isDrained, jobLooks, reason, isReady }]: readonly [string, SimulatedNode]): string {
  const flags = `${isDrained ? '+DRAIN' : ''}${isReady ? '' : '+NOT_RESPONDING'}`;
  const why = reason === undefined ? '' : ` Reason=${reason} [root@2026-11-21T10:00:00]`;
  return `NodeName=${name} Arch=aarch64 State=${jobLooks > 0 ? 'MIXED' : 'IDLE'}${flags} Partitions=main${why}`;
}
