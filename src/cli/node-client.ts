/** Changes of nodes for the command line: by the service that runs, else in the database of this machine under its lock. */
import path from 'node:path';

import type { ChangeOptions, Tagged } from '../model/change.ts';
import type { NodeAnswer, OperationActions } from '../api/actions.ts';
import type { Problem } from '../api/schemas/problem.ts';
import type { RoleFleet } from '../fleet/role-change.ts';
import { readFrozenBoots } from '../host/frozen-boots.ts';
import type { Database } from '../host/database/open.ts';
import { withDatabase } from '../host/state-file.ts';
import { ChangedError, HostError } from '../model/errors.ts';
import type { NodeSpec } from '../model/node.ts';
import { nodesWithMacs, type State, type UnknownBoard } from '../model/state.ts';
import type { ClusterView } from '../model/view.ts';
import { runningRoles } from '../plan/role-change-running.ts';
import type { RunningRoles } from '../plan/role-change.ts';
import { request, requireOk, type ApiMethod, type ApiServer } from './api-client.ts';
import { audited } from './audited.ts';
import type { CliContext, Paths } from './context.ts';
import { withoutStatus } from './read-nodes.ts';
import { readView } from './view.ts';
import { nodeChanges, type NodeChanges } from './wire-up-nodes.ts';

export interface NodeClient extends NodeChanges, Pick<OperationActions, 'assignRole'> {
  /** As they are shown: with the MAC addresses that were learned. */
  readonly nodes: () => Promise<readonly NodeSpec[]>;
  /** Boards that wait for a name. */
  readonly unknownBoards: () => Promise<readonly UnknownBoard[]>;
  /** undefined: no service runs, and what is changed waits in the state. */
  readonly service: ApiServer | undefined;
}

/** What a command does with nodes; without a service, others wait until it has ended. */
export async function withNodes<T>(context: CliContext, use: (client: NodeClient) => Promise<T>): Promise<T> {
  const server = await context.service();
  const answer = await request(server, 'GET', '/healthz');
  if (answer.kind === 'answer') return use(remoteNodes(server));
  const paths = context.paths();
  // Read before others are kept out.
  const view = await readView(paths);
  return withDatabase(paths.state, context.signal, async (database) => use(await localNodes(database, view, paths)));
}

const of = (name: string, more = '') => `/nodes/${encodeURIComponent(name)}${more}`;

function remoteNodes(server: ApiServer): NodeClient {
  const ask = asker(server);
  return {
    service: server,
    nodes: async () => (await ask<readonly NodeAnswer[]>('GET', '/nodes')).answer.map(withoutStatus),
    unknownBoards: async () => (await ask<readonly UnknownBoard[]>('GET', '/unknown-boards')).answer,
    applyNodes: (nodes, options) => ask('PUT', '/nodes', nodes, options),
    addNode: (node, options) => ask('POST', '/nodes', node, options),
    patchNode: (name, patch, options) => ask('PATCH', of(name), patch, options),
    removeNode: (name, options) => ask('DELETE', of(name), undefined, options),
    adopt: (mac, node, options) => ask('POST', `/unknown-boards/${encodeURIComponent(mac)}:adopt`, node, options),
    setRoles: (role, wanted, options) => ask('POST', `/roles/${encodeURIComponent(role)}:set`, wanted, options),
    assignRole: (role, wanted, options) => ask('POST', `/roles/${encodeURIComponent(role)}:assign`, wanted, options),
    chooseVersion: (name, wanted, options) => ask('PUT', `/roles/${encodeURIComponent(name)}/image`, wanted, options),
    pinVersion: ({ image, version }, wanted, options) =>
      ask('PUT', `/images/${encodeURIComponent(image)}/${encodeURIComponent(version)}/pin`, wanted, options),
    reboot: (name, options) => ask('POST', of(name, ':reboot'), undefined, options),
  };
}

const readOnly: ChangeOptions = { by: '', dryRun: false, ifMatch: undefined };

function asker(server: ApiServer) {
  return async <T>(method: ApiMethod, route: string, body?: unknown, options = readOnly): Promise<Tagged<T>> => {
    const { dryRun, ifMatch } = options;
    const answer = await request(server, method, `${route}${dryRun ? '?dryRun=true' : ''}`, body, { ifMatch });
    if (answer.kind === 'no-service') throw new HostError('the service has ended', { hint: 'Try again.' });
    if (answer.status === 412) throw changedError(answer.body as Problem);
    requireOk(answer);
    // The service and this command are one program: what it answers has the types of its actions.
    return { answer: answer.body as T, etag: answer.etag };
  };
}

/** As the service has thrown it: the caller may read again and repeat. */
function changedError({ title, etag = '' }: Problem): ChangedError {
  return new ChangedError(title.replace(/ was changed since you read it$/, ''), etag);
}

async function localNodes(database: Database, view: ClusterView, paths: Paths): Promise<NodeClient> {
  const running = await readRunning(database, view, paths);
  const fleet: RoleFleet = {
    state: database.state,
    viewOf: (state: State) => ({ ...view, nodes: nodesWithMacs(state) }),
    running: () => running,
    reboots: {
      begin: () => undefined,
      decide: () => ({ kind: 'off', reason: 'no service runs here that could reach it' }),
      isCurrent: () => false,
    },
  };
  const changes = audited(nodeChanges(fleet), database.audit);
  return {
    ...changes,
    service: undefined,
    nodes: () => Promise.resolve(nodesWithMacs(database.state.current())),
    unknownBoards: () => Promise.resolve(database.state.current().unknownBoards),
    reboot: () => Promise.reject(noService()),
    assignRole: () => Promise.reject(noService()),
  };
}

function noService(): HostError {
  return new HostError('no service runs here that could reach the nodes', {
    hint: 'Start it with "systemctl start pi-image" or "pi-image serve".',
  });
}

/** Heartbeats are known to a running service only: what was not seen to end may run. */
async function readRunning({ boots }: Database, { cluster }: ClusterView, paths: Paths): Promise<RunningRoles> {
  if (cluster.slurm === undefined) return new Map();
  const newest = [...new Map(boots.current().boots.map((boot) => [boot.node, boot])).values()];
  const frozen = await readFrozenBoots(
    path.join(paths.state, 'boot'),
    new Set(newest.map(({ generation }) => generation)),
  );
  const generations = new Map([...frozen].map(([id, { generation }]) => [id, generation]));
  return runningRoles(newest, generations, () => false);
}
