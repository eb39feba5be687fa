/** Changes of nodes for the command line: by the service that runs, else in the database of this machine under its lock. */
import type { OperationActions } from '../api/actions.ts';
import type { NodeSpec } from '../model/node.ts';
import type { UnknownBoard } from '../model/state.ts';
import { request, type ApiServer } from './api-client.ts';
import { askNodes, withoutStatus } from './ask-nodes.ts';
import { branded } from './branded.ts';
import type { CliContext } from './context.ts';
import { call, change } from './typed-client.ts';
import type { NodeChanges } from './wire-up-nodes.ts';

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
  // The database alone takes longer to load than the service takes to answer.
  const { withLocalNodes } = await import('./local-nodes.ts');
  return withLocalNodes(context, use);
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
