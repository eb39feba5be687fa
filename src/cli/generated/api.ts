/** What each call of the API takes and answers. Made from the OpenAPI document by test/cli/generated-api.test.ts: do not edit. */

export interface Schemas {
  NodeSpec: {
    readonly name: string;
    readonly serial?: string;
    readonly mac?: string;
    readonly board: 'pi3' | 'pi4' | 'pi5' | 'uefi';
    readonly address: string;
    readonly role: string;
    readonly vars?: Readonly<Record<string, string | number | boolean>>;
    readonly labels?: Readonly<Record<string, string>>;
    readonly power?: { readonly switch: string; readonly port: number };
  };
  NodePatch: {
    readonly serial?: string | null;
    readonly mac?: string | null;
    readonly board?: 'pi3' | 'pi4' | 'pi5' | 'uefi';
    readonly address?: string;
    readonly vars?: Readonly<Record<string, (string | number | boolean) | null>> | null;
    readonly labels?: Readonly<Record<string, string | null>> | null;
    readonly power?: { readonly switch: string; readonly port: number } | null;
  };
  AdoptRequest: {
    readonly name: string;
    readonly role: string;
    readonly address: string;
    readonly board?: 'pi3' | 'pi4' | 'pi5' | 'uefi';
  };
  RoleRequest: { readonly role: string; readonly reboot?: boolean };
  AssignRequest: {
    readonly nodes: readonly string[];
    readonly drain?: 'wait' | 'requeue' | 'force';
    readonly drainDeadlineSeconds?: number;
    readonly maxUnavailable?: string;
    readonly retry?: boolean;
  };
  EepromRequest: {
    readonly image?: string | null;
    readonly config?: string;
    readonly keepConfig?: boolean;
    readonly waitsFor?: readonly string[];
  };
  PowerRequest: { readonly action: 'on' | 'off' | 'cycle' };
  PowerListRequest: { readonly nodes: readonly string[]; readonly action: 'on' | 'off' | 'cycle' };
  ImageRequest: { readonly version: string };
  PinRequest: { readonly isPinned: boolean };
  TokenRequest: { readonly name: string; readonly scope: 'read' | 'operate' | 'admin' };
  Node: {
    readonly name: string;
    readonly serial?: string;
    readonly mac?: string;
    readonly board: 'pi3' | 'pi4' | 'pi5' | 'uefi';
    readonly address: string;
    readonly role: string;
    readonly vars: Readonly<Record<string, string | number | boolean>>;
    readonly labels?: Readonly<Record<string, string>>;
    readonly power?: { readonly switch: string; readonly port: number };
    readonly status: {
      readonly state: 'new' | 'booting' | 'waiting' | 'ready' | 'up' | 'failed' | 'silent' | 'refused';
      readonly address?: string;
      readonly desired?: {
        readonly generation: string;
        readonly image: string;
        readonly root?: 'shared' | 'squash' | 'ram' | 'persistent';
      };
      readonly running?: {
        readonly generation: string;
        readonly image: string;
        readonly role: string;
        readonly root?: 'shared' | 'squash' | 'ram' | 'persistent';
      };
      readonly lastBoot?: Schemas['Boot'];
      readonly heartbeat?: {
        readonly boot: string;
        readonly atMs: number;
        readonly phase: 'userspace' | 'waiting' | 'ready' | 'failed';
        readonly detail?: string;
        readonly uptimeSeconds: number;
        readonly load: number;
        readonly temperatureCelsius?: number;
        readonly throttled?: number;
        readonly liveDigest?: string;
        readonly drift?: {
          readonly checkedAtSeconds: number;
          readonly overlayDigest?: string;
          readonly count: number;
          readonly files: readonly { readonly path: string; readonly what: 'changed' | 'missing' | 'attributes' }[];
        };
        readonly generation: string;
      };
      readonly rebootFailed?: { readonly atMs: number; readonly reason: string; readonly hint?: string };
      readonly reason?: string;
    };
  };
  NodesChange: {
    readonly dryRun: boolean;
    readonly changes: readonly {
      readonly kind: 'added' | 'changed' | 'removed';
      readonly node: string;
      readonly fields: readonly { readonly field: string; readonly before?: string; readonly after?: string }[];
    }[];
  };
  Boot: {
    readonly id: string;
    readonly node: string;
    readonly mac: string;
    readonly address: string;
    readonly generation: string;
    readonly image?: string;
    readonly role?: string;
    readonly startedAtMs: number;
    readonly tokenExpiresAtMs: number;
    readonly lastSeenMs: number;
    readonly overlaySha256?: string;
    readonly files: number;
    readonly bytes: number;
    readonly phases: readonly {
      readonly phase:
        | 'offered'
        | 'loading'
        | 'kernel'
        | 'network'
        | 'root'
        | 'overlay'
        | 'userspace'
        | 'waiting'
        | 'ready'
        | 'failed';
      readonly atMs: number;
      readonly detail?: string;
    }[];
    readonly dhcp?: {
      readonly discover?: { readonly count: number; readonly firstMs: number; readonly lastMs: number };
      readonly offer?: { readonly count: number; readonly firstMs: number; readonly lastMs: number };
      readonly request?: { readonly count: number; readonly firstMs: number; readonly lastMs: number };
      readonly ack?: { readonly count: number; readonly firstMs: number; readonly lastMs: number };
      readonly nak?: { readonly count: number; readonly firstMs: number; readonly lastMs: number };
      readonly system?: { readonly count: number; readonly firstMs: number; readonly lastMs: number };
      readonly foreignServers?: readonly string[];
      readonly board?: string;
      readonly memoryMib?: number;
    };
    readonly missing?: readonly { readonly file: string; readonly reason: string }[];
    readonly unfinished?: readonly {
      readonly file: string;
      readonly sizeBytes: number;
      readonly bytes: number;
      readonly blockSizeBytes: number;
      readonly durationMs?: number;
      readonly atMs: number;
    }[];
    readonly tokenRefused?: string;
    readonly queued?: { readonly ms: number; readonly untilMs: number };
    readonly closed?: {
      readonly atMs: number;
      readonly reason: 'ready' | 'failed' | 'silent' | 'restarted' | 'handed-over';
      readonly rule?: string;
      readonly cause?: string;
      readonly hint?: string;
    };
  };
  Finding: {
    readonly kind: 'node' | 'service' | 'config' | 'machine';
    readonly name: string;
    readonly severity: 'wrong' | 'note';
    readonly rule: string;
    readonly cause: string;
    readonly hint?: string;
  };
  NodeDiagnosis: {
    readonly node: string;
    readonly state: 'new' | 'booting' | 'waiting' | 'ready' | 'up' | 'failed' | 'silent' | 'refused';
    readonly findings: readonly Schemas['Finding'][];
  };
  SiteDiagnosis: {
    readonly status: 'ok' | 'wrong';
    readonly nodes: { readonly all: number; readonly ready: number };
    readonly findings: readonly Schemas['Finding'][];
  };
  OverlayReport: {
    readonly node: string;
    readonly overlayDigest?: string;
    readonly running?: string;
    readonly desired?: string;
    readonly refusal?: string;
    readonly files: {
      readonly added: readonly string[];
      readonly changed: readonly string[];
      readonly removed: readonly string[];
    };
    readonly patches: Readonly<Record<string, string>>;
    readonly live: { readonly has?: string; readonly wants?: string };
    readonly hasLooked: boolean;
    readonly drift?: {
      readonly checkedAtSeconds: number;
      readonly overlayDigest?: string;
      readonly count: number;
      readonly files: readonly { readonly path: string; readonly what: 'changed' | 'missing' | 'attributes' }[];
    };
  };
  Plan: {
    readonly node: string;
    readonly generation: {
      readonly format: 1;
      readonly id: string;
      readonly node: string;
      readonly role: string;
      readonly board: 'pi3' | 'pi4' | 'pi5' | 'uefi';
      readonly image: { readonly name: string; readonly version: string };
      readonly rootMode: 'shared' | 'squash' | 'ram' | 'persistent';
      readonly squash?: { readonly sha256: string; readonly sizeBytes: number };
      readonly boot?: 'signed';
      readonly configTxt: string;
      readonly commandLine: string;
      readonly texts?: Readonly<Record<string, string>>;
      readonly overlayDigest: string;
    };
    readonly overlay: readonly (
      | {
          readonly kind: 'file';
          readonly path: string;
          readonly mode: number;
          readonly uid: number;
          readonly gid: number;
        }
      | {
          readonly kind: 'directory';
          readonly path: string;
          readonly mode: number;
          readonly uid: number;
          readonly gid: number;
        }
      | { readonly kind: 'link'; readonly path: string; readonly target: string }
      | { readonly kind: 'remove'; readonly glob: string }
    )[];
  };
  Role: {
    readonly name: string;
    readonly image: string;
    readonly root: string;
    readonly boot: string;
    readonly overlays: readonly string[];
    readonly kernelArguments: readonly string[];
    readonly vars: Readonly<Record<string, string | number | boolean>>;
    readonly ready: readonly string[];
    readonly deadlineMs: number;
    readonly nodes: readonly string[];
  };
  RoleChange: {
    readonly node: string;
    readonly dryRun: boolean;
    readonly isChanged: boolean;
    readonly diff: {
      readonly role: { readonly from?: string; readonly to?: string };
      readonly image: { readonly from?: string; readonly to?: string };
      readonly root: { readonly from?: string; readonly to?: string };
      readonly generation: { readonly from?: string; readonly to?: string };
      readonly kernelArguments: { readonly added: readonly string[]; readonly removed: readonly string[] };
      readonly overlays: { readonly added: readonly string[]; readonly removed: readonly string[] };
      readonly files: {
        readonly added: readonly string[];
        readonly changed: readonly string[];
        readonly removed: readonly string[];
      };
      readonly patches: Readonly<Record<string, string>>;
      readonly exports: { readonly added: readonly string[]; readonly removed: readonly string[] };
      readonly slurm: {
        readonly from: 'none' | 'controller' | 'compute';
        readonly to: 'none' | 'controller' | 'compute';
      };
    };
    readonly reboots: boolean;
  };
  Reboot: { readonly node: string; readonly dryRun: boolean };
  StartedOperation: {
    readonly dryRun: boolean;
    readonly operation?: string;
    readonly nodes: readonly {
      readonly node: string;
      readonly diff: {
        readonly role: { readonly from?: string; readonly to?: string };
        readonly image: { readonly from?: string; readonly to?: string };
        readonly root: { readonly from?: string; readonly to?: string };
        readonly generation: { readonly from?: string; readonly to?: string };
        readonly kernelArguments: { readonly added: readonly string[]; readonly removed: readonly string[] };
        readonly overlays: { readonly added: readonly string[]; readonly removed: readonly string[] };
        readonly files: {
          readonly added: readonly string[];
          readonly changed: readonly string[];
          readonly removed: readonly string[];
        };
        readonly patches: Readonly<Record<string, string>>;
        readonly exports: { readonly added: readonly string[]; readonly removed: readonly string[] };
        readonly slurm: {
          readonly from: 'none' | 'controller' | 'compute';
          readonly to: 'none' | 'controller' | 'compute';
        };
      };
    }[];
  };
  Operation: {
    readonly id: string;
    readonly kind: 'role-change';
    readonly by: string;
    readonly role: string;
    readonly drain: 'wait' | 'requeue' | 'force';
    readonly drainDeadlineMs: number;
    readonly maxUnavailable: number;
    readonly startedAtMs: number;
    readonly state: 'running' | 'stopping' | 'done' | 'failed' | 'cancelled';
    readonly reason?: string;
    readonly endedAtMs?: number;
    readonly nodes: readonly string[];
    readonly counts: {
      readonly waiting: number;
      readonly running: number;
      readonly done: number;
      readonly 'fell-back': number;
      readonly failed: number;
      readonly skipped: number;
      readonly kept: number;
    };
  };
  ShownOperation: {
    readonly id: string;
    readonly kind: 'role-change';
    readonly by: string;
    readonly role: string;
    readonly drain: 'wait' | 'requeue' | 'force';
    readonly drainDeadlineMs: number;
    readonly maxUnavailable: number;
    readonly startedAtMs: number;
    readonly state: 'running' | 'stopping' | 'done' | 'failed' | 'cancelled';
    readonly reason?: string;
    readonly endedAtMs?: number;
    readonly counts: {
      readonly waiting: number;
      readonly running: number;
      readonly done: number;
      readonly 'fell-back': number;
      readonly failed: number;
      readonly skipped: number;
      readonly kept: number;
    };
    readonly nodes: readonly {
      readonly node: string;
      readonly from: string;
      readonly steps: readonly {
        readonly step:
          'drain' | 'set' | 'reboot' | 'boot' | 'resume' | 'revert' | 'reboot-back' | 'boot-back' | 'resume-back';
        readonly startedAtMs: number;
        readonly endedAtMs?: number;
        readonly outcome?: 'done' | 'skipped' | 'failed';
        readonly detail?: string;
      }[];
      readonly staysDrained?: boolean;
      readonly result?: 'done' | 'fell-back' | 'failed' | 'skipped' | 'kept';
      readonly cause?: string;
      readonly hint?: string;
    }[];
  };
  CancelledOperation: { readonly operation: string; readonly dryRun: boolean; readonly goOn: readonly string[] };
  Eeprom: {
    readonly node: string;
    readonly board: 'pi3' | 'pi4' | 'pi5' | 'uefi';
    readonly state: 'none' | 'unknown' | 'current' | 'waiting' | 'staged' | 'asked' | 'updated' | 'failed';
    readonly date?: string;
    readonly bootOrder?: string;
    readonly report?: {
      readonly version?: string;
      readonly builtAtSeconds: number;
      readonly updatedAtSeconds?: number;
      readonly capabilities?: number;
      readonly config?: string;
      readonly boot: string;
      readonly atMs: number;
    };
    readonly desired?: {
      readonly image: {
        readonly sha256: string;
        readonly sourceSha256: string;
        readonly sizeBytes: number;
        readonly chip: '2711' | '2712';
        readonly builtAtSeconds: number;
        readonly version?: string;
      };
      readonly serial: string;
      readonly state: 'waiting' | 'staged' | 'asked' | 'updated' | 'failed';
      readonly waitsFor: readonly string[];
      readonly timestampSeconds: number;
      readonly sinceMs: number;
      readonly stagedAtMs?: number;
      readonly askedAtMs?: number;
      readonly asks: number;
      readonly reason?: string;
      readonly hint?: string;
    };
  };
  EepromChange: {
    readonly node: string;
    readonly board: 'pi3' | 'pi4' | 'pi5' | 'uefi';
    readonly state: 'none' | 'unknown' | 'current' | 'waiting' | 'staged' | 'asked' | 'updated' | 'failed';
    readonly date?: string;
    readonly bootOrder?: string;
    readonly report?: {
      readonly version?: string;
      readonly builtAtSeconds: number;
      readonly updatedAtSeconds?: number;
      readonly capabilities?: number;
      readonly config?: string;
      readonly boot: string;
      readonly atMs: number;
    };
    readonly desired?: {
      readonly image: {
        readonly sha256: string;
        readonly sourceSha256: string;
        readonly sizeBytes: number;
        readonly chip: '2711' | '2712';
        readonly builtAtSeconds: number;
        readonly version?: string;
      };
      readonly serial: string;
      readonly state: 'waiting' | 'staged' | 'asked' | 'updated' | 'failed';
      readonly waitsFor: readonly string[];
      readonly timestampSeconds: number;
      readonly sinceMs: number;
      readonly stagedAtMs?: number;
      readonly askedAtMs?: number;
      readonly asks: number;
      readonly reason?: string;
      readonly hint?: string;
    };
    readonly dryRun: boolean;
  };
  NodePower: {
    readonly node: string;
    readonly switch?: string;
    readonly port?: number;
    readonly power: 'on' | 'off' | 'unknown';
    readonly detection?: 'disabled' | 'searching' | 'delivering' | 'fault' | 'test' | 'other-fault';
    readonly reason?: string;
    readonly budget?: { readonly watts: number; readonly usedWatts: number };
  };
  PowerChange: {
    readonly node: string;
    readonly action: 'on' | 'off' | 'cycle';
    readonly dryRun: boolean;
    readonly isChanged: boolean;
    readonly switch: string;
    readonly port: number;
  };
  PowerRuns: {
    readonly running: readonly {
      readonly node: string;
      readonly action: 'on' | 'off' | 'cycle';
      readonly by: string;
      readonly switch: string;
      readonly port: number;
      readonly step: 'switch' | 'wait' | 'turn';
      readonly wanted: 'on' | 'off';
      readonly sinceMs: number;
      readonly failure?: string;
    }[];
    readonly ended: readonly {
      readonly node: string;
      readonly action: 'on' | 'off' | 'cycle';
      readonly by: string;
      readonly switch: string;
      readonly port: number;
      readonly endedMs: number;
      readonly detection?: 'disabled' | 'searching' | 'delivering' | 'fault' | 'test' | 'other-fault';
      readonly failure?: string;
      readonly hint?: string;
    }[];
  };
  PowerMap: {
    readonly proposals: readonly (
      | {
          readonly kind: 'found';
          readonly node: string;
          readonly before?: { readonly switch: string; readonly port: number };
          readonly power: { readonly switch: string; readonly port: number };
          readonly by: 'mac' | 'lldp';
        }
      | {
          readonly kind: 'open';
          readonly node: string;
          readonly before?: { readonly switch: string; readonly port: number };
          readonly reason: string;
        }
    )[];
    readonly failures: readonly string[];
  };
  PowerOrder: { readonly stages: readonly (readonly string[])[] };
  Shutdown: { readonly node: string; readonly dryRun: boolean; readonly runs: boolean };
  UnknownBoard: {
    readonly mac: string;
    readonly address: string;
    readonly serial?: string;
    readonly board?: string;
    readonly leaseUntilMs?: number;
    readonly firstSeenMs: number;
    readonly lastSeenMs: number;
    readonly poweredOnMs?: number;
    readonly model?: string;
    readonly memoryMib?: number;
    readonly switchPort?: string;
    readonly hold?: { readonly sinceMs: number; readonly heardMs: number };
  };
  Image: {
    readonly name: string;
    readonly version: string;
    readonly builtAt: string;
    readonly boards: readonly ('pi3' | 'pi4' | 'pi5' | 'uefi')[];
    readonly rootBytes: number;
    readonly usedBy: readonly string[];
    readonly isPinned: boolean;
  };
  Lease: { readonly address: string; readonly mac?: string; readonly node?: string };
  TargetGroup: { readonly targets: readonly string[]; readonly labels: Readonly<Record<string, string>> };
  Event: {
    readonly id: number;
    readonly atMs: number;
    readonly kind: string;
    readonly node?: string;
    readonly fields: Readonly<Record<string, string | number | boolean>>;
  };
  ServiceAbout: {
    readonly version: string;
    readonly cluster: string;
    readonly tls?: { readonly listen: string; readonly fingerprint: string; readonly expiresAtMs: number };
  };
  Health: {
    readonly status: 'ok' | 'red';
    readonly parts?: readonly {
      readonly name: string;
      readonly problems: readonly string[];
      readonly sinceMs: number;
      readonly about?: string;
    }[];
  };
  Token: {
    readonly name: string;
    readonly scope: 'read' | 'operate' | 'admin';
    readonly createdAtMs: number;
    readonly lastUsedAtMs?: number;
  };
  NewToken: {
    readonly name: string;
    readonly scope: 'read' | 'operate' | 'admin';
    readonly dryRun: boolean;
    readonly token?: string;
  };
  RevokedToken: { readonly name: string; readonly scope: 'read' | 'operate' | 'admin'; readonly dryRun: boolean };
  AuditEntry: {
    readonly id: number;
    readonly atMs: number;
    readonly by: string;
    readonly from: string;
    readonly action: string;
    readonly request: string;
    readonly body?: string;
    readonly status: number;
    readonly reason?: string;
  };
  ImageChange: {
    readonly name: string;
    readonly from: string;
    readonly to: string;
    readonly dryRun: boolean;
    readonly isChanged: boolean;
    readonly nodes: readonly string[];
  };
  PinChange: {
    readonly image: string;
    readonly version: string;
    readonly isPinned: boolean;
    readonly dryRun: boolean;
    readonly isChanged: boolean;
  };
  Problem: {
    readonly status: number;
    readonly title: string;
    readonly detail?: string;
    readonly problems?: readonly string[];
    readonly etag?: string;
  };
  Document: {
    readonly openapi: string;
    readonly info: Readonly<Record<string, unknown>>;
    readonly paths: Readonly<Record<string, unknown>>;
  };
}

