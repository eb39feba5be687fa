/** What the API asks of the service. Values are what it answers as JSON; none of them holds a secret but a token that is new. */
import type { AuditLog } from '../model/audit.ts';
import type { ChangeOptions, Tagged } from '../model/change.ts';
import type { TokenScope } from '../model/api-token.ts';
import type { NodeDiagnosis, SiteDiagnosis } from '../model/diagnosis.ts';
import type { Event } from '../model/event.ts';
import type { RunOnce } from '../model/kept-answer.ts';
import type { NodeQuery } from '../model/node-query.ts';
import type { NodeSpec } from '../model/node.ts';
import type { NodeStatus, PublicBoot } from '../model/node-status.ts';
import type { OverlayReport } from '../model/overlay-report.ts';
import type { WaitingBoard } from '../model/state.ts';
import type { Plan } from './schemas/boot.ts';
import type { Eeprom, EepromChange, EepromRequest } from './schemas/eeprom.ts';
import type { ImageChange, ImageRequest, PinChange, PinRequest, ShownImage } from './schemas/image.ts';
import type { BuildRequest, StartedBuild } from './schemas/image-build.ts';
import type { AdoptRequest, NodePatch, NodesChange } from './schemas/node.ts';
import type {
  AnyOperation,
  AnyShownOperation,
  AssignRequest,
  CancelledOperation,
  ResumedOperation,
  HeldWork,
  StartedOperation,
} from './schemas/operation.ts';
import type { Overlay, ShownOverlay } from './schemas/overlay.ts';
import type {
  NodePower,
  PowerChange,
  PowerListRequest,
  PowerMap,
  PowerOrder,
  PowerRuns,
  Shutdown,
} from './schemas/power.ts';
import type { Reboot, Role, RoleChange } from './schemas/role.ts';
import type { RolesChange, RolesRequest } from './schemas/role-changes.ts';
import type { RoleRequest } from './schemas/role-request.ts';
import type {
  Change,
  OrderedRollout,
  Rollback,
  RollbackRequest,
  RolloutRequest,
  ShownRollout,
  StartedRollout,
} from './schemas/rollout.ts';
import type { RotateRequest, StartedRotation } from './schemas/rotation.ts';
import type { TargetGroup } from './schemas/monitoring.ts';
import type { Image, Lease, ServiceAbout } from './schemas/service.ts';
import type { NewToken, RevokedToken, Token, TokenRequest } from './schemas/token.ts';

export interface HealthAnswer {
  readonly status: 'ok' | 'red';
  readonly parts: readonly {
    readonly name: string;
    readonly problems: readonly string[];
    readonly sinceMs: number;
    readonly about?: string;
  }[];
}

/** Its MAC is filled in where it was learned. */
export type NodeAnswer = NodeSpec & { readonly status: NodeStatus };

export interface NodesAnswer extends Tagged<readonly NodeAnswer[]> {
  /** Name of the last one of this page; undefined: there are no more. */
  readonly next?: string | undefined;
}

export interface ApiActions
  extends
    Questions,
    NodeActions,
    RoleActions,
    OperationActions,
    RotationActions,
    RolloutActions,
    ImageActions,
    BuildActions,
    EepromActions,
    PowerActions,
    TokenActions {
  readonly events: EventActions;
  /** One for all listeners: a request may be repeated on another one. */
  readonly once: RunOnce;
  readonly audit: AuditLog;
}

/** Also one that has expired: whoever sends it is told so. */
interface KnownToken {
  readonly name: string;
  readonly scope: TokenScope;
  readonly expiresAtMs?: number | undefined;
}

interface Questions {
  readonly service: () => ServiceAbout;
  readonly health: () => HealthAnswer;
  /** The tag is that of the whole list; an answer does not change any more once it was given. @throws ConfigError for a list of hosts that is none */
  readonly nodes: (query?: NodeQuery) => NodesAnswer;
  /** @throws NotFoundError */
  readonly node: (name: string) => Tagged<NodeAnswer>;
  /** @throws NotFoundError, ConfigError when it cannot boot */
  readonly plan: (name: string) => Plan;
  /** @param check ask the node first, and wait some seconds until it has looked. @throws NotFoundError */
  readonly overlay: (name: string, check: boolean) => Promise<OverlayReport>;
  /** Newest first. @throws NotFoundError */
  readonly boots: (name: string) => readonly PublicBoot[];
  /** @throws NotFoundError */
  readonly diagnosis: (name: string) => NodeDiagnosis;
  readonly siteDiagnosis: () => SiteDiagnosis;
  /** In the order in which they were switched on. */
  readonly unknownBoards: () => readonly WaitingBoard[];
  /** Its LED blinks for ten seconds. @throws NotFoundError, RefusedError when it does not wait in a hold boot */
  readonly blink: (mac: string, options: ChangeOptions) => WaitingBoard;
  readonly leases: () => readonly Lease[];
  readonly metrics: () => Promise<{ readonly text: string; readonly mediaType: string }>;
  readonly targets: () => readonly TargetGroup[];
  readonly images: () => readonly Image[];
  /** The tag is that of its name and pin. @throws NotFoundError */
  readonly image: (name: string, version: string) => Tagged<ShownImage>;
  readonly overlays: () => readonly Overlay[];
  /** @throws NotFoundError */
  readonly shownOverlay: (name: string) => ShownOverlay;
  readonly roles: () => readonly Role[];
  /** The tag is that of the role without its nodes. @throws NotFoundError */
  readonly role: (name: string) => Tagged<Role>;
}

