/** Nodes and roles to look at: from the files and the state of this machine, or from the service that --server names. */
import type { Role } from '../api/schemas/role.ts';
import type { NodeSpec } from '../model/node.ts';
import { asWritten } from '../model/node-address.ts';
import { askNodes, withoutStatus } from './ask-nodes.ts';
import type { CliContext } from './context.ts';
import { call } from './typed-client.ts';
import { readSources, readView } from './view.ts';

/** With the MAC addresses that were learned. */
export async function readNodes(context: CliContext): Promise<readonly NodeSpec[]> {
  const server = await context.service();
  if (typeof server === 'string') return (await readView(context.paths())).nodes.map(asWritten);
  return (await askNodes(server)).map(withoutStatus);
}

/** As they were applied, where that can be told. */
export async function readApplied(context: CliContext): Promise<readonly NodeSpec[]> {
  const server = await context.service();
  return typeof server === 'string' ? (await readSources(context.paths())).applied : readNodes(context);
}

export async function readRoles(context: CliContext): Promise<readonly Role[]> {
  const server = await context.service();
  if (typeof server !== 'string') return call(server, 'GET /roles');
  const { cluster, nodes } = await readView(context.paths());
  return Object.entries(cluster.roles).map(([name, { deadline: deadlineMs, ...role }]) => {
    const members = nodes.filter((node) => node.role === name).map((node) => node.name);
    return Object.assign({ name }, role, { deadlineMs, nodes: members });
  });
}
