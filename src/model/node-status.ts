/** Where a node stands, as far as the service knows: for the API and the command line. */
import type { Boot } from './boot.ts';

export type PublicBoot = Omit<Boot, 'token'>;

export interface NodeStatus {
  /** `up`: its last boot applied its overlay. `silent`: it stopped in the middle. `new`: it never booted. */
  readonly state: 'new' | 'booting' | 'up' | 'failed' | 'silent' | 'refused';
  /** What it would boot now; undefined when that is refused. */
  readonly desired: { readonly generation: string; readonly image: string } | undefined;
  /** What it runs as far as it has said. */
  readonly running: { readonly generation: string; readonly image: string; readonly role: string } | undefined;
  readonly lastBoot: PublicBoot | undefined;
  /** Why it cannot boot, or why its last boot failed. */
  readonly reason: string | undefined;
}
