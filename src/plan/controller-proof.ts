/** Is the node that was the Slurm controller really down? Two controllers would write the same state: silence alone is no proof. */
import type { Boot } from '../model/boot.ts';
import type { Generation } from '../model/generation.ts';
import type { Ipv4Address } from '../model/ipv4.ts';
import type { ClusterView } from '../model/view.ts';
import { hasAppliedOverlay } from './boot-timeline.ts';

/** A node that ran as the controller last, has not been restarted since, and is heard no more. */
export interface LostController {
  readonly node: string;
  /** Where it ran. */
  readonly address: Ipv4Address;
}

/**
 * @param boots oldest first
 * @param isSilent its heartbeats have ended
 */
export function lostControllers(
  { cluster }: Pick<ClusterView, 'cluster'>,
  boots: readonly Boot[],
  generations: ReadonlyMap<string, Generation>,
  isSilent: (boot: Boot) => boolean,
): LostController[] {
  const role = cluster.slurm?.controllerRole;
  if (role === undefined) return [];
  // A board that has asked for an address again has been reset.
  const newest = new Map(boots.map((boot) => [boot.node, boot]));
  return [...newest.values()]
    .filter((boot) => generations.get(boot.generation)?.role === role && hasAppliedOverlay(boot))
    .filter((boot) => boot.closed?.reason !== 'restarted' && isSilent(boot))
    .map(({ node, address }) => ({ node, address: address as Ipv4Address }));
}

export interface ControllerEvidence {
  readonly atMs: number;
  /** Of its port, as the switch says. */
  readonly power: 'on' | 'off' | 'unknown';
  /** Whether a machine has its address on the cable. `unseen`: a router lies between, and nobody hears who is there. */
  readonly neighbour: 'answers' | 'silent' | 'unseen';
  /** slurmctld's port at its address. `refused`: a machine is there, and nothing listens. */
  readonly port: 'open' | 'refused' | 'silent';
  /** What the node says of its slurmctld, by ssh. `unknown`: it could not be asked, or another machine answered. */
  readonly daemon: 'runs' | 'stopped' | 'unknown';
  /** Since when no machine is there. */
  readonly quietSinceMs: number;
  /** Newest change of a file in a share that only the controller mounts; undefined: there is none. */
  readonly writtenAtMs: number | undefined;
}

/** SlurmctldPort of slurm.conf(5), which ours leaves as it is. */
export const slurmctldPort = 6817;

/** What a node is asked by ssh: its name, since an address may have gone to another node, and the state of the daemon. */
export const daemonQuestion = 'uname -n; systemctl show --property=ActiveState --value slurmctld.service';

/** systemd.unit(5). A unit that is to be started again is none of them: it is `activating`. */
const stoppedStates: ReadonlySet<string | undefined> = new Set(['inactive', 'failed']);
const runningStates: ReadonlySet<string | undefined> = new Set(['active', 'activating', 'deactivating', 'reloading']);

/** @param answer to `daemonQuestion` */
export function daemonOf(node: string, answer: string): ControllerEvidence['daemon'] {
  const [name, state] = answer.split('\n').map((line) => line.trim());
  if (name !== node) return 'unknown';
  if (stoppedStates.has(state)) return 'stopped';
  return runningStates.has(state) ? 'runs' : 'unknown';
}

/** A machine is at its address, whatever it is. */
export function isAnybodyThere({ neighbour, port }: Pick<ControllerEvidence, 'neighbour' | 'port'>): boolean {
  return neighbour === 'answers' || port !== 'silent';
}

/** What was seen longer ago is looked at again first. */
const evidenceMs = 60_000;

/** A board that reboots, or a cable that is moved, is back by then. */
const quietMs = 30_000;

/** slurmctld that runs writes its state at least so often while anything happens. */
const writeMs = 60_000;

/**
 * What of the proof lacks, as sentences; none: it is down. It is when its power is off, when the node itself says that
 * slurmctld is stopped, or when no machine is at its address for a while; that its heartbeats have ended is none of them.
 */
export function lacksOfProof(lost: LostController, evidence: ControllerEvidence | undefined, nowMs: number): string[] {
  if (evidence === undefined || nowMs - evidence.atMs > evidenceMs) return ['it is looked for just now'];
  if (evidence.power === 'off') return [];
  const { writtenAtMs } = evidence;
  const isWritten = writtenAtMs !== undefined && nowMs - writtenAtMs < writeMs;
  return [
    ...lacksOfSilence(lost, evidence, nowMs),
    // Whoever writes there is a slurmctld that we do not see.
    ...(isWritten ? [`its state was written ${seconds(nowMs - writtenAtMs)} ago`] : []),
  ];
}

function lacksOfSilence({ address }: LostController, evidence: ControllerEvidence, nowMs: number): string[] {
  const { neighbour, port, daemon, quietSinceMs } = evidence;
  if (port === 'open') return [`slurmctld answers at ${address}`];
  if (daemon === 'runs') return ['slurmctld runs there, as the node says by ssh'];
  if (daemon === 'stopped') return [];
  if (isAnybodyThere(evidence))
    return [`a machine answers at ${address}, and does not say by ssh that slurmctld is stopped`];
  if (neighbour === 'unseen')
    return [`nobody can hear from here whether a machine is at ${address}: a router lies between`];
  const quiet = nowMs - quietSinceMs;
  return quiet < quietMs ? [`nobody answers at ${address} for ${seconds(quiet)} only`] : [];
}

/** @param lacks joined sentences of `lacksOfProof` */
export const unprovedController = (node: string, lacks: string): string =>
  `${node} was the Slurm controller, and is not proved to be down: ${lacks}`;

export const controllerHint = (node: string): string =>
  `Stop slurmctld there, switch its power off ("pi-image node power off ${node}") or pull its cable, and try again half a minute later.`;

const seconds = (durationMs: number) => `${Math.max(0, Math.round(durationMs / 1000))} s`;

/** Folders on the storage node that only the controller mounts. */
export function controllerShares({ shares, slurm }: ClusterView['cluster']): string[] {
  return shares
    .filter(({ roles }) => slurm !== undefined && roles?.length === 1 && roles[0] === slurm.controllerRole)
    .map(({ path }) => path);
}
