/** When does a boot begin, what belongs to it, and when is it over? Times come in, boots go out. */
import type { Boot, ReportedPhase } from '../model/boot.ts';
import type { BootPhase } from '../model/boot-phase.ts';
import { tokenLifetimeMs } from './boot-token.ts';
import { diagnose, type Diagnosis } from './diagnose.ts';
import { forgetUnfinished } from './unfinished-files.ts';

export const silenceMs = 10 * 60_000;

/** A firmware DISCOVER, or a file asked for; by what the owner trusts to be a board that was switched on, or by anybody there. */
export type BootSign = 'discover' | 'trusted-read' | 'read';

export type BeginDecision =
  | { readonly kind: 'continue'; readonly boot: Boot }
  /** `closes` is the boot that this sign shows to be over. */
  | { readonly kind: 'begin'; readonly closes: Boot | undefined }
  | { readonly kind: 'refused'; readonly reason: string };

export interface BeginInput {
  /** The node's newest boot. */
  readonly last: Boot | undefined;
  readonly sign: BootSign;
  /** Id of the generation that the node should boot now. */
  readonly desired: string;
  readonly address: string;
  readonly nowMs: number;
}

/**
 * A board that sends DISCOVER from its firmware has just been reset, so it may be given what is desired now; before its
 * kernel has spoken that is a repeat of the same boot. A read continues what a DISCOVER began. Without one it begins a
 * boot too, but not where a kernel was started: else every user of that node could ask for a new token.
 */
export function decideBegin(input: BeginInput): BeginDecision {
  const { last, sign } = input;
  if (last === undefined) return { kind: 'begin', closes: undefined };
  if (last.closed === undefined && !(sign === 'read' && isUp(last, input))) {
    return isOver(last, input) ? { kind: 'begin', closes: last } : { kind: 'continue', boot: last };
  }
  if (sign === 'read' && hasKernelReported(last)) {
    return { kind: 'refused', reason: `${last.node} runs a kernel: only a restart of its board begins a boot` };
  }
  return { kind: 'begin', closes: undefined };
}

/** It has applied its overlay and goes on to report, so it asks for nothing that a boot is begun for. */
function isUp(boot: Boot, { address, nowMs }: BeginInput): boolean {
  return boot.address === address && hasPhase(boot, 'overlay') && !isSilent(boot, nowMs);
}

function isOver(boot: Boot, { sign, desired, address, nowMs }: BeginInput): boolean {
  if (boot.address !== address || isSilent(boot, nowMs)) return true;
  // A boot whose token has ended could never fetch its overlay.
  if (boot.token === undefined || nowMs >= boot.tokenExpiresAtMs) return true;
  if (sign === 'read') return false;
  return hasKernelReported(boot) || (sign === 'discover' && boot.generation !== desired);
}

/** A boot that began where its board was last is moved to where the board is now, as long as nothing was loaded there. */
export function canMove(boot: Boot, { desired, nowMs }: Pick<BeginInput, 'desired' | 'nowMs'>): boolean {
  if (isOver(boot, { last: boot, sign: 'read', desired, address: boot.address, nowMs })) return false;
  return boot.closed === undefined && boot.files === 0 && boot.generation === desired && !hasKernelReported(boot);
}

export function beginBoot(
  facts: Pick<Boot, 'id' | 'node' | 'mac' | 'address' | 'generation' | 'image' | 'role'> & {
    token: string;
    sign: BootSign;
    nowMs: number;
  },
): Boot {
  const { nowMs, sign, ...rest } = facts;
  return {
    ...rest,
    startedAtMs: nowMs,
    lastSeenMs: nowMs,
    tokenExpiresAtMs: nowMs + tokenLifetimeMs,
    files: 0,
    bytes: 0,
    phases: sign === 'discover' ? [{ phase: 'offered', atMs: nowMs }] : [],
  };
}

/** A file went out over TFTP or HTTP. */
export function countFile(boot: Boot, bytes: number, nowMs: number, file?: string): Boot {
  if (boot.closed !== undefined) return boot;
  const counted = {
    ...forgetUnfinished(boot, file),
    files: boot.files + 1,
    bytes: boot.bytes + bytes,
    lastSeenMs: nowMs,
  };
  // Files are told in groups: its kernel may have been quicker, and phases stand in their order.
  return hasKernelReported(boot) ? counted : withPhase(counted, 'loading', nowMs);
}

export interface PhaseReport {
  readonly phase: ReportedPhase;
  /** Seconds since the kernel started. */
  readonly uptimeSeconds: number | undefined;
  readonly detail: string | undefined;
  /** With `overlay`: the initramfs has handed over what the agent of the running system needs. */
  readonly leavesAgent?: boolean | undefined;
}

