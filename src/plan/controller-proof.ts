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
  /** Whether a machine answers at its address, and since when none does. */
  readonly answers: boolean;
  readonly quietSinceMs: number;
  /** Newest change of a file in a share that only the controller mounts; undefined: there is none. */
  readonly writtenAtMs: number | undefined;
}

/** What was seen longer ago is looked at again first. */
const evidenceMs = 60_000;

/** A board that reboots, or a cable that is moved, is back by then. */
const quietMs = 30_000;

/** slurmctld that runs writes its state at least so often while anything happens. */
const writeMs = 60_000;

/** What of the proof lacks, as sentences; none: it is down. */
export function lacksOfProof(
  { address }: LostController,
  evidence: ControllerEvidence | undefined,
  nowMs: number,
): string[] {
  if (evidence === undefined || nowMs - evidence.atMs > evidenceMs) return ['it is looked for just now'];
  if (evidence.power === 'off') return [];
  const lacks: string[] = [];
  const quiet = nowMs - evidence.quietSinceMs;
  if (evidence.answers) lacks.push(`a machine answers at ${address}`);
  else if (quiet < quietMs) lacks.push(`nobody answers at ${address} for ${seconds(quiet)} only`);
  const { writtenAtMs } = evidence;
  if (writtenAtMs !== undefined && nowMs - writtenAtMs < writeMs) {
    lacks.push(`its state was written ${seconds(nowMs - writtenAtMs)} ago`);
  }
  return lacks;
}

/** @param lacks joined sentences of `lacksOfProof` */
export const unprovedController = (node: string, lacks: string): string =>
  `${node} was the Slurm controller, and is not proved to be down: ${lacks}`;

export const controllerHint = (node: string): string =>
  `Switch its power off ("pi-image node power off ${node}") or pull its cable, and try again half a minute later.`;

const seconds = (durationMs: number) => `${Math.max(0, Math.round(durationMs / 1000))} s`;

/** Folders on the storage node that only the controller mounts. */
export function controllerShares({ shares, slurm }: ClusterView['cluster']): string[] {
  return shares
    .filter(({ roles }) => slurm !== undefined && roles?.length === 1 && roles[0] === slurm.controllerRole)
    .map(({ path }) => path);
}
