/** What each call of the API takes and answers. Made from the OpenAPI document by test/cli/generated-api.test.ts: do not edit. */

export interface Schemas {
  NodeSpec: {
    name: string;
    serial?: string;
    mac?: string;
    board: 'pi3' | 'pi4' | 'pi5' | 'uefi';
    address: string;
    role: string;
    vars?: Record<string, string | number | boolean>;
    labels?: Record<string, string>;
    power?: { switch: string; port: number };
  };
  NodePatch: {
    serial?: string | null;
    mac?: string | null;
    board?: 'pi3' | 'pi4' | 'pi5' | 'uefi';
    address?: string;
    vars?: Record<string, (string | number | boolean) | null> | null;
    labels?: Record<string, string | null> | null;
    power?: { switch: string; port: number } | null;
  };
  AdoptRequest: { name: string; role: string; address: string; board?: 'pi3' | 'pi4' | 'pi5' | 'uefi' };
  RoleRequest: {
    role: string;
    reboot?: boolean;
    drain?: 'wait' | 'requeue' | 'force';
    drainDeadlineSeconds?: number;
    retry?: boolean;
  };
  RolesRequest: { nodes: string[]; reboot?: boolean };
  AssignRequest: {
    nodes: string[];
    drain?: 'wait' | 'requeue' | 'force';
    drainDeadlineSeconds?: number;
    maxUnavailable?: string;
    retry?: boolean;
  };
  RotateRequest: { force?: boolean };
  RolloutRequest: {
    target: { kind: 'image'; role: string; image?: string } | { kind: 'overlay'; role: string };
    canary?: number;
    waves?: number[];
    checks?: string[];
    slurm?: boolean;
    soakSeconds?: number;
    deadlineSeconds?: number;
    drain?: 'wait' | 'requeue' | 'force';
    drainDeadlineSeconds?: number;
    maxUnavailable?: string;
    maxFailed?: number;
    retry?: boolean;
  };
  RollbackRequest: {
    nodes?: string[];
    role?: string;
    all?: true;
    to: { kind: 'generation'; id: string } | { kind: 'last-good' } | { kind: 'at'; atMs: number };
  };
  EepromRequest: { image?: string | null; config?: string; keepConfig?: boolean; waitsFor?: string[] };
  PowerRequest: { action: 'on' | 'off' | 'cycle' };
  PowerListRequest: { nodes: string[]; action: 'on' | 'off' | 'cycle' };
  ImageRequest: { version: string; retry?: boolean };
  PinRequest: { isPinned: boolean };
  BuildRequest: { packages?: 'kept' | 'update' | 'anew' | 'offline'; squash?: boolean };
  TokenRequest: { name: string; scope: 'read' | 'operate' | 'admin'; expires?: string };
  Node: {
    name: string;
    serial?: string;
    mac?: string;
    board: 'pi3' | 'pi4' | 'pi5' | 'uefi';
    address: string;
    role: string;
    vars: Record<string, string | number | boolean>;
    labels?: Record<string, string>;
    power?: { switch: string; port: number };
    status: {
      state: 'new' | 'booting' | 'waiting' | 'ready' | 'up' | 'failed' | 'silent' | 'refused';
      address?: string;
      desired?: { generation: string; image: string; root?: 'shared' | 'squash' | 'ram' | 'persistent' };
      running?: { generation: string; image: string; role: string; root?: 'shared' | 'squash' | 'ram' | 'persistent' };
      lastBoot?: Schemas['Boot'];
      heartbeat?: {
        boot: string;
        atMs: number;
        phase: 'userspace' | 'waiting' | 'ready' | 'failed';
        detail?: string;
        uptimeSeconds: number;
        load: number;
        temperatureCelsius?: number;
        throttled?: number;
        liveDigest?: string;
        mungeProof?: string;
        drift?: {
          checkedAtSeconds: number;
          overlayDigest?: string;
          count: number;
          files: { path: string; what: 'changed' | 'missing' | 'attributes' }[];
        };
        generation: string;
      };
      rebootFailed?: { atMs: number; reason: string; hint?: string };
      reason?: string;
    };
  };
  NodesChange: {
    dryRun: boolean;
    changes: {
      kind: 'added' | 'changed' | 'removed';
      node: string;
      fields: { field: string; before?: string; after?: string }[];
    }[];
  };
  Boot: {
    id: string;
    node: string;
    mac: string;
    address: string;
    generation: string;
    image?: string;
    role?: string;
    startedAtMs: number;
    tokenExpiresAtMs: number;
    lastSeenMs: number;
    overlaySha256?: string;
    files: number;
    bytes: number;
    phases: {
      phase:
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
      atMs: number;
      detail?: string;
    }[];
    dhcp?: {
      discover?: { count: number; firstMs: number; lastMs: number };
      offer?: { count: number; firstMs: number; lastMs: number };
      request?: { count: number; firstMs: number; lastMs: number };
      ack?: { count: number; firstMs: number; lastMs: number };
      nak?: { count: number; firstMs: number; lastMs: number };
      system?: { count: number; firstMs: number; lastMs: number };
      foreignServers?: string[];
      board?: string;
      memoryMib?: number;
    };
    missing?: { file: string; reason: string }[];
    unfinished?: {
      file: string;
      sizeBytes: number;
      bytes: number;
      blockSizeBytes: number;
      durationMs?: number;
      atMs: number;
    }[];
    tokenRefused?: string;
    queued?: { ms: number; untilMs: number };
    closed?: {
      atMs: number;
      reason: 'ready' | 'failed' | 'silent' | 'restarted' | 'handed-over';
      rule?: string;
      cause?: string;
      hint?: string;
    };
  };
  Finding: {
    kind: 'node' | 'service' | 'config' | 'machine';
    name: string;
    severity: 'wrong' | 'note';
    rule: string;
    cause: string;
    hint?: string;
  };
  NodeDiagnosis: {
    node: string;
    state: 'new' | 'booting' | 'waiting' | 'ready' | 'up' | 'failed' | 'silent' | 'refused';
    findings: Schemas['Finding'][];
  };
  SiteDiagnosis: { status: 'ok' | 'wrong'; nodes: { all: number; ready: number }; findings: Schemas['Finding'][] };
  OverlayReport: {
    node: string;
    overlayDigest?: string;
    running?: string;
    desired?: string;
    refusal?: string;
    files: { added: string[]; changed: string[]; removed: string[] };
    patches: Record<string, string>;
    live: { has?: string; wants?: string };
    hasLooked: boolean;
    drift?: {
      checkedAtSeconds: number;
      overlayDigest?: string;
      count: number;
      files: { path: string; what: 'changed' | 'missing' | 'attributes' }[];
    };
  };
  Plan: {
    node: string;
    generation: {
      format: 1;
      id: string;
      node: string;
      role: string;
      board: 'pi3' | 'pi4' | 'pi5' | 'uefi';
      image: { name: string; version: string };
      rootMode: 'shared' | 'squash' | 'ram' | 'persistent';
      squash?: { sha256: string; sizeBytes: number };
      boot?: 'signed';
      configTxt: string;
      commandLine: string;
      texts?: Record<string, string>;
      overlayDigest: string;
    };
    overlay: (
      | { kind: 'file'; path: string; mode: number; uid: number; gid: number }
      | { kind: 'directory'; path: string; mode: number; uid: number; gid: number }
      | { kind: 'link'; path: string; target: string }
      | { kind: 'remove'; glob: string }
    )[];
  };
  Overlay: { name: string; summary: string; files: number; roles: string[] };
  ShownOverlay: {
    summary: string;
    needs: { vars: string[]; secrets: string[] };
    files?: Record<string, { owner?: string; mode?: string; secret?: string; live?: boolean; skipEmpty?: boolean }>;
    units?: { enable?: string[]; mask?: string[] };
    remove?: string[];
    name: string;
    roles: string[];
    tree: { path: string; kind: 'file' | 'link' | 'template' }[];
  };
  Role: {
    name: string;
    image: string;
    root: string;
    boot: string;
    overlays: string[];
    kernelArguments: string[];
    vars: Record<string, string | number | boolean>;
    ready: string[];
    deadlineMs: number;
    nodes: string[];
  };
  RoleChange: {
    node: string;
    dryRun: boolean;
    isChanged: boolean;
    diff: {
      role: { from?: string; to?: string };
      image: { from?: string; to?: string };
      root: { from?: string; to?: string };
      generation: { from?: string; to?: string };
      kernelArguments: { added: string[]; removed: string[] };
      overlays: { added: string[]; removed: string[] };
      files: { added: string[]; changed: string[]; removed: string[] };
      patches: Record<string, string>;
      exports: { added: string[]; removed: string[] };
      slurm: { from: 'none' | 'controller' | 'compute'; to: 'none' | 'controller' | 'compute' };
    };
    reboots: boolean;
  };
  RolesChange: { dryRun: boolean; changes: Schemas['RoleChange'][] };
  Reboot: { node: string; dryRun: boolean };
  StartedOperation: {
    dryRun: boolean;
    operation?: string;
    nodes: {
      node: string;
      diff: {
        role: { from?: string; to?: string };
        image: { from?: string; to?: string };
        root: { from?: string; to?: string };
        generation: { from?: string; to?: string };
        kernelArguments: { added: string[]; removed: string[] };
        overlays: { added: string[]; removed: string[] };
        files: { added: string[]; changed: string[]; removed: string[] };
        patches: Record<string, string>;
        exports: { added: string[]; removed: string[] };
        slurm: { from: 'none' | 'controller' | 'compute'; to: 'none' | 'controller' | 'compute' };
      };
    }[];
  };
  Operation: {
    id: string;
    kind: 'role-change' | 'rollout';
    rollout?: { id: string; way: 'forward' | 'back'; to: string };
    isHeld?: boolean;
    maxFailed?: number;
    by: string;
    role: string;
    drain: 'wait' | 'requeue' | 'force';
    drainDeadlineMs: number;
    maxUnavailable: number;
    startedAtMs: number;
    state: 'running' | 'stopping' | 'done' | 'failed' | 'cancelled';
    reason?: string;
    endedAtMs?: number;
    nodes: string[];
    counts: {
      waiting: number;
      running: number;
      done: number;
      'fell-back': number;
      failed: number;
      skipped: number;
      kept: number;
    };
  };
  ShownOperation: {
    id: string;
    kind: 'role-change' | 'rollout';
    rollout?: { id: string; way: 'forward' | 'back'; to: string };
    isHeld?: boolean;
    maxFailed?: number;
    by: string;
    role: string;
    drain: 'wait' | 'requeue' | 'force';
    drainDeadlineMs: number;
    maxUnavailable: number;
    startedAtMs: number;
    state: 'running' | 'stopping' | 'done' | 'failed' | 'cancelled';
    reason?: string;
    endedAtMs?: number;
    counts: {
      waiting: number;
      running: number;
      done: number;
      'fell-back': number;
      failed: number;
      skipped: number;
      kept: number;
    };
    nodes: {
      node: string;
      from: string;
      before?: { generation: string; image: string };
      pinBefore?: {
        generation: string;
        image: string;
        role: string;
        by: string;
        fellFrom?: { generation: string; cause: string };
      };
      heldAt?: string;
      steps: {
        step: 'drain' | 'set' | 'reboot' | 'boot' | 'resume' | 'revert' | 'reboot-back' | 'boot-back' | 'resume-back';
        startedAtMs: number;
        endedAtMs?: number;
        outcome?: 'done' | 'skipped' | 'failed';
        detail?: string;
      }[];
      staysDrained?: boolean;
      result?: 'done' | 'fell-back' | 'failed' | 'skipped' | 'kept';
      cause?: string;
      hint?: string;
    }[];
  };
  CancelledOperation: { operation: string; dryRun: boolean; goOn: string[] };
  ResumedOperation: { operation: string; dryRun: boolean; nodes: string[] };
  HeldWork: { dryRun: boolean; operations: string[]; rollouts: string[] };
  StartedRotation: {
    dryRun: boolean;
    operation?: string;
    secret: string;
    partitions: string[];
    nodes: { node: string; state: 'waiting' | 'restarted' | 'next-boot' | 'kept'; detail?: string }[];
  };
  Rotation: {
    id: string;
    kind: 'munge-rotation';
    by: string;
    secret: string;
    partitions: string[];
    startedAtMs: number;
    state: 'running' | 'stopping' | 'done' | 'failed' | 'cancelled';
    steps: {
      step: 'close' | 'push' | 'restart' | 'open' | 'push-back' | 'restart-back' | 'open-back';
      startedAtMs: number;
      endedAtMs?: number;
      outcome?: 'done' | 'skipped' | 'failed';
      detail?: string;
    }[];
    nodes: string[];
    reason?: string;
    hint?: string;
    endedAtMs?: number;
    counts: { waiting: number; restarted: number; 'next-boot': number; kept: number };
  };
  ShownRotation: {
    id: string;
    kind: 'munge-rotation';
    by: string;
    secret: string;
    partitions: string[];
    startedAtMs: number;
    state: 'running' | 'stopping' | 'done' | 'failed' | 'cancelled';
    steps: {
      step: 'close' | 'push' | 'restart' | 'open' | 'push-back' | 'restart-back' | 'open-back';
      startedAtMs: number;
      endedAtMs?: number;
      outcome?: 'done' | 'skipped' | 'failed';
      detail?: string;
    }[];
    nodes: { node: string; state: 'waiting' | 'restarted' | 'next-boot' | 'kept'; detail?: string }[];
    reason?: string;
    hint?: string;
    endedAtMs?: number;
    counts: { waiting: number; restarted: number; 'next-boot': number; kept: number };
  };
  StartedBuild: { dryRun: boolean; operation?: string; image: string; plan?: string[] };
  Build: {
    id: string;
    kind: 'image-build';
    by: string;
    image: string;
    packages: 'kept' | 'update' | 'anew' | 'offline';
    squash: boolean;
    startedAtMs: number;
    interruptions?: number;
    state: 'running' | 'stopping' | 'done' | 'failed' | 'cancelled';
    reason?: string;
    hint?: string;
    endedAtMs?: number;
    nodes: string[];
    counts: { done: number; running: number };
  };
  ShownBuild: {
    id: string;
    kind: 'image-build';
    by: string;
    image: string;
    packages: 'kept' | 'update' | 'anew' | 'offline';
    squash: boolean;
    startedAtMs: number;
    interruptions?: number;
    state: 'running' | 'stopping' | 'done' | 'failed' | 'cancelled';
    steps: { index: number; total: number; title: string; startedAtMs: number; endedAtMs?: number; detail?: string }[];
    log: string[];
    reason?: string;
    hint?: string;
    endedAtMs?: number;
    nodes: string[];
    counts: { done: number; running: number };
  };
  AnyOperation: Schemas['Operation'] | Schemas['Rotation'] | Schemas['Build'];
  AnyShownOperation: Schemas['ShownOperation'] | Schemas['ShownRotation'] | Schemas['ShownBuild'];
  StartedRollout: {
    dryRun: boolean;
    rollout?: string;
    target: { kind: 'image'; role: string; image: string } | { kind: 'overlay'; role: string };
    from?: string;
    waves: string[][];
    leftOut: { node: string; reason: string }[];
  };
  Rollout: {
    id: string;
    by: string;
    startedAtMs: number;
    target: { kind: 'image'; role: string; image: string } | { kind: 'overlay'; role: string };
    from?: string;
    canary: number;
    waves: number[];
    gates: {
      slurm: boolean;
      checks: { name: string; argv: string[]; deadlineMs: number }[];
      soakMs: number;
      deadlineMs: number;
    };
    drain: 'wait' | 'requeue' | 'force';
    drainDeadlineMs: number;
    maxUnavailable: number;
    maxFailed: number;
    state: 'running' | 'paused' | 'aborting' | 'rolled-back' | 'done' | 'failed';
    wave: number;
    operation: string;
    gatesSinceMs?: number;
    detail?: string;
    nodes: {
      node: string;
      wave: number;
      before?: { generation: string; image: string };
      result?: 'done' | 'fell-back' | 'failed' | 'skipped' | 'kept' | 'rolled-back';
      cause?: string;
    }[];
    leftOut: { node: string; reason: string; before?: { generation: string; image: string } }[];
    reason?: string;
    endedAtMs?: number;
  };
  OrderedRollout: {
    rollout: string;
    dryRun: boolean;
    state: 'running' | 'paused' | 'aborting' | 'rolled-back' | 'done' | 'failed';
    nodes: string[];
  };
  Rollback: {
    dryRun: boolean;
    nodes: { node: string; generation: string; image: string; isChanged: boolean }[];
    leftOut: { node: string; reason: string }[];
  };
  Change: { atMs: number; kind: string; node?: string; what: string; by?: string; cause?: string };
  Eeprom: {
    node: string;
    board: 'pi3' | 'pi4' | 'pi5' | 'uefi';
    state: 'none' | 'unknown' | 'current' | 'waiting' | 'staged' | 'asked' | 'updated' | 'failed';
    date?: string;
    bootOrder?: string;
    report?: {
      version?: string;
      builtAtSeconds: number;
      updatedAtSeconds?: number;
      capabilities?: number;
      config?: string;
      boot: string;
      atMs: number;
    };
    desired?: {
      image: {
        sha256: string;
        sourceSha256: string;
        sizeBytes: number;
        chip: '2711' | '2712';
        builtAtSeconds: number;
        version?: string;
      };
      serial: string;
      state: 'waiting' | 'staged' | 'asked' | 'updated' | 'failed';
      waitsFor: string[];
      timestampSeconds: number;
      sinceMs: number;
      stagedAtMs?: number;
      askedAtMs?: number;
      asks: number;
      reason?: string;
      hint?: string;
    };
  };
  EepromChange: {
    node: string;
    board: 'pi3' | 'pi4' | 'pi5' | 'uefi';
    state: 'none' | 'unknown' | 'current' | 'waiting' | 'staged' | 'asked' | 'updated' | 'failed';
    date?: string;
    bootOrder?: string;
    report?: {
      version?: string;
      builtAtSeconds: number;
      updatedAtSeconds?: number;
      capabilities?: number;
      config?: string;
      boot: string;
      atMs: number;
    };
    desired?: {
      image: {
        sha256: string;
        sourceSha256: string;
        sizeBytes: number;
        chip: '2711' | '2712';
        builtAtSeconds: number;
        version?: string;
      };
      serial: string;
      state: 'waiting' | 'staged' | 'asked' | 'updated' | 'failed';
      waitsFor: string[];
      timestampSeconds: number;
      sinceMs: number;
      stagedAtMs?: number;
      askedAtMs?: number;
      asks: number;
      reason?: string;
      hint?: string;
    };
    dryRun: boolean;
  };
  NodePower: {
    node: string;
    switch?: string;
    port?: number;
    isSwitched: boolean;
    power: 'on' | 'off' | 'unknown';
    detection?: 'disabled' | 'searching' | 'delivering' | 'fault' | 'test' | 'other-fault';
    reason?: string;
    budget?: { watts: number; usedWatts: number };
  };
  PowerChange: {
    node: string;
    action: 'on' | 'off' | 'cycle';
    dryRun: boolean;
    isChanged: boolean;
    switch: string;
    port: number;
  };
  PowerRuns: {
    running: {
      node: string;
      action: 'on' | 'off' | 'cycle';
      by: string;
      switch: string;
      port: number;
      step: 'switch' | 'wait' | 'turn';
      wanted: 'on' | 'off';
      sinceMs: number;
      failure?: string;
    }[];
    ended: {
      node: string;
      action: 'on' | 'off' | 'cycle';
      by: string;
      switch: string;
      port: number;
      endedMs: number;
      detection?: 'disabled' | 'searching' | 'delivering' | 'fault' | 'test' | 'other-fault';
      failure?: string;
      hint?: string;
    }[];
  };
  PowerMap: {
    proposals: (
      | {
          kind: 'found';
          node: string;
          before?: { switch: string; port: number };
          power: { switch: string; port: number };
          by: 'mac' | 'lldp';
        }
      | { kind: 'open'; node: string; before?: { switch: string; port: number }; reason: string }
    )[];
    failures: string[];
  };
  PowerOrder: { stages: string[][] };
  Shutdown: { node: string; dryRun: boolean; runs: boolean };
  UnknownBoard: {
    mac: string;
    address: string;
    serial?: string;
    board?: string;
    leaseUntilMs?: number;
    firstSeenMs: number;
    lastSeenMs: number;
    poweredOnMs?: number;
    model?: string;
    memoryMib?: number;
    switchPort?: string;
    hold?: { sinceMs: number; heardMs: number };
  };
  Image: {
    name: string;
    version: string;
    builtAt: string;
    boards: ('pi3' | 'pi4' | 'pi5' | 'uefi')[];
    rootBytes: number;
    usedBy: string[];
    isPinned: boolean;
  };
  ShownImage: {
    name: string;
    version: string;
    builtAt: string;
    boards: ('pi3' | 'pi4' | 'pi5' | 'uefi')[];
    rootBytes: number;
    usedBy: string[];
    isPinned: boolean;
    kernels: { release: string; kernel: string; initramfs: string; boards: ('pi3' | 'pi4' | 'pi5' | 'uefi')[] }[];
    packages: { name: string; version: string; architecture: string }[];
    rootFiles: number;
    bootFiles: number;
    bootBytes: number;
  };
  Lease: { address: string; mac?: string; node?: string };
  TargetGroup: { targets: string[]; labels: Record<string, string> };
  Event: { id: number; atMs: number; kind: string; node?: string; fields: Record<string, string | number | boolean> };
  NodeTile: {
    name: string;
    board: 'pi3' | 'pi4' | 'pi5' | 'uefi';
    address: string;
    role: string;
    power?: { switch: string; port: number };
    state: 'new' | 'booting' | 'waiting' | 'ready' | 'up' | 'failed' | 'silent' | 'refused';
    reason?: string;
    image?: string;
    next?: string;
    temperatureCelsius?: number;
    throttled?: number;
    boot?: {
      id: string;
      startedAtMs: number;
      phase:
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
      isOpen: boolean;
    };
  };
  ClusterNews: {
    asOf: number;
    isWhole: boolean;
    nodes: Schemas['NodeTile'][];
    removed: string[];
    boards?: Schemas['UnknownBoard'][];
    images?: Schemas['Image'][];
    roles?: Schemas['Role'][];
  };
  WatchFrame: Schemas['ClusterNews'] | Schemas['Event'];
  ServiceAbout: {
    version: string;
    cluster: string;
    tls?: { listen: string; fingerprint: string; expiresAtMs: number };
  };
  Health: { status: 'ok' | 'red'; parts?: { name: string; problems: string[]; sinceMs: number; about?: string }[] };
  Token: {
    name: string;
    scope: 'read' | 'operate' | 'admin';
    createdAtMs: number;
    expiresAtMs?: number;
    lastUsedAtMs?: number;
  };
  NewToken: {
    name: string;
    scope: 'read' | 'operate' | 'admin';
    dryRun: boolean;
    expiresAtMs?: number;
    token?: string;
  };
  RevokedToken: { name: string; scope: 'read' | 'operate' | 'admin'; dryRun: boolean };
  Whoami: {
    name: string;
    scope: 'read' | 'operate' | 'admin';
    scopes: ('read' | 'operate' | 'admin')[];
    expiresAtMs?: number;
  };
  AuditEntry: {
    id: number;
    atMs: number;
    by: string;
    from: string;
    action: string;
    request: string;
    body?: string;
    status: number;
    reason?: string;
  };
  ImageChange: { name: string; from: string; to: string; dryRun: boolean; isChanged: boolean; nodes: string[] };
  PinChange: { image: string; version: string; isPinned: boolean; dryRun: boolean; isChanged: boolean };
  Problem: { status: number; title: string; detail?: string; problems?: string[]; etag?: string };
  Document: { openapi: string; info: Record<string, unknown>; paths: Record<string, unknown> };
}

