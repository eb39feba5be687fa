/** What keeping the boots takes, and what a board's arrival comes to. */
import type { FrozenBoots } from '../host/frozen-boots.ts';
import type { BootsFile } from '../host/state-file.ts';
import type { Boot } from '../model/boot.ts';
import type { Log } from '../model/log.ts';
import type { NodeSpec } from '../model/node.ts';
import type { BootSign } from '../plan/boot-timeline.ts';
import type { Challenges } from './challenges.ts';
import type { Health } from './health.ts';
import type { Site } from './site.ts';

export interface BootsDeps {
  readonly file: BootsFile;
  readonly frozen: FrozenBoots;
  /** Generations that nodes may boot again, however long ago they did. */
  readonly held?: () => readonly string[];
  readonly site: Pick<Site, 'desired' | 'view'>;
  /** What the node needs to boot is made while it waits; undefined: all is there. */
  readonly settle?: (node: NodeSpec) => Promise<void> | undefined;
  /** A part that has a problem may be why boots do. */
  readonly health: Pick<Health, 'parts'>;
  /** Asks a node that runs, before somebody who claims to be its board begins a boot. */
  readonly challenges?: Pick<Challenges, 'whoMustAnswer' | 'ask'>;
  readonly now: () => number;
  readonly log: Log;
}

export type Arrival =
  { readonly kind: 'boot'; readonly boot: Boot } | { readonly kind: 'refused'; readonly reason: string };

export type Arrive = (node: NodeSpec, mac: string, sign: BootSign) => Promise<Arrival>;
