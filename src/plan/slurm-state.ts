/** What Slurm says of its nodes, and whose word that is. */

export interface SlurmNodeState {
  readonly name: string;
  /** `IDLE`, `ALLOCATED`, `MIXED`, `DOWN`, `UNKNOWN` … of scontrol(1). */
  readonly base: string;
  /** `DRAIN`, `COMPLETING`, `NOT_RESPONDING` … */
  readonly flags: ReadonlySet<string>;
  readonly reason: string | undefined;
}

/**
 * @param text of `scontrol --oneliner show nodes`. In `State=MIXED+DRAIN*` the first word is the state, the others are
 *   flags, and a sign at the end says that the node does not respond or is about to change its power.
 */
export function parseSlurmNodes(text: string): ReadonlyMap<string, SlurmNodeState> {
  const nodes = text.split('\n').flatMap((line) => {
    const name = /^NodeName=(\S+)/.exec(line)?.[1];
    const state = /\sState=([A-Z_+]+)/.exec(line)?.[1];
    if (name === undefined || state === undefined) return [];
    const [base = '', ...flags] = state.split('+');
    // `Reason=text [user@time]` is the last of a line, and the only one that has spaces in it.
    const reason = /\sReason=(.*?)(?:\s+\[[^\]]*\])?\s*$/.exec(line)?.[1];
    return [[name, { name, base, flags: new Set(flags), reason }] as const];
  });
  return new Map(nodes);
}

/** Administrators read it in `sinfo -R`. */
export const drainReason = (operation: string): string => `pi-image operation ${operation}`;

/** Of a node that was shut down, switched off or removed by an order of ours; `sinfo -R` shows twenty characters. */
export const offReason = 'pi-image: off';

/** What slurmctld itself says of a node that it misses: over when the node is back. */
const slurmsOwnReasons = ['Node unexpectedly rebooted', 'Not responding', 'Reboot ASAP'];

export type ReasonOwner = 'nobody' | 'ours' | 'slurm' | 'administrator';

/** Whose word is it? All that we tell Slurm of a node depends on it: an administrator's is neither overwritten nor lifted. */
export function reasonOwner({ reason }: Pick<SlurmNodeState, 'reason'>): ReasonOwner {
  if (reason === undefined) return 'nobody';
  if (reason === offReason || /^pi-image operation \d+$/.test(reason)) return 'ours';
  return slurmsOwnReasons.includes(reason) ? 'slurm' : 'administrator';
}

/** Is it kept from jobs by an administrator? Beside a node that takes jobs a reason is what is left of one that was resumed. */
export function isAdministrators(node: SlurmNodeState): boolean {
  return (isDrained(node) || node.base === 'DOWN') && reasonOwner(node) === 'administrator';
}

/** For a `case` of the shell over the line of a node: its reason is no administrator's. */
export const notTheirs = [
  `*' Reason=pi-image operation '[0-9]*`,
  ...[offReason, ...slurmsOwnReasons].map((reason) => `*' Reason=${reason} ['*`),
].join('|');

/**
 * The same question once more, for the shell of the controller: between our look and our order an administrator may have
 * spoken. @param command is left out then
 */
export function unlessAdministrators(node: string, command: string): string {
  const theirs = `*' State='*+DRAIN*' Reason='*|*' State=DOWN'*' Reason='*`;
  return `case "$(scontrol --oneliner show node ${node})" in ${notTheirs});; ${theirs}) exit 0;; esac; ${command}`;
}

/** Jobs of its own run on it, or end just now. */
export function hasJobs({ base, flags }: SlurmNodeState): boolean {
  return base === 'ALLOCATED' || base === 'MIXED' || flags.has('COMPLETING');
}

export const isDrained = ({ flags }: SlurmNodeState): boolean => flags.has('DRAIN');

/** It takes no jobs because we, or nobody, said so: an administrator's word is never overwritten. */
export function isDrainedByOthers(node: SlurmNodeState): boolean {
  return isDrained(node) && reasonOwner(node) !== 'ours';
}

export type SlurmReturn = 'available' | 'to-resume' | 'absent' | 'others';

/** May this node, which has just booted, have jobs again? */
export function slurmReturn(node: SlurmNodeState | undefined): SlurmReturn {
  if (node === undefined || node.flags.has('NOT_RESPONDING') || node.base === 'UNKNOWN') return 'absent';
  if (!isDrained(node) && node.base !== 'DOWN') return 'available';
  return isAdministrators(node) ? 'others' : 'to-resume';
}