/** The node's own word. `overlay` is the initramfs' last: the token ends, and where no agent speaks next, the boot. */
export function reportPhase(boot: Boot, report: PhaseReport, nowMs: number): Boot {
  // What becomes of a node that was ready is told by its heartbeat: its boot succeeded.
  if (boot.closed?.reason === 'ready') return boot;
  const kernelAtMs = nowMs - Math.round((report.uptimeSeconds ?? 0) * 1000);
  const ofKernel = report.phase === 'kernel' ? report.detail : undefined;
  const awake = withPhase({ ...boot, lastSeenMs: nowMs }, 'kernel', Math.max(kernelAtMs, boot.startedAtMs), ofKernel);
  const reported = withPhase(awake, report.phase, nowMs, report.detail);
  if (report.phase === 'overlay') {
    const speaksNext = boot.key !== undefined && report.leavesAgent === true;
    return speaksNext ? withoutToken(reported) : closeBoot(reported, 'handed-over', nowMs);
  }
  if (report.phase === 'failed') return closeBoot(reported, 'failed', nowMs, diagnose(reported, { kind: 'failed' }));
  return report.phase === 'ready' ? closeBoot(reported, 'ready', nowMs) : reported;
}

type Closing = NonNullable<Boot['closed']>;

export function closeBoot(boot: Boot, reason: Closing['reason'], nowMs: number, why?: Diagnosis): Boot {
  return { ...withoutToken(boot), closed: { atMs: nowMs, reason, ...why } };
}

/** Another boot of this node begins. */
export function closeRestarted(boot: Boot, nowMs: number): Boot {
  return closeBoot(boot, 'restarted', nowMs, diagnose(boot, { kind: 'restarted' }));
}

function withoutToken({ token: _ended, ...rest }: Boot): Boot {
  return rest;
}

/** The kernel of this boot runs its generation, as far as is known until another one does. */
export function hasKernelReported(boot: Boot): boolean {
  // Of a signed boot the initramfs asks for its token first.
  return hasPhase(boot, 'kernel') || boot.overlaySha256 !== undefined || boot.nonce !== undefined;
}

/** Whoever fetched its overlay has a root, even if that report was lost. */
export function hasMountedRoot(boot: Boot): boolean {
  return boot.overlaySha256 !== undefined || hasPhase(boot, 'root', ...overlayOrLater);
}

export const hasAppliedOverlay = (boot: Boot) => hasPhase(boot, ...overlayOrLater);

/** Where no agent tells more, a system that was handed over is up. */
export const hasComeUp = (boot: Boot) => boot.closed?.reason === 'handed-over' || hasPhase(boot, 'ready');

const overlayOrLater: readonly BootPhase[] = ['overlay', 'userspace', 'waiting', 'ready'];

function hasPhase(boot: Boot, ...wanted: readonly BootPhase[]): boolean {
  return boot.phases.some(({ phase }) => wanted.includes(phase));
}

/** Firmware reads the command line, and nothing after it does: a running node is not told its token again. */
export function tokenForReading(boot: Boot): string | undefined {
  return hasKernelReported(boot) ? undefined : boot.token;
}

/** How many closed boots of a node are kept to look at. */
const keptPerNode = 10;

/**
 * Drops the oldest. Of each node the newest is kept whose kernel reported, which is what it runs, and the newest that
 * mounted its root and that applied its overlay: their exports end when another one has come as far, and not before. So is
 * the newest that came up: a board that fails in a loop finds its last good generation, however often it has tried.
 */
export function pruneBoots(boots: readonly Boot[]): Boot[] {
  const seen = new Map<string, number>();
  const isNewest = [hasKernelReported, hasMountedRoot, hasAppliedOverlay, hasComeUp].map(firstOfEachNode);
  const isKept = (boot: Boot) => {
    const count = (seen.get(boot.node) ?? 0) + 1;
    seen.set(boot.node, count);
    // Each is asked about every boot: it remembers the nodes.
    const isNeeded = isNewest.map((isFirst) => isFirst(boot)).includes(true);
    return count <= keptPerNode || isNeeded;
  };
  return boots.toReversed().filter(isKept).toReversed();
}

function firstOfEachNode(isOne: (boot: Boot) => boolean): (boot: Boot) => boolean {
  const found = new Set<string>();
  return (boot) => {
    if (found.has(boot.node) || !isOne(boot)) return false;
    found.add(boot.node);
    return true;
  };
}

export function isSilent(boot: Boot, nowMs: number): boolean {
  return nowMs - boot.lastSeenMs >= silenceMs;
}

/** A phase is entered once; a report that is sent again changes nothing. */
function withPhase(boot: Boot, phase: BootPhase, atMs: number, detail?: string): Boot {
  if (boot.phases.some((known) => known.phase === phase)) return boot;
  return { ...boot, phases: [...boot.phases, { phase, atMs, ...(detail !== undefined && { detail }) }] };
}
