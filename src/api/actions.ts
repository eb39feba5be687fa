/** What the API asks of the service. Values are what it answers as JSON; none of them holds a token or a secret. */
import type { Generation } from '../model/generation.ts';
import type { ImageManifest } from '../model/manifest.ts';
import type { NodeFile } from '../model/node-file.ts';
import type { NodeSpec } from '../model/node.ts';
import type { NodeStatus, PublicBoot } from '../model/node-status.ts';
import type { UnknownBoard } from '../model/state.ts';

export interface HealthAnswer {
  readonly status: 'ok' | 'red';
  readonly parts: readonly {
    readonly name: string;
    readonly problems: readonly string[];
    readonly sinceMs: number;
  }[];
}

export type NodeAnswer = NodeSpec & { readonly status: NodeStatus };

export interface PlanAnswer {
  readonly node: string;
  readonly generation: Generation;
  /** The frozen part of its overlay, without content. */
  readonly overlay: readonly (
    Omit<Extract<NodeFile, { kind: 'file' }>, 'bytes'> | Exclude<NodeFile, { kind: 'file' }>
  )[];
}

export interface LeaseAnswer {
  readonly address: string;
  readonly mac: string | undefined;
  /** undefined for a board that is no node. */
  readonly node: string | undefined;
}

export interface ImageAnswer extends Pick<ImageManifest, 'name' | 'version' | 'builtAt' | 'boards' | 'rootBytes'> {
  /** Nodes that boot or run it. */
  readonly usedBy: readonly string[];
}

export interface ApiActions {
  readonly health: () => HealthAnswer;
  readonly nodes: () => readonly NodeAnswer[];
  /** @throws NotFoundError */
  readonly node: (name: string) => NodeAnswer;
  /** @throws NotFoundError, ConfigError when it cannot boot */
  readonly plan: (name: string) => PlanAnswer;
  /** Newest first. @throws NotFoundError */
  readonly boots: (name: string) => readonly PublicBoot[];
  readonly unknownBoards: () => readonly UnknownBoard[];
  readonly leases: () => readonly LeaseAnswer[];
  readonly images: () => readonly ImageAnswer[];
  /** Replaces the list of all nodes; on the disk when it resolves. @throws ConfigError with every problem of the list */
  readonly applyNodes: (nodes: unknown) => Promise<{ readonly nodes: number }>;
}
