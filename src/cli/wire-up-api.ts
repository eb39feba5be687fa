/** What the API does: questions are answered from the running service, changes are made in its state. */
import type { ApiActions } from '../api/actions.ts';
import { onlyOnce } from '../api/once.ts';
import type { ShownImage } from '../api/schemas/image.ts';
import type { Role } from '../api/schemas/role.ts';
import type { Image, ServiceAbout } from '../api/schemas/service.ts';
import type { ServerCertificate } from '../host/tls-certificate.ts';
import { ConfigError, NotFoundError } from '../model/errors.ts';
import { parseMac, type MacAddress } from '../model/mac.ts';
import { didYouMean } from '../model/nearest.ts';
import type { NodeFile } from '../model/node-file.ts';
import type { NodeSpec } from '../model/node.ts';
import { asWritten } from '../model/node-address.ts';
import type { WaitingBoard } from '../model/state.ts';
import { inPowerOnOrder } from '../plan/hold-adopt.ts';
import { noNode } from '../plan/edit-nodes.ts';
import { etagOf } from '../plan/etag.ts';
import { listOverlays, showOverlay } from '../plan/overlay-list.ts';
import { withoutToken } from '../plan/node-status.ts';
import { taggedRole, taggedVersion } from '../plan/resource-tags.ts';
import { nodeAnswers, type StatusSources } from './node-answers.ts';
import { listNodes } from './node-listing.ts';
import { tokenActions } from './wire-up-api-tokens.ts';
import { eepromActions } from './wire-up-eeproms.ts';
import { powerActions } from './wire-up-power.ts';
import { diagnosisActions } from './wire-up-diagnosis.ts';
import { metricsActions } from './wire-up-metrics.ts';
import { nodeChanges, serviceFleet } from './wire-up-nodes.ts';
import { operationActions } from './wire-up-operations.ts';
import { overlayReport } from './wire-up-overlays.ts';
import { rolloutActions } from './wire-up-rollouts.ts';
import type { Service } from './wire-up.ts';

/** What the service is, beside what it knows. */
export interface ApiAbout {
  readonly version: string;
  readonly stateDir: string;
  /** Of the API for other machines; undefined when there is none. */
  readonly certificate: () => Pick<ServerCertificate, 'pin' | 'expiresAtMs'> | undefined;
}

export function apiActions(service: Service, about: ApiAbout): ApiActions {
  const { site, boots, state, events, holds } = service;
  const named = (name: string) => findNode(service, name);
  const fleet = serviceFleet(service);
  return {
    ...nodeChanges(fleet),
    ...tokenActions(service.tokens),
    ...eepromActions(service, named),
    ...powerActions(service, fleet),
    ...operationActions(service),
    ...rolloutActions(service),
    ...diagnosisActions({
      sources: service,
      answers: (nodes) => nodeAnswers(service, nodes),
      named,
      now: () => Date.now(),
    }),
    ...metricsActions({ sources: service, answers: (nodes) => nodeAnswers(service, nodes), ...about }),
    events,
    once: onlyOnce(service.answers),
    audit: service.audit,
    service: () => serviceAnswer(service, about),
    health: () => healthAnswer(service),
    nodes: (query) => listNodes(service, query),
    node: (name) => {
      const node = named(name);
      const [answer] = nodeAnswers(service, [node]);
      if (answer === undefined) throw noNode(name, []);
      return { answer, etag: etagOf(asWritten(node)) };
    },
    plan: (name) => {
      const desired = site.desired(named(name));
      if (desired.kind === 'refused') throw new ConfigError(`${name} cannot boot: ${desired.reason}`);
      const { generation, overlay } = desired.frozen;
      return { node: name, generation, overlay: overlay.map(withoutContent) };
    },
    overlay: async (name, check) => overlayReport(service, named(name), check),
    boots: (name) => {
      const { name: node } = named(name);
      return boots.ofNode(node).map(withoutToken).toReversed();
    },
    unknownBoards: () => inPowerOnOrder(holds.boards()),
    blink: (mac, { dryRun }) => blinkBoard(service, parseMac(mac), dryRun),
    leases: () => [
      ...site.view().nodes.map(({ address, mac, name }) => ({ address, mac, node: name })),
      ...state.current().unknownBoards.map(({ address, mac }) => ({ address, mac })),
    ],
    images: () => imageAnswers(service),
    image: (name, version) => {
      const answer = findImage(service, name, version);
      return { answer, etag: etagOf(taggedVersion(name, version, answer.isPinned)) };
    },
    overlays: () => listOverlays(site.view()),
    shownOverlay: (name) => showOverlay(name, site.view()),
    roles: () => roleAnswers(service),
    role: (name) => ({ answer: findRole(service, name), etag: etagOf(taggedRole(name, site.view())) }),
  };
}

