/** Changes of nodes: in the state of the running service, with ssh to those that are to reboot. */
import type { ImageActions, NodeActions, RoleActions } from '../api/actions.ts';
import { chooseVersion, pinVersion } from '../fleet/image-choice.ts';
import { nodeEdits } from '../fleet/node-edits.ts';
import { rebootNode } from '../fleet/reboot-node.ts';
import { createReboots, type PowerFallback, type Reboots } from '../fleet/reboots.ts';
import type { RoleFleet } from '../fleet/role-change.ts';
import { changeRoles } from '../fleet/role-changes.ts';
import type { Secrets } from '../host/secrets.ts';
import { rebootNode as tellToReboot } from '../host/ssh.ts';
import type { Boot } from '../model/boot.ts';
import { describeError } from '../model/describe-error.ts';
import type { Ipv4Address } from '../model/ipv4.ts';
import type { Log } from '../model/log.ts';
import { nodesWithMacs, type State } from '../model/state.ts';
import type { ClusterView } from '../model/view.ts';
import { hasOwnAddresses } from '../plan/learned-addresses.ts';
import { decideReboot, pendingReboots, runningRoles } from '../plan/role-change-running.ts';
import { withDoubts } from '../plan/role-change.ts';
import { powerFallback } from './wire-up-power.ts';
import type { Service } from './wire-up.ts';

export type NodeChanges = NodeActions & Omit<RoleActions, 'setRole'> & ImageActions;

export function nodeChanges(fleet: RoleFleet): NodeChanges {
  return {
    ...nodeEdits(fleet),
    chooseVersion: (name, wanted, options) => chooseVersion(name, wanted, options, fleet),
    pinVersion: (id, wanted, options) => pinVersion(id, wanted, options, fleet),
    setRoles: (role, wanted, options) => changeRoles(role, wanted, options, fleet),
    reboot: (name, options) => rebootNode(name, options, fleet),
  };
}

type FleetSources = Pick<Service, 'state' | 'site' | 'boots' | 'heartbeats' | 'reboots' | 'power' | 'controllers'>;

/** What the service knows of its nodes decides what may be changed, and who hears of it. */
export function serviceFleet(service: FleetSources): RoleFleet {
  const { state, site, boots, heartbeats, reboots } = service;
  const newestOf = (node: string) => boots.ofNode(node).at(-1);
  return {
    state,
    // Changes are made to what nodes.yaml says, which need not be where nodes are.
    viewOf: (wanted) =>
      hasOwnAddresses(site.view().cluster) && isCurrent(wanted, state.current())
        ? site.view()
        : withNodes(site.view(), wanted),
    running: () =>
      withDoubts(runningRoles(boots.all(), boots.generations(), heartbeats.isSilent), service.controllers.doubts()),
    reboots: {
      begin: reboots.begin,
      cycleOf: (node) => powerFallback(node, service),
      decide: (node) => {
        const last = newestOf(node);
        return decideReboot(node, last, last !== undefined && isHeard(last, heartbeats));
      },
      isCurrent: (name) => {
        const node = site.view().nodes.find((candidate) => candidate.name === name);
        const desired = node && site.desired(node);
        const last = newestOf(name);
        return desired?.kind === 'boots' && last?.generation === desired.frozen.generation.id && !hasFailed(last);
      },
    },
  };
}

const hasFailed = ({ closed }: Boot) => closed !== undefined && !['ready', 'handed-over'].includes(closed.reason);

/** The site's own view is made once for all who ask. */
const isCurrent = (wanted: State, now: State) => wanted.nodes === now.nodes && wanted.learnedMacs === now.learnedMacs;

const withNodes = (view: ClusterView, state: State): ClusterView => ({ ...view, nodes: nodesWithMacs(state) });

export function isHeard(last: Boot, heartbeats: Service['heartbeats']): boolean {
  return heartbeats.of(last.node)?.boot === last.id && !heartbeats.isSilent(last);
}

/** A node that boots has a minute to bring its sshd up; a busy emulated one took 20 s for a handshake. */
const sshDeadlineMs = 60_000;

interface RebootSources extends Pick<Service, 'events' | 'power' | 'site' | 'state' | 'heartbeats'> {
  readonly boots: () => readonly Boot[];
  readonly secrets: Pick<Secrets, 'storageKey'>;
  readonly log: Log;
  /** Ends the service. */
  readonly signal: AbortSignal;
}

const now = () => Date.now();

/** Reboots by ssh; what a service that was killed has promised and not done is done now. */
export async function openReboots(sources: RebootSources): Promise<Reboots> {
  const { events, boots, secrets, log, signal } = sources;
  const ssh = async (address: Ipv4Address) =>
    tellToReboot({ address, key: await secrets.storageKey(), deadlineMs: sshDeadlineMs, signal });
  const reboots = createReboots({
    ssh,
    cycle: (node) => cycleSilent(node, sources),
    append: events.append,
    now,
    log,
    signal,
  });
  const newest = await events.after(Math.max(0, events.lastId() - newestEvents), newestEvents);
  for (const { node, address } of pendingReboots(newest, boots(), now())) reboots.begin(node, address);
  return reboots;
}

/** More than what happens in the minute that a promise is good for. */
const newestEvents = 5000;

/** A node that still sends heartbeats runs: whatever keeps ssh from it, its power is not cut for that. */
async function cycleSilent(node: string, sources: RebootSources): Promise<PowerFallback> {
  const last = sources.boots().findLast((boot) => boot.node === node);
  const cycle = last !== undefined && isHeard(last, sources.heartbeats) ? undefined : powerFallback(node, sources);
  if (cycle === undefined) return { kind: 'none' };
  try {
    await cycle({ by: 'reboot', dryRun: false, ifMatch: undefined });
    return { kind: 'cycled' };
  } catch (error) {
    return { kind: 'refused', reason: describeError(error) };
  }
}
