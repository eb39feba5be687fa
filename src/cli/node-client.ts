/** Changes of nodes for the command line: by the service that runs, else in the database of this machine under its lock. */
import path from 'node:path';

import type { OperationActions } from '../api/actions.ts';
import type { RoleFleet } from '../fleet/role-change.ts';
import { readFrozenBoots } from '../host/frozen-boots.ts';
import type { Database } from '../host/database/open.ts';
import { withDatabase } from '../host/state-file.ts';
import { HostError } from '../model/errors.ts';
import type { NodeSpec } from '../model/node.ts';
import { nodesWithMacs, type State, type UnknownBoard } from '../model/state.ts';
import type { ClusterView } from '../model/view.ts';
import { runningRoles } from '../plan/role-change-running.ts';
import type { RunningRoles } from '../plan/role-change.ts';
import { request, type ApiServer } from './api-client.ts';
import { audited } from './audited.ts';
import { branded } from './branded.ts';
import type { CliContext, Paths } from './context.ts';
import { askNodes, withoutStatus } from './read-nodes.ts';
import { call, change } from './typed-client.ts';
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

function remoteNodes(server: ApiServer): NodeClient {
  return {
    service: server,
    nodes: async () => (await askNodes(server)).map(withoutStatus),
    unknownBoards: async () => branded<readonly UnknownBoard[]>(await call(server, 'GET /unknown-boards')),
    applyNodes: (nodes, options) => change(server, 'PUT /nodes', { body: nodes }, options),
    addNode: (node, options) => change(server, 'POST /nodes', { body: node }, options),
    patchNode: (name, patch, options) =>
      change(server, 'PATCH /nodes/{name}', { path: { name }, body: patch }, options),
    removeNode: (name, options) => change(server, 'DELETE /nodes/{name}', { path: { name } }, options),
    adopt: (mac, node, options) =>
      change(server, 'POST /unknown-boards/{mac}:adopt', { path: { mac }, body: node }, options),
    setRoles: (role, wanted, options) =>
      change(server, 'POST /roles/{name}:set', { path: { name: role }, body: wanted }, options),
    assignRole: (role, wanted, options) =>
      change(server, 'POST /roles/{name}:assign', { path: { name: role }, body: wanted }, options),
    chooseVersion: (name, wanted, options) =>
      change(server, 'PUT /roles/{name}/image', { path: { name }, body: wanted }, options),
    pinVersion: ({ image: name, version }, wanted, options) =>
      change(server, 'PUT /images/{name}/{version}/pin', { path: { name, version }, body: wanted }, options),
    reboot: (name, options) => change(server, 'POST /nodes/{name}:reboot', { path: { name } }, options),
  };
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
