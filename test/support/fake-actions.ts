/** An API without a service behind it: answers the examples of the document, and writes down what it is asked to change. */
import type { ChangeOptions } from '../../src/model/change.ts';
import type { ApiActions } from '../../src/api/actions.ts';
import { onlyOnce } from '../../src/api/once.ts';
import { bootExample, overlayReportExample, planExample } from '../../src/api/schemas/boot.ts';
import { eepromExample } from '../../src/api/schemas/eeprom.ts';
import { nodeDiagnosisExample, siteDiagnosisExample } from '../../src/api/schemas/diagnosis.ts';
import { listedBuildExample, startedBuildExample } from '../../src/api/schemas/image-build.ts';
import { imageChangeExample, pinChangeExample, shownImageExample } from '../../src/api/schemas/image.ts';
import { metricsExample, targetExample } from '../../src/api/schemas/monitoring.ts';
import { nodeExample, nodesChangeExample } from '../../src/api/schemas/node.ts';
import {
  cancelledExample,
  heldWorkExample,
  listedExample,
  resumedExample,
  shownExample,
  startedExample,
} from '../../src/api/schemas/operation.ts';
import { overlayExample, shownOverlayExample } from '../../src/api/schemas/overlay.ts';
import {
  nodePowerExample,
  powerChangeExample,
  powerMapExample,
  powerOrderExample,
  powerRunsExample,
} from '../../src/api/schemas/power.ts';
import {
  changeExample,
  orderedRolloutExample,
  rollbackExample,
  rolloutExample,
  startedRolloutExample,
} from '../../src/api/schemas/rollout.ts';
import { roleChangeExample, roleExample } from '../../src/api/schemas/role.ts';
import { rolesChangeExample } from '../../src/api/schemas/role-changes.ts';
import { listedRotationExample, startedRotationExample } from '../../src/api/schemas/rotation.ts';
import {
  eventExample,
  serviceExample,
  healthExample,
  imageExample,
  leaseExample,
  unknownBoardExample,
} from '../../src/api/schemas/service.ts';
import { tokenExample } from '../../src/api/schemas/token.ts';
import { ChangedError, NotFoundError } from '../../src/model/errors.ts';
import { tokenScopes } from '../../src/model/api-token.ts';
import { answersInMemory } from './answer-memory.ts';
import { auditInMemory } from './audit-memory.ts';

export const fakeTag = '"9f86d081884c7d659a2feaa0c55ad015"';

export interface FakeApi {
  readonly actions: ApiActions;
  /** Changes in the order in which they came. */
  readonly changes: { readonly action: string; readonly sent: readonly unknown[]; readonly options: ChangeOptions }[];
}