/**
 * Changes of nodes. Every one is on the disk, with its event in the same transaction, when the promise resolves.
 *
 * All throw NotFoundError (404: no such node or board), ChangedError (412: `ifMatch` is not the node's tag, which is
 * `etagOf` its entry of `site.view().nodes`), ConfigError or ProblemsError (400: what was sent is wrong), RefusedError
 * (409: not with the nodes as they are, for example a second controller), each with a hint.
 */
export interface NodeActions {
  /** Replaces the list of all nodes, with an event for each that differs; the tag is that of `view().nodes`. */
  readonly applyNodes: (nodes: readonly NodeSpec[], options: ChangeOptions) => Promise<Tagged<NodesChange>>;
  /** `node.added`. @throws RefusedError when there is a node of that name */
  readonly addNode: (node: NodeSpec, options: ChangeOptions) => Promise<Tagged<NodesChange>>;
  /** `node.changed`: an RFC 7396 merge patch of everything but the name and the role; null takes a field away. */
  readonly patchNode: (name: string, patch: NodePatch, options: ChangeOptions) => Promise<Tagged<NodesChange>>;
  /** `node.removed`. */
  readonly removeNode: (name: string, options: ChangeOptions) => Promise<Tagged<NodesChange>>;
  /** `node.adopted`: the board gets a name, with its MAC and, if it has told it, its serial. */
  readonly adopt: (mac: string, node: AdoptRequest, options: ChangeOptions) => Promise<Tagged<NodesChange>>;
}

/** Both as NodeActions. */
export interface RoleActions {
  /** `node.role-set`; with `drain`, `operation.started`. @throws RefusedError with the reason of planRoleChange */
  readonly setRole: (
    name: string,
    wanted: RoleRequest,
    options: ChangeOptions,
  ) => Promise<Tagged<RoleChange | StartedOperation>>;
  /** The same for several, all or none; the tag is that of `view().nodes`. */
  readonly setRoles: (role: string, wanted: RolesRequest, options: ChangeOptions) => Promise<Tagged<RolesChange>>;
  /** `node.reboot-asked`; resolves when the event is on the disk, and ssh goes on behind it. */
  readonly reboot: (name: string, options: ChangeOptions) => Promise<Tagged<Reboot>>;
}

/** Changes as NodeActions; `ifMatch` of one that there is already is the tag of the operation. */
export interface OperationActions {
  /** Newest first. */
  readonly operations: () => readonly AnyOperation[];
  /** The tag is that of its state. @throws NotFoundError */
  readonly operation: (id: string) => Tagged<AnyShownOperation>;
  /** `operation.started`. @throws RefusedError also when one of the nodes is in another operation */
  readonly assignRole: (
    role: string,
    wanted: AssignRequest,
    options: ChangeOptions,
  ) => Promise<Tagged<StartedOperation>>;
  /** `operations.held`; what is held already stays so. */
  readonly holdOperations: (options: ChangeOptions) => Promise<HeldWork>;
  /** `operations.released` */
  readonly releaseOperations: (options: ChangeOptions) => Promise<HeldWork>;
  /** `operation.stopping`. @throws RefusedError when it has ended */
  readonly cancelOperation: (id: string, options: ChangeOptions) => Promise<Tagged<CancelledOperation>>;
  /** `operation.resumed`. @throws RefusedError when nothing of it is left to do */
  readonly resumeOperation: (id: string, options: ChangeOptions) => Promise<Tagged<ResumedOperation>>;
}

/** As OperationActions. */
export interface RotationActions {
  /** `operation.started`. @throws RefusedError also when a node does not tell which key it has, or an operation goes on */
  readonly rotateSecret: (
    name: string,
    wanted: RotateRequest,
    options: ChangeOptions,
  ) => Promise<Tagged<StartedRotation>>;
}

