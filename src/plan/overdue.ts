/** Ends the boots that have no future: too late, or silent for too long. */
import type { Boot } from '../model/boot.ts';
import { findLateness } from './boot-deadlines.ts';
import { closeBoot, isSilent } from './boot-timeline.ts';
import { diagnose, type Surroundings } from './diagnose.ts';

export interface OverdueFacts extends Surroundings {
  /** Of the role that it boots. */
  readonly deadlineMs: number;
  readonly nowMs: number;
}

/** A boot that may still become ready is returned as it is. A report that comes after the end counts all the same. */
export function endOverdue(boot: Boot, { deadlineMs, nowMs, ...around }: OverdueFacts): Boot {
  if (boot.closed !== undefined) return boot;
  const lateness = findLateness(boot, deadlineMs, nowMs);
  if (lateness !== undefined) {
    return closeBoot(boot, 'failed', nowMs, diagnose(boot, { kind: 'late', lateness }, around));
  }
  if (!isSilent(boot, nowMs)) return boot;
  return closeBoot(boot, 'silent', nowMs, diagnose(boot, { kind: 'silent' }, around));
}