export interface Calls {
  'GET /nodes': {
    query?: {
      role?: string;
      board?: 'pi3' | 'pi4' | 'pi5' | 'uefi';
      state?: 'new' | 'booting' | 'waiting' | 'ready' | 'up' | 'failed' | 'silent' | 'refused';
      nodes?: string;
      label?: string[];
      limit?: number;
      after?: string;
    };

    answer: Schemas['Node'][];
  };
  'PUT /nodes': {
    query?: { dryRun?: 'true' | 'false' };
    body: Schemas['NodeSpec'][];
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

    answer: Schemas['Boot'][];
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
    answer: Schemas['RoleChange'] | Schemas['StartedOperation'];
  };
  'POST /roles/{name}:set': {
    path: { name: string };
    query?: { dryRun?: 'true' | 'false' };
    body: Schemas['RolesRequest'];
    answer: Schemas['RolesChange'];
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

    answer: Schemas['AnyOperation'][];
  };
  'GET /operations/{id}': {
    path: { id: string };

    answer: Schemas['AnyShownOperation'];
  };
  'POST /operations:hold': {
    query?: { dryRun?: 'true' | 'false' };

    answer: Schemas['HeldWork'];
  };
  'POST /operations:release': {
    query?: { dryRun?: 'true' | 'false' };

    answer: Schemas['HeldWork'];
  };
  'POST /operations/{id}:cancel': {
    path: { id: string };
    query?: { dryRun?: 'true' | 'false' };

    answer: Schemas['CancelledOperation'];
  };
  'POST /operations/{id}:resume': {
    path: { id: string };
    query?: { dryRun?: 'true' | 'false' };

    answer: Schemas['ResumedOperation'];
  };
  'GET /rollouts': {
    query?: { limit?: number; after?: string };

    answer: Schemas['Rollout'][];
  };
  'POST /rollouts': {
    query?: { dryRun?: 'true' | 'false' };
    body: Schemas['RolloutRequest'];
    answer: Schemas['StartedRollout'];
  };
  'GET /rollouts/{id}': {
    path: { id: string };

    answer: Schemas['Rollout'];
  };
  'POST /rollouts/{id}:pause': {
    path: { id: string };
    query?: { dryRun?: 'true' | 'false' };

    answer: Schemas['OrderedRollout'];
  };
  'POST /rollouts/{id}:resume': {
    path: { id: string };
    query?: { dryRun?: 'true' | 'false' };

    answer: Schemas['OrderedRollout'];
  };
  'POST /rollouts/{id}:abort': {
    path: { id: string };
    query?: { dryRun?: 'true' | 'false' };

    answer: Schemas['OrderedRollout'];
  };
  'POST /nodes:rollback': {
    query?: { dryRun?: 'true' | 'false' };
    body: Schemas['RollbackRequest'];
    answer: Schemas['Rollback'];
  };
  'GET /nodes/{name}/history': {
    path: { name: string };

    answer: Schemas['Change'][];
  };
  'GET /roles/{name}/history': {
    path: { name: string };

    answer: Schemas['Change'][];
  };
  'POST /secrets/{name}:rotate': {
    path: { name: string };
    query?: { dryRun?: 'true' | 'false' };
    body: Schemas['RotateRequest'];
    answer: Schemas['StartedRotation'];
  };
  'GET /power': {
    answer: Schemas['NodePower'][];
  };
  'POST /power': {
    query?: { dryRun?: 'true' | 'false' };
    body: Schemas['PowerListRequest'];
    answer: Schemas['PowerChange'][];
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

    answer: Schemas['Eeprom'][];
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

    answer: Schemas['Role'][];
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
  'GET /images/{name}/{version}': {
    path: { name: string; version: string };

    answer: Schemas['ShownImage'];
  };
  'PUT /images/{name}/{version}/pin': {
    path: { name: string; version: string };
    query?: { dryRun?: 'true' | 'false' };
    body: Schemas['PinRequest'];
    answer: Schemas['PinChange'];
  };
  'POST /images/{name}:build': {
    path: { name: string };
    query?: { dryRun?: 'true' | 'false' };
    body: Schemas['BuildRequest'];
    answer: Schemas['StartedBuild'];
  };
  'GET /overlays': {
    query?: { limit?: number; after?: string };

    answer: Schemas['Overlay'][];
  };
  'GET /overlays/{name}': {
    path: { name: string };

    answer: Schemas['ShownOverlay'];
  };
  'GET /unknown-boards': {
    query?: { limit?: number; after?: string };

    answer: Schemas['UnknownBoard'][];
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

    answer: Schemas['Lease'][];
  };
  'GET /images': {
    query?: { limit?: number; after?: string };

    answer: Schemas['Image'][];
  };
  'GET /events': {
    answer: string;
  };
  'GET /watch': {
    answer: string;
  };
  'GET /metrics': {
    answer: string;
  };
  'GET /prometheus/targets': {
    answer: Schemas['TargetGroup'][];
  };
  'GET /tokens': {
    query?: { limit?: number; after?: string };

    answer: Schemas['Token'][];
  };
  'POST /tokens': {
    query?: { dryRun?: 'true' | 'false' };
    body: Schemas['TokenRequest'];
    answer: Schemas['NewToken'];
  };
  'GET /tokens/{name}': {
    path: { name: string };

    answer: Schemas['Token'];
  };
  'DELETE /tokens/{name}': {
    path: { name: string };
    query?: { dryRun?: 'true' | 'false' };

    answer: Schemas['RevokedToken'];
  };
  'GET /whoami': {
    answer: Schemas['Whoami'];
  };
  'GET /audit': {
    query?: { by?: string; limit?: number; after?: string };

    answer: Schemas['AuditEntry'][];
  };
  'GET /openapi.json': {
    answer: Schemas['Document'];
  };
  'GET /docs': {
    answer: string;
  };
}
