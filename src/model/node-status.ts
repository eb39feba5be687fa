/** Where a node stands, as far as the service knows: for the API and the command line. */
import type { Boot, SystemPhase } from './boot.ts';

export type PublicBoot = Omit<Boot, 'token' | 'key'>;

/** What a running node said of itself last; it does so every 10 s. Kept in memory only. */
export interface Heartbeat {
  /** Id of the boot that it runs. */
  readonly boot: string;
  readonly atMs: number;
  /** Where it stands now: a node that was ready may wait or fail later. */
  readonly phase: SystemPhase;
  /** What it waits for, or what failed. */
  readonly detail: string | undefined;
  readonly uptimeSeconds: number;
  /** Of the last minute. */
  readonly load: number;
  readonly temperatureCelsius: number | undefined;
  /** Digest of the live part that it has applied. */
  readonly liveDigest: string | undefined;
  readonly generation: string;
}

export interface NodeStatus {
  /**
   * `ready`: the units of its role are active. `waiting`: for something outside it. `up`: its last boot applied its
   * overlay, and its role brings no agent that would say more. `silent`: it stopped in the middle, or its heartbeat did.
   * `new`: it never booted.
   */
  readonly state: 'new' | 'booting' | 'waiting' | 'ready' | 'up' | 'failed' | 'silent' | 'refused';
  /** What it would boot now; undefined when that is refused. */
  readonly desired: { readonly generation: string; readonly image: string } | undefined;
  /** What it runs as far as it has said. */
  readonly running: { readonly generation: string; readonly image: string; readonly role: string } | undefined;
  readonly lastBoot: PublicBoot | undefined;
  /** Of the boot that it runs; undefined before the first, and for half a minute after the service has started. */
  readonly heartbeat?: Heartbeat | undefined;
  /** Why it cannot boot, or why its last boot failed. */
  readonly reason: string | undefined;
}
