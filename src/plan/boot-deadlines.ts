/** Which boots are late, and at which phase? Each phase has a limit, and all of them together the deadline of the role. */
import type { Boot } from '../model/boot.ts';
import type { BootPhase } from '../model/boot-phase.ts';
import { defaultDeadlineMs } from '../model/cluster.ts';

/**
 * How long a board may take to come to the next phase. More than the patience of whoever is at work then: firmware asks
 * for files soon after its OFFER, and what the initramfs gives up after some minutes it tells itself, with a better reason.
 */
const phaseLimitsMs: Readonly<Record<BootPhase, number | undefined>> = {
  offered: 90_000,
  // After the last file: kernel, drivers, and a switch port that forwards nothing for 30 s.
  loading: 180_000,
  kernel: 240_000,
  network: 240_000,
  root: 260_000,
  overlay: 180_000,
  // From here on the node speaks for itself; only the deadline is left.
  userspace: undefined,
  waiting: undefined,
  ready: undefined,
  failed: undefined,
};

export interface Lateness {
  /** Where it stands; undefined when it has only asked for a file. */
  readonly phase: BootPhase | undefined;
  readonly exceeded: 'phase' | 'deadline';
  readonly limitMs: number;
}

/** @param deadlineMs of the role that it boots */
export function findLateness(boot: Boot, deadlineMs: number, nowMs: number): Lateness | undefined {
  if (boot.closed !== undefined || isWaiting(boot)) return undefined;
  const phase = boot.phases.at(-1)?.phase;
  const spentMs = nowMs - boot.startedAtMs - (boot.queued?.ms ?? 0);
  if (spentMs >= deadlineMs) return { phase, exceeded: 'deadline', limitMs: deadlineMs };
  const limitMs = phaseLimitMs(phase, deadlineMs);
  const isStuck = limitMs !== undefined && nowMs - lastStepMs(boot) >= limitMs;
  return isStuck ? { phase, exceeded: 'phase', limitMs } : undefined;
}

/** What is missing is not on the node: it may become ready whenever that comes. */
export function isWaiting({ phases }: Pick<Boot, 'phases'>): boolean {
  return phases.at(-1)?.phase === 'waiting';
}

/** A role with a longer deadline than usual has boards that are slow in everything. */
function phaseLimitMs(phase: BootPhase | undefined, deadlineMs: number): number | undefined {
  const usualMs = phaseLimitsMs[phase ?? 'offered'];
  return usualMs && inSeconds(usualMs * Math.max(1, deadlineMs / defaultDeadlineMs));
}

const inSeconds = (ms: number) => Math.round(ms / 1000) * 1000;

/** Its last progress that we could have seen. Every file is one; a DISCOVER that is sent again is none. */
function lastStepMs(boot: Boot): number {
  const last = boot.phases.at(-1);
  const seenMs = last?.phase === 'loading' ? boot.lastSeenMs : (last?.atMs ?? boot.startedAtMs);
  return Math.max(seenMs, boot.queued?.untilMs ?? 0);
}

/** For every open boot when the service starts: since its last sign there may have been nobody to hear it. */
export function resumeBoot(boot: Boot, nowMs: number): Boot {
  if (boot.closed !== undefined) return boot;
  const ms = nowMs - Math.max(boot.lastSeenMs, boot.queued?.untilMs ?? 0);
  return ms <= 0 ? boot : { ...boot, queued: { ms: (boot.queued?.ms ?? 0) + ms, untilMs: nowMs } };
}