export interface Calls {
  'GET /nodes': {
    query?: {
      role?: string;
      board?: 'pi3' | 'pi4' | 'pi5' | 'uefi';
      state?: 'new' | 'booting' | 'waiting' | 'ready' | 'up' | 'failed' | 'silent' | 'refused';
      nodes?: string;
      label?: readonly string[];
      limit?: number;
      after?: string;
    };

    answer: readonly Schemas['Node'][];
  };
  'PUT /nodes': {
    query?: { dryRun?: 'true' | 'false' };
    body: readonly Schemas['NodeSpec'][];
    answer: Schemas['NodesChange'];
  };
  'POST /nodes': {
    query?: { dryRun?: 'true' | 'false' };
    body: Schemas['NodeSpec'];
    answer: Schemas['NodesChange'];
  };
  'GET /nodes/{name}': {
    path: { name: string };

    answer: Schemas['Node'];
  };
  'PATCH /nodes/{name}': {
    path: { name: string };
    query?: { dryRun?: 'true' | 'false' };
    body: Schemas['NodePatch'];
    answer: Schemas['NodesChange'];
  };
  'DELETE /nodes/{name}': {
    path: { name: string };
    query?: { dryRun?: 'true' | 'false' };

    answer: Schemas['NodesChange'];
  };
  'GET /nodes/{name}/plan': {
    path: { name: string };

    answer: Schemas['Plan'];
  };
  'GET /nodes/{name}/overlay': {
    path: { name: string };

    answer: Schemas['OverlayReport'];
  };
  'GET /nodes/{name}/overlay/now': {
    path: { name: string };

    answer: Schemas['OverlayReport'];
  };
  'GET /nodes/{name}/boots': {
    path: { name: string };
    query?: { limit?: number; after?: string };

    answer: readonly Schemas['Boot'][];
  };
  'GET /diagnosis': {
    answer: Schemas['SiteDiagnosis'];
  };
  'GET /nodes/{name}/diagnosis': {
    path: { name: string };

    answer: Schemas['NodeDiagnosis'];
  };
  'PUT /nodes/{name}/role': {
    path: { name: string };
    query?: { dryRun?: 'true' | 'false' };
    body: Schemas['RoleRequest'];
    answer: Schemas['RoleChange'];
  };
  'POST /nodes/{name}:reboot': {
    path: { name: string };
    query?: { dryRun?: 'true' | 'false' };

    answer: Schemas['Reboot'];
  };
  'POST /roles/{name}:assign': {
    path: { name: string };
    query?: { dryRun?: 'true' | 'false' };
    body: Schemas['AssignRequest'];
    answer: Schemas['StartedOperation'];
  };
  'GET /operations': {
    query?: { limit?: number; after?: string };

    answer: readonly Schemas['Operation'][];
  };
  'GET /operations/{id}': {
    path: { id: string };

    answer: Schemas['ShownOperation'];
  };
  'POST /operations/{id}:cancel': {
    path: { id: string };
    query?: { dryRun?: 'true' | 'false' };

    answer: Schemas['CancelledOperation'];
  };
  'GET /power': {
    answer: readonly Schemas['NodePower'][];
  };
  'POST /power': {
    query?: { dryRun?: 'true' | 'false' };
    body: Schemas['PowerListRequest'];
    answer: readonly Schemas['PowerChange'][];
  };
  'GET /power/runs': {
    answer: Schemas['PowerRuns'];
  };
  'GET /power/order': {
    answer: Schemas['PowerOrder'];
  };
  'GET /power/map': {
    answer: Schemas['PowerMap'];
  };
  'POST /nodes/{name}:power': {
    path: { name: string };
    query?: { dryRun?: 'true' | 'false' };
    body: Schemas['PowerRequest'];
    answer: Schemas['PowerChange'];
  };
  'POST /nodes/{name}:shutdown': {
    path: { name: string };
    query?: { dryRun?: 'true' | 'false' };

    answer: Schemas['Shutdown'];
  };
  'GET /eeproms': {
    query?: { limit?: number; after?: string };

    answer: readonly Schemas['Eeprom'][];
  };
  'GET /nodes/{name}/eeprom': {
    path: { name: string };

    answer: Schemas['Eeprom'];
  };
  'PUT /nodes/{name}/eeprom': {
    path: { name: string };
    query?: { dryRun?: 'true' | 'false' };
    body: Schemas['EepromRequest'];
    answer: Schemas['EepromChange'];
  };
  'GET /roles': {
    query?: { limit?: number; after?: string };

    answer: readonly Schemas['Role'][];
  };
  'GET /roles/{name}': {
    path: { name: string };

    answer: Schemas['Role'];
  };
  'PUT /roles/{name}/image': {
    path: { name: string };
    query?: { dryRun?: 'true' | 'false' };
    body: Schemas['ImageRequest'];
    answer: Schemas['ImageChange'];
  };
  'PUT /nodes/{name}/image': {
    path: { name: string };
    query?: { dryRun?: 'true' | 'false' };
    body: Schemas['ImageRequest'];
    answer: Schemas['ImageChange'];
  };
  'PUT /images/{name}/{version}/pin': {
    path: { name: string; version: string };
    query?: { dryRun?: 'true' | 'false' };
    body: Schemas['PinRequest'];
    answer: Schemas['PinChange'];
  };
  'GET /unknown-boards': {
    query?: { limit?: number; after?: string };

    answer: readonly Schemas['UnknownBoard'][];
  };
  'POST /unknown-boards/{mac}:blink': {
    path: { mac: string };
    query?: { dryRun?: 'true' | 'false' };

    answer: Schemas['UnknownBoard'];
  };
  'POST /unknown-boards/{mac}:adopt': {
    path: { mac: string };
    query?: { dryRun?: 'true' | 'false' };
    body: Schemas['AdoptRequest'];
    answer: Schemas['NodesChange'];
  };
  'GET /healthz': {
    answer: Schemas['Health'];
  };
  'GET /service': {
    answer: Schemas['ServiceAbout'];
  };
  'GET /leases': {
    query?: { limit?: number; after?: string };

    answer: readonly Schemas['Lease'][];
  };
  'GET /images': {
    query?: { limit?: number; after?: string };

    answer: readonly Schemas['Image'][];
  };
  'GET /events': {
    answer: string;
  };
  'GET /metrics': {
    answer: string;
  };
  'GET /prometheus/targets': {
    answer: readonly Schemas['TargetGroup'][];
  };
  'GET /tokens': {
    query?: { limit?: number; after?: string };

    answer: readonly Schemas['Token'][];
  };
  'POST /tokens': {
    query?: { dryRun?: 'true' | 'false' };
    body: Schemas['TokenRequest'];
    answer: Schemas['NewToken'];
  };
  'DELETE /tokens/{name}': {
    path: { name: string };
    query?: { dryRun?: 'true' | 'false' };

    answer: Schemas['RevokedToken'];
  };
  'GET /audit': {
    query?: { by?: string; limit?: number; after?: string };

    answer: readonly Schemas['AuditEntry'][];
  };
  'GET /openapi.json': {
    answer: Schemas['Document'];
  };
  'GET /docs': {
    answer: string;
  };
}
