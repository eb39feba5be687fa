/** What running nodes say of themselves, every 10 s: the last word of each, in memory only, and who has fallen silent. */
import type { Boot } from '../model/boot.ts';
import type { Heartbeat } from '../model/node-status.ts';

/** Three heartbeats that did not come, and time for the fourth. */
export const heartbeatSilenceMs = 35_000;

export type HeartbeatReport = Omit<Heartbeat, 'boot' | 'generation' | 'atMs'>;

export interface Heartbeats {
  readonly take: (boot: Boot, report: HeartbeatReport) => void;
  readonly of: (node: string) => Heartbeat | undefined;
  /** When the system that this boot started spoke last, or may have, since the service has listened; undefined: it has not begun to. */
  readonly heardMs: (boot: Boot) => number | undefined;
  /** The system that this boot started had begun to speak, and speaks no more. */
  readonly isSilent: (boot: Boot) => boolean;
}

export function createHeartbeats(now: () => number): Heartbeats {
  const last = new Map<string, Heartbeat>();
  // A service that has just started has heard nobody yet.
  const listensSinceMs = now();
  const heardMs = (boot: Boot): number | undefined => {
    const begun = boot.phases.find(({ phase }) => phase === 'userspace');
    if (begun === undefined || boot.closed?.reason === 'restarted') return undefined;
    const heartbeat = last.get(boot.node);
    const heard = heartbeat?.boot === boot.id ? heartbeat.atMs : begun.atMs;
    return Math.max(heard, listensSinceMs);
  };
  return {
    take: (boot, report) => {
      last.set(boot.node, { ...report, boot: boot.id, generation: boot.generation, atMs: now() });
    },
    of: (node) => last.get(node),
    heardMs,
    isSilent: (boot) => {
      const heard = heardMs(boot);
      return heard !== undefined && now() - heard >= heartbeatSilenceMs;
    },
  };
}
