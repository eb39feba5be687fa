/** What the API asks of the service. Values are what it answers as JSON; none of them holds a token or a secret. */
import type { BoardName } from '../model/board.ts';
import type { Generation } from '../model/generation.ts';
import type { ImageManifest } from '../model/manifest.ts';
import type { NodeFile } from '../model/node-file.ts';
import type { NodeSpec } from '../model/node.ts';
import type { NodeStatus, PublicBoot } from '../model/node-status.ts';
import type { RoleDiff } from '../model/role-diff.ts';
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

/** Who asks for a change, and on what condition. */
export interface ChangeOptions {
  /** Name of the token, or `socket`: stands in the event of the change as `by`. */
  readonly by: string;
  /** Check everything, answer what would change, change nothing. */
  readonly dryRun: boolean;
  /** If-Match as the client sent it: `requireMatch` of plan/etag.ts compares it, inside of state.update. */
  readonly ifMatch: string | undefined;
}

/** What a change of nodes did, or would do. */
export interface NodesChange {
  readonly dryRun: boolean;
  /** As plan/node-changes.ts `diffNodes` has it, with the node's name only; empty when all is so already. */
  readonly changes: readonly {
    readonly kind: 'added' | 'changed' | 'removed';
    readonly node: string;
    readonly fields: readonly {
      readonly field: string;
      readonly before: string | undefined;
      readonly after: string | undefined;
    }[];
  }[];
}

export interface RoleChange {
  readonly node: string;
  readonly dryRun: boolean;
  /** False when the node has that role already: then nothing was written, and `diff` is empty on both sides. */
  readonly isChanged: boolean;
  readonly diff: RoleDiff;
  /** It is told to reboot (would be, of a dry run); the answer does not wait for it. */
  readonly reboots: boolean;
}

export interface RebootAnswer {
  readonly node: string;
  readonly dryRun: boolean;
}

/**
 * Changes of nodes. Every one is on the disk, with its event in the same transaction, when the promise resolves.
 *
 * All throw NotFoundError (404: no such node or board), ChangedError (412: `ifMatch` is not the node's tag, which is
 * `etagOf` its entry of `site.view().nodes`), ConfigError or ProblemsError (400: what was sent is wrong), RefusedError
 * (409: not with the nodes as they are, for example a second controller), each with a hint.
 */
export interface NodeActions {
  /** `node.role-set`. @throws RefusedError with the reason of planRoleChange */
  readonly setRole: (
    name: string,
    wanted: { readonly role: string; readonly reboot: boolean },
    options: ChangeOptions,
  ) => Promise<RoleChange>;
  /** `node.reboot-asked`; resolves when the event is on the disk, and ssh goes on behind it. */
  readonly reboot: (name: string, options: ChangeOptions) => Promise<RebootAnswer>;
  /** `node.added`. @throws RefusedError when there is a node of that name */
  readonly addNode: (node: NodeSpec, options: ChangeOptions) => Promise<NodesChange>;
  /** `node.changed`: an RFC 7396 merge patch of everything but the name and the role; null takes a field away. */
  readonly patchNode: (
    name: string,
    patch: Readonly<Record<string, unknown>>,
    options: ChangeOptions,
  ) => Promise<NodesChange>;
  /** `node.removed`. */
  readonly removeNode: (name: string, options: ChangeOptions) => Promise<NodesChange>;
  /** `node.adopted`: the board gets a name, with its MAC and, if it has told it, its serial. */
  readonly adopt: (
    mac: string,
    node: {
      readonly name: string;
      readonly role: string;
      readonly address: string;
      /** Needed when the board has not said what it is. */
      readonly board?: BoardName | undefined;
    },
    options: ChangeOptions,
  ) => Promise<NodesChange>;
}