/** Changes as NodeActions; `ifMatch` of an order is the tag of the rollout. */
export interface RolloutActions {
  /** Newest first. */
  readonly rollouts: () => readonly ShownRollout[];
  /** The tag is that of its state and its wave. @throws NotFoundError */
  readonly rollout: (id: string) => Tagged<ShownRollout>;
  /** `rollout.started`. @throws RefusedError also when one of the nodes is in an operation */
  readonly startRollout: (wanted: RolloutRequest, options: ChangeOptions) => Promise<Tagged<StartedRollout>>;
  /** `rollout.paused`. @throws RefusedError when it has ended, or is being taken back */
  readonly pauseRollout: (id: string, options: ChangeOptions) => Promise<Tagged<OrderedRollout>>;
  /** `rollout.resumed`. @throws as above */
  readonly resumeRollout: (id: string, options: ChangeOptions) => Promise<Tagged<OrderedRollout>>;
  /** `rollout.aborting`. @throws RefusedError when it has ended */
  readonly abortRollout: (id: string, options: ChangeOptions) => Promise<Tagged<OrderedRollout>>;
  /** `node.held` for each. @throws RefusedError when none of them can */
  readonly rollBack: (wanted: RollbackRequest, options: ChangeOptions) => Promise<Tagged<Rollback>>;
  /** Newest first. @throws NotFoundError for one that never was */
  readonly nodeHistory: (name: string) => Promise<readonly Change[]>;
  /** Newest first. @throws NotFoundError */
  readonly roleHistory: (name: string) => Promise<readonly Change[]>;
}

/** Both as NodeActions; `ifMatch` is the tag of the role, of the node, or of the version. */
export interface ImageActions {
  /** `role.image-set` or `node.image-set`. */
  readonly chooseVersion: (name: string, wanted: ImageRequest, options: ChangeOptions) => Promise<Tagged<ImageChange>>;
  /** `image.pinned` or `image.unpinned`. */
  readonly pinVersion: (
    id: { readonly image: string; readonly version: string },
    wanted: PinRequest,
    options: ChangeOptions,
  ) => Promise<Tagged<PinChange>>;
}

/** As OperationActions. */
export interface BuildActions {
  /** `operation.started`. @throws RefusedError also when another build goes on */
  readonly buildImage: (
    wanted: BuildRequest & { readonly image: string },
    options: ChangeOptions,
  ) => Promise<Tagged<StartedBuild>>;
}

export interface EepromActions {
  readonly eeproms: () => readonly Eeprom[];
  /** @throws NotFoundError */
  readonly eeprom: (name: string) => Eeprom;
  /** `eeprom.staged`, `eeprom.waiting` or `eeprom.cancelled`. @throws as NodeActions */
  readonly setEeprom: (name: string, wanted: EepromRequest, options: ChangeOptions) => Promise<Tagged<EepromChange>>;
}

export interface PowerActions {
  /** Asks the switches. */
  readonly power: () => Promise<NodePower[]>;
  /** `node.power-asked`; goes on behind the answer. @throws as NodeActions */
  readonly switchPower: (wanted: PowerListRequest, options: ChangeOptions) => Promise<PowerChange[]>;
  /** `node.shutdown-asked`, then `node.shutting-down`; ends when the node has taken the order. @throws as NodeActions */
  readonly shutdownNode: (name: string, options: ChangeOptions) => Promise<Shutdown>;
  readonly powerRuns: () => PowerRuns;
  readonly powerOrder: () => PowerOrder;
  /** Asks the switches. */
  readonly discoverPower: () => Promise<PowerMap>;
}

export interface TokenActions {
  /** Who brings this token? undefined: nobody. */
  readonly authenticate: (token: string) => KnownToken | undefined;
  readonly tokens: () => readonly Token[];
  /** The tag is another one when its name was given to a new one. @throws NotFoundError */
  readonly token: (name: string) => Tagged<Token>;
  /** `token.created`. @throws RefusedError when there is one of that name */
  readonly createToken: (wanted: TokenRequest, options: ChangeOptions) => Promise<NewToken>;
  /** `token.revoked`; `ifMatch` is the tag of the token. @throws NotFoundError, ChangedError */
  readonly revokeToken: (name: string, options: ChangeOptions) => Promise<RevokedToken>;
}

export interface EventActions {
  /** Those with a higher number, oldest first. */
  readonly after: (id: number, limit: number) => Promise<readonly Event[]>;
  /** Number of the newest one; 0 when there never was one. */
  readonly lastId: () => number;
  /** @returns how to stop */
  readonly subscribe: (listener: () => void) => () => void;
}