/** Tokens are the names of the scopes. There is one node, node01, whose tag is `fakeTag`. */
export function fakeApi(own: Partial<ApiActions> = {}): FakeApi {
  const changes: FakeApi['changes'] = [];
  const change = (action: string, sent: readonly unknown[], options: ChangeOptions, answer: object) => {
    const { ifMatch, dryRun } = options;
    if (ifMatch !== undefined && ifMatch !== fakeTag) return Promise.reject(new ChangedError('node01', fakeTag));
    changes.push({ action, sent, options });
    return Promise.resolve({ answer: { ...answer, dryRun }, etag: fakeTag } as never);
  };
  const named = <T>(name: string, answer: T) => {
    if (name !== 'node01' && name !== 'compute') throw new NotFoundError(`there is no ${name}`);
    return answer;
  };
  const answers = {
    service: () => serviceExample,
    health: () => healthExample,
    nodes: () => ({ answer: [nodeExample], etag: fakeTag, next: undefined }),
    node: (name: string) => named(name, { answer: nodeExample, etag: fakeTag }),
    plan: (name: string) => named(name, planExample),
    overlay: (name: string) => named(name, overlayReportExample),
    boots: (name: string) => named(name, [bootExample]),
    diagnosis: (name: string) => named(name, nodeDiagnosisExample),
    siteDiagnosis: () => siteDiagnosisExample,
    unknownBoards: () => [unknownBoardExample],
    blink: (mac: string, options: ChangeOptions) => {
      changes.push({ action: 'blink', sent: [mac], options });
      if (mac !== unknownBoardExample.mac) throw new NotFoundError(`no unknown board has the MAC address ${mac}`);
      return unknownBoardExample;
    },
    eeproms: () => [eepromExample],
    eeprom: (name: string) => named(name, eepromExample),
    power: () => [nodePowerExample],
    powerRuns: () => powerRunsExample,
    powerOrder: () => powerOrderExample,
    discoverPower: () => powerMapExample,
    operations: () => [listedBuildExample, listedRotationExample, listedExample],
    operation: () => ({ answer: shownExample, etag: fakeTag }),
    assignRole: (role: string, sent: unknown, options: ChangeOptions) =>
      change('assignRole', [role, sent], options, {
        ...startedExample,
        ...(options.dryRun && { operation: undefined }),
      }),
    cancelOperation: (id: string, options: ChangeOptions) => change('cancelOperation', [id], options, cancelledExample),
    resumeOperation: (id: string, options: ChangeOptions) => change('resumeOperation', [id], options, resumedExample),
    holdOperations: (options: ChangeOptions) => {
      changes.push({ action: 'holdOperations', sent: [], options });
      return Promise.resolve({ ...heldWorkExample, dryRun: options.dryRun });
    },
    releaseOperations: (options: ChangeOptions) => {
      changes.push({ action: 'releaseOperations', sent: [], options });
      return Promise.resolve({ ...heldWorkExample, dryRun: options.dryRun });
    },
    rotateSecret: (name: string, sent: unknown, options: ChangeOptions) =>
      change('rotateSecret', [name, sent], options, {
        ...startedRotationExample,
        ...(options.dryRun && { operation: undefined }),
      }),
    buildImage: (sent: { readonly image: string }, options: ChangeOptions) =>
      change('buildImage', [sent], options, {
        ...startedBuildExample,
        image: sent.image,
        ...(options.dryRun && { operation: undefined }),
      }),
    rollouts: () => [rolloutExample],
    rollout: () => ({ answer: rolloutExample, etag: fakeTag }),
    startRollout: (sent: unknown, options: ChangeOptions) =>
      change('startRollout', [sent], options, {
        ...startedRolloutExample,
        ...(options.dryRun && { rollout: undefined }),
      }),
    pauseRollout: (id: string, options: ChangeOptions) => change('pauseRollout', [id], options, orderedRolloutExample),
    resumeRollout: (id: string, options: ChangeOptions) =>
      change('resumeRollout', [id], options, orderedRolloutExample),
    abortRollout: (id: string, options: ChangeOptions) => change('abortRollout', [id], options, orderedRolloutExample),
    rollBack: (sent: unknown, options: ChangeOptions) => change('rollBack', [sent], options, rollbackExample),
    nodeHistory: (name: string) => Promise.resolve(named(name, [changeExample])),
    roleHistory: (name: string) => Promise.resolve(named(name, [changeExample])),
    leases: () => [leaseExample],
    metrics: () => Promise.resolve({ text: metricsExample, mediaType: 'text/plain; version=0.0.4; charset=utf-8' }),
    targets: () => [targetExample],
    images: () => [imageExample],
    image: (name: string) => named(name, { answer: shownImageExample, etag: fakeTag }),
    overlays: () => [overlayExample],
    shownOverlay: (name: string) => named(name, shownOverlayExample),
    roles: () => [roleExample],
    role: (name: string) => named(name, { answer: roleExample, etag: fakeTag }),
    applyNodes: (sent: unknown, options: ChangeOptions) => change('applyNodes', [sent], options, nodesChangeExample),
    setRole: (name: string, sent: { readonly drain?: string }, options: ChangeOptions) =>
      change(
        'setRole',
        [name, sent],
        options,
        sent.drain === undefined || options.dryRun ? roleChangeExample : startedExample,
      ),
    setRoles: (role: string, sent: unknown, options: ChangeOptions) =>
      change('setRoles', [role, sent], options, rolesChangeExample),
    chooseVersion: (name: string, sent: unknown, options: ChangeOptions) =>
      change('chooseVersion', [name, sent], options, imageChangeExample),
    pinVersion: (id: unknown, sent: unknown, options: ChangeOptions) =>
      change('pinVersion', [id, sent], options, pinChangeExample),
    setEeprom: (name: string, sent: unknown, options: ChangeOptions) =>
      change('setEeprom', [name, sent], options, eepromExample),
    reboot: (name: string, options: ChangeOptions) => change('reboot', [name], options, { node: name }),
    shutdownNode: (name: string, options: ChangeOptions) => {
      changes.push({ action: 'shutdownNode', sent: [name], options });
      return Promise.resolve(named(name, { node: name, dryRun: options.dryRun, runs: true }));
    },
    switchPower: (sent: { readonly nodes: readonly string[] }, options: ChangeOptions) => {
      changes.push({ action: 'switchPower', sent: [sent], options });
      named(sent.nodes[0] ?? '', undefined);
      return Promise.resolve([{ ...powerChangeExample, dryRun: options.dryRun }]);
    },
    addNode: (sent: unknown, options: ChangeOptions) => change('addNode', [sent], options, nodesChangeExample),
    patchNode: (name: string, sent: unknown, options: ChangeOptions) =>
      change('patchNode', [name, sent], options, nodesChangeExample),
    removeNode: (name: string, options: ChangeOptions) => change('removeNode', [name], options, nodesChangeExample),
    adopt: (mac: string, sent: unknown, options: ChangeOptions) =>
      change('adopt', [mac, sent], options, nodesChangeExample),
    authenticate: (token: string) => {
      const scope = tokenScopes.find((candidate) => candidate === token);
      return scope && { name: scope, scope };
    },
    tokens: () => [tokenExample],
    token: () => ({ answer: tokenExample, etag: fakeTag }),
    createToken: ({ name, scope, expires }: Record<'name' | 'scope' | 'expires', string>, options: ChangeOptions) => {
      changes.push({ action: 'createToken', sent: [name, scope, expires], options });
      return Promise.resolve({ name, scope, dryRun: options.dryRun, ...(!options.dryRun && { token: 'pi_x' }) });
    },
    revokeToken: (name: string, options: ChangeOptions) => {
      changes.push({ action: 'revokeToken', sent: [name], options });
      return Promise.resolve({ name, scope: 'read', dryRun: options.dryRun });
    },
    once: onlyOnce(answersInMemory()),
    audit: auditInMemory(),
    events: {
      after: (id: number) => Promise.resolve(id < eventExample.id ? [eventExample] : []),
      lastId: () => eventExample.id,
      subscribe: () => () => undefined,
    },
  };
  // The examples are plain JSON; that they are what the types say is what the tests of the document prove.
  return { actions: { ...(answers as unknown as ApiActions), ...own }, changes };
}
