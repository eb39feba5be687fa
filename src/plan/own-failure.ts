/** Which boots failed of what they booted, and so many at the same time that it is not the fault of a board? */
import type { Boot } from '../model/boot.ts';
import { hasComeUp, hasKernelReported } from './boot-timeline.ts';
import { unitFailed } from './diagnosis-reported.ts';

/** Its kernel has reported and its own units failed: not what it waits for, not its network, nothing that nobody heard of. */
export function failedOfItselfAtMs(boot: Boot): number | undefined {
  const { closed, phases } = boot;
  if (closed?.reason !== 'failed' || closed.rule !== unitFailed || !hasKernelReported(boot)) return undefined;
  // Said again in other words, days later, it closes the boot anew.
  return phases.find(({ phase }) => phase === 'failed')?.atMs;
}

const endedAtMs = (boot: Boot): number => failedOfItselfAtMs(boot) ?? boot.closed?.atMs ?? Number.NaN;

/** Nodes that came up or failed of themselves about the same time. */
export interface BootCrowd {
  readonly booted: readonly string[];
  readonly failed: readonly string[];
}

/** A power cut has all of them boot within minutes. Before and after: what was judged once is not judged otherwise a day later. */
const crowdMs = 10 * 60_000;

/** @param boots of all nodes */
export function crowdAround(boots: readonly Boot[], atMs: number): BootCrowd {
  const near = boots.filter((boot) => Math.abs(endedAtMs(boot) - atMs) < crowdMs);
  const failed = new Set(near.filter((boot) => failedOfItselfAtMs(boot) !== undefined).map(({ node }) => node));
  const up = near.filter(hasComeUp).map(({ node }) => node);
  return { booted: [...new Set([...up, ...failed])], failed: [...failed] };
}

const tolerated = 0.2;

/** One alone is the fault of nobody else. */
export function areTooMany({ booted, failed }: BootCrowd): boolean {
  return failed.length > 1 && failed.length > booted.length * tolerated;
}
