/** Ends the boots that have no future: too late, or silent for too long. */
import type { Boot } from '../model/boot.ts';
import { findLateness } from './boot-deadlines.ts';
import { closeBoot, isSilent } from './boot-timeline.ts';
import { diagnose, type PartProblems } from './diagnose.ts';

export interface OverdueFacts {
  /** Of the role that it boots. */
  readonly deadlineMs: number;
  /** What is wrong with the service now: it may be the cause. */
  readonly problems: PartProblems;
  readonly nowMs: number;
}

/** A boot that may still become ready is returned as it is. A report that comes after the end counts all the same. */
export function endOverdue(boot: Boot, { deadlineMs, problems, nowMs }: OverdueFacts): Boot {
  if (boot.closed !== undefined) return boot;
  const lateness = findLateness(boot, deadlineMs, nowMs);
  if (lateness !== undefined) {
    return closeBoot(boot, 'failed', nowMs, diagnose(boot, { kind: 'late', lateness }, problems));
  }
  if (!isSilent(boot, nowMs)) return boot;
  return closeBoot(boot, 'silent', nowMs, diagnose(boot, { kind: 'silent' }, problems));
}
