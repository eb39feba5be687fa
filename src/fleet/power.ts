/** Switches the power of nodes: decided for all of them, written down, and carried out behind the answer. */
import type { StateFile } from '../host/state-file.ts';
import type { ChangeOptions } from '../model/change.ts';
import { RefusedError } from '../model/errors.ts';
import type { NewEvent } from '../model/event.ts';
import type { Log } from '../model/log.ts';
import type { MacAddress } from '../model/mac.ts';
import type { NodeSpec } from '../model/node.ts';
import { portKey, type PowerAction, type PowerEntry, type PowerPort } from '../model/power.ts';
import type { ClusterView } from '../model/view.ts';
import { requireMatch } from '../plan/etag.ts';
import { wattsOf } from '../plan/power-budget.ts';
import { begin, clear, open } from '../plan/power-journal.ts';
import { planRest, planSteps } from '../plan/power-steps.ts';
import { decidePower, portOf, renderRefusals, type PowerChoice } from '../plan/power.ts';
import { proposePorts, type Proposal } from '../plan/switch-discover.ts';
import { nodeNamed } from './fleet.ts';
import type { PowerDriver } from './power-driver.ts';
import { readFacts, readSeen, statusOf, type FactsBySwitch, type NodePower } from './power-facts.ts';
import { createPromises, type PowerPromises } from './power-promises.ts';
import {
  createRuns,
  type PowerEnd,
  type PowerOrder,
  type PowerOutcome,
  type PowerRun,
  type PowerRuns,
} from './power-runs.ts';
import { createTurns } from './power-turns.ts';

export interface PowerDeps {
  readonly state: Pick<StateFile, 'current' | 'update'>;
  readonly view: () => ClusterView;
  readonly driver: (switchName: string) => Promise<PowerDriver>;
  readonly ownMacs: () => readonly MacAddress[];
  readonly hasLoaded: (node: string, sinceMs: number) => boolean;
  /** What cannot be switched now, in sentences; it is tried again. */
  readonly report: (problems: readonly string[]) => void;
  readonly now: () => number;
  readonly log: Log;
  readonly signal: AbortSignal;
}

interface PowerChange extends PowerPort {
  readonly node: string;
  readonly action: PowerAction;
  readonly dryRun: boolean;
  /** False: it has that power already, and nothing is done. */
  readonly isChanged: boolean;
}

export interface Power {
  /** All of them or none; goes on behind the answer. @throws NotFoundError, RefusedError */
  readonly change: (names: readonly string[], action: PowerAction, options: ChangeOptions) => Promise<PowerChange[]>;
  readonly status: () => Promise<NodePower[]>;
  /** What is being switched, and how the last order of each node ended. */
  readonly runs: () => { readonly running: readonly PowerRun[]; readonly ended: readonly PowerEnd[] };
  readonly discover: () => Promise<{ readonly proposals: Proposal[]; readonly failures: string[] }>;
  /** What its power could be switched by, as far as cluster.yaml and nodes.yaml say. */
  readonly isSwitched: (node: string) => boolean;
  /** Finishes what a service that was killed has begun. */
  readonly resume: () => Promise<void>;
  /** All that was begun has ended. */
  readonly settled: () => Promise<void>;
}

interface Parts extends PowerDeps {
  readonly runs: PowerRuns;
  readonly promises: PowerPromises;
}

export function createPower(deps: PowerDeps): Power {
  const { view, now } = deps;
  const promises = createPromises(now);
  const turns = createTurns({ ...deps, atOnce: () => view().cluster.power.atOnce });
  const ended = async (order: PowerOrder, outcome: PowerOutcome) => {
    promises.keep(order);
    await writeEnd(order, outcome, deps);
  };
  const changed = (all: readonly PowerRun[]) => deps.report(problemsOf(all));
  const runs = createRuns({ ...deps, turns, ended, changed });
  const parts: Parts = { ...deps, runs, promises };
  return {
    change: (names, action, options) => change(names, action, options, parts),
    status: async () => {
      const { cluster, nodes } = view();
      const fed = nodes.filter(({ power }) => power !== undefined);
      const facts = await readFacts(fed, cluster.switches, deps);
      return fed.map((node) => statusOf(node, cluster.switches, facts));
    },
    runs: () => ({ running: runs.all(), ended: runs.ended() }),
    discover: async () => {
      const { cluster, nodes } = view();
      const { seen, failures } = await readSeen(cluster.switches, deps);
      return { proposals: proposePorts(nodes, seen, deps.ownMacs()), failures };
    },
    isSwitched: (name) => {
      const { cluster, nodes } = view();
      const node = nodes.find((each) => each.name === name);
      return node !== undefined && portOf(node, cluster.switches).kind === 'port';
    },
    resume: () => resume(parts),
    settled: runs.settled,
  };
}