function healthAnswer({ health }: Service): ReturnType<ApiActions['health']> {
  const parts = health.parts();
  return { status: parts.every(({ problems }) => problems.length === 0) ? 'ok' : 'red', parts };
}

function serviceAnswer({ site }: Service, { version, certificate }: ApiAbout): ServiceAbout {
  const { cluster, api } = site.view().cluster;
  const shown = certificate();
  if (api === undefined || shown === undefined) return { version, cluster };
  const { pin: fingerprint, expiresAtMs } = shown;
  return { version, cluster, tls: { listen: api.listen, fingerprint, expiresAtMs } };
}

function blinkBoard({ holds }: Pick<Service, 'holds'>, mac: MacAddress, dryRun: boolean): WaitingBoard {
  holds.requireListening(mac);
  if (!dryRun) holds.blink(mac);
  const board = holds.boards().find((each) => each.mac === mac);
  if (board === undefined) throw new NotFoundError(`no unknown board has the MAC address ${mac}`);
  return board;
}

function findNode({ site }: Service, name: string): NodeSpec {
  const { nodes } = site.view();
  const node = nodes.find((candidate) => candidate.name === name);
  if (node === undefined) throw noNode(name, nodes);
  return node;
}

function withoutContent(file: NodeFile) {
  if (file.kind !== 'file') return file;
  const { bytes: _content, ...rest } = file;
  return rest;
}

function imageAnswers(service: StatusSources & Pick<Service, 'state'>): Image[] {
  const { nodes, images } = service.site.view();
  const pins = service.state.current().imagePins;
  const users = new Map<string, Set<string>>();
  const use = (image: string | undefined, node: string) => {
    if (image !== undefined) users.set(image, (users.get(image) ?? new Set()).add(node));
  };
  for (const { name, status } of nodeAnswers(service, nodes)) {
    use(status.desired?.image, name);
    use(status.running?.image, name);
  }
  return [...images.values()].flat().map(({ name, version, builtAt, boards, rootBytes }) => {
    const id = `${name}@${version}`;
    const usedBy = [...(users.get(id) ?? [])];
    return { name, version, builtAt, boards: [...boards], rootBytes, usedBy, isPinned: pins[id] !== undefined };
  });
}

function findImage(service: StatusSources & Pick<Service, 'state'>, name: string, version: string): ShownImage {
  const manifest = service.site
    .view()
    .images.get(name)
    ?.find((each) => each.version === version);
  const answer = imageAnswers(service).find((each) => each.name === name && each.version === version);
  if (manifest === undefined || answer === undefined) {
    throw new NotFoundError(`there is no version ${name}@${version}`, { hint: 'See "pi-image image list".' });
  }
  const { kernels, packages, rootFiles } = manifest;
  const sizes = Object.values(manifest.bootFiles).map(({ sizeBytes }) => sizeBytes);
  const bootBytes = sizes.reduce((sum, size) => sum + size, 0);
  return { ...answer, kernels, packages, rootFiles, bootFiles: sizes.length, bootBytes };
}

function roleAnswers({ site }: Pick<Service, 'site'>): Role[] {
  const { cluster, nodes } = site.view();
  const members = groupBy(nodes, (node) => node.role);
  return Object.entries(cluster.roles).map(([name, { deadline: deadlineMs, ...role }]) => {
    const names = (members.get(name) ?? []).map((node) => node.name);
    return Object.assign({ name }, role, { deadlineMs, nodes: names });
  });
}

/** Map.groupBy, which came with Node 21. */
function groupBy<T>(values: readonly T[], keyOf: (value: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const value of values) {
    const group = groups.get(keyOf(value));
    if (group === undefined) groups.set(keyOf(value), [value]);
    else group.push(value);
  }
  return groups;
}

function findRole(service: Pick<Service, 'site'>, name: string): Role {
  const roles = roleAnswers(service);
  const role = roles.find((candidate) => candidate.name === name);
  if (role !== undefined) return role;
  const known = roles.map((candidate) => candidate.name);
  throw new NotFoundError(`there is no role ${name}${didYouMean(name, known)}`, {
    hint: `Roles are: ${known.join(', ')}.`,
  });
}
