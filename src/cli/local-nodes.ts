/** Changes of nodes where no service runs: in the database of this machine, under its lock. */
import path from 'node:path';

import type { RoleFleet } from '../fleet/role-change.ts';
import { readFrozenBoots } from '../host/frozen-boots.ts';
import type { Database } from '../host/database/open.ts';
import { withDatabase } from '../host/state-file.ts';
import { HostError } from '../model/errors.ts';
import { nodesWithMacs, type State } from '../model/state.ts';
import type { ClusterView } from '../model/view.ts';
import { runningRoles } from '../plan/role-change-running.ts';
import type { RunningRoles } from '../plan/role-change.ts';
import { audited } from './audited.ts';
import type { CliContext, Paths } from './context.ts';
import type { NodeClient } from './node-client.ts';
import { readView } from './view.ts';
import { nodeChanges } from './wire-up-nodes.ts';

/** Others wait until it has ended. */
export async function withLocalNodes<T>(context: CliContext, use: (client: NodeClient) => Promise<T>): Promise<T> {
  const paths = context.paths();
  // Read before others are kept out.
  const view = await readView(paths);
  return withDatabase(paths.state, context.signal, async (database) => use(await localNodes(database, view, paths)));
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