function problemsOf(runs: readonly PowerRun[]): string[] {
  return runs.flatMap(({ node, switch: name, port, wanted, failure }) =>
    failure === undefined ? [] : [`port ${port} of ${name} is to be switched ${wanted} for ${node}: ${failure}`],
  );
}

async function change(
  names: readonly string[],
  action: PowerAction,
  { by, dryRun, ifMatch }: ChangeOptions,
  parts: Parts,
): Promise<PowerChange[]> {
  const { cluster, nodes } = parts.view();
  const targets = [...new Set(names)].map((name) => nodeNamed(name, nodes));
  for (const node of targets) requireMatch(`node ${node.name}`, node, ifMatch);
  const facts = await readFacts(targets, cluster.switches, parts);
  // From here to the begin of the runs nothing else happens: of two who ask at once, the second one is refused.
  const choices = decide(targets, action, facts, parts);
  const wanted = choices.filter(({ isSo }) => !isSo);
  if (!dryRun && wanted.length > 0) {
    const orders = wanted.map(({ node, power }): PowerOrder => Object.assign({ node, action, by }, power));
    await start(orders, parts);
  }
  return choices.map(({ node, power, isSo }) => Object.assign({ node, action, dryRun, isChanged: !isSo }, power));
}

function decide(
  targets: readonly NodeSpec[],
  action: PowerAction,
  facts: FactsBySwitch,
  { view, runs, promises, ownMacs }: Parts,
): readonly PowerChoice[] {
  const { cluster, nodes } = view();
  const { switches, power: policy } = cluster;
  const busy = new Set(runs.all().map(portKey));
  const known = { action, targets, nodes, switches, policy, facts, ownMacs: ownMacs(), busy };
  const decision = decidePower({ ...known, promised: promises.all() });
  if (decision.kind === 'may') return decision.choices;
  const { message, hint } = renderRefusals(action, decision.refusals);
  throw new RefusedError(message, hint === undefined ? {} : { hint });
}

/** Written down first; the runs wait for it. */
async function start(orders: readonly PowerOrder[], { state, runs, promises, view, now }: Parts): Promise<void> {
  const { nodes, cluster } = view();
  const askedMs = now();
  const entries = orders.flatMap(({ action, ...order }): PowerEntry[] =>
    action === 'off' ? [] : [{ ...order, action, askedMs }],
  );
  const events = orders.map((order) => eventOf('node.power-asked', order, { by: order.by }));
  const written = state.update((current) => begin(current, entries), events);
  for (const order of orders) {
    const node = nodes.find(({ name }) => name === order.node);
    if (order.action !== 'off' && node !== undefined) promises.make(order, wattsOf(node, cluster.power));
    runs.begin(order, planSteps(order.action, cluster.power.off), written);
  }
  await written.catch((error: unknown) => {
    for (const order of orders) promises.keep(order);
    throw error;
  });
}

async function resume({ state, view, runs, log }: Parts): Promise<void> {
  const { cluster } = view();
  const { entries, lost } = open(state.current().powerJournal, cluster.switches);
  if (lost.length > 0) {
    const reason = 'its switch stands in cluster.yaml no more: its power is not switched on again';
    const events = lost.map((entry) => eventOf('node.power-failed', entry, { reason }));
    await state.update((current) => lost.reduce((left, entry) => clear(left, entry), current), events);
  }
  for (const entry of entries) {
    log.info('power.resumed', { node: entry.node, switch: entry.switch, port: entry.port });
    runs.begin(entry, planRest(entry.action, cluster.power.off), Promise.resolve());
  }
}

async function writeEnd(order: PowerOrder, outcome: PowerOutcome, { state, log }: PowerDeps): Promise<void> {
  const isDone = outcome.kind === 'done';
  const fields = isDone ? { detection: outcome.port.detection } : { reason: outcome.reason, hint: outcome.hint };
  const kind = isDone
    ? (`node.power-${order.action === 'cycle' ? 'cycled' : order.action}` as const)
    : 'node.power-failed';
  const event = eventOf(kind, order, { ...fields, by: order.by });
  log[isDone ? 'info' : 'warn'](isDone ? 'power.switched' : 'power.given-up', { node: order.node, ...event.fields });
  await state.update((current) => clear(current, order), [event]);
}

function eventOf(
  kind: string,
  { node, switch: name, port, action }: Pick<PowerOrder, 'node' | 'switch' | 'port' | 'action'>,
  fields: NewEvent['fields'],
): NewEvent {
  return { kind, node, fields: { action, switch: name, port, ...fields } };
}
