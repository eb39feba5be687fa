/** The sample cluster in a database of its own, as changes of nodes find it; reboots are written down, not made. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { onTestFinished } from 'vitest';

import type { RoleFleet } from '../../src/fleet/role-change.ts';
import { openDatabase } from '../../src/host/database/open.ts';
import type { NodeSpec } from '../../src/model/node.ts';
import { emptyState, nodesWithMacs, type State } from '../../src/model/state.ts';
import type { RebootDecision } from '../../src/plan/role-change-running.ts';
import { sampleNodes, sampleView } from './sample-view.ts';

export async function sampleFleet(changes: Partial<State> = {}) {
  const stateDir = await mkdtemp(path.join(tmpdir(), 'fleet-'));
  const database = await openDatabase(stateDir);
  onTestFinished(async () => {
    await database.close();
    await rm(stateDir, { recursive: true });
  });
  const world = {
    view: sampleView(),
    running: new Map<string, string>(),
    decision: { kind: 'off', reason: 'node01 has never booted' } as RebootDecision,
    isCurrent: false,
  };
  const told: string[] = [];
  const fleet: RoleFleet = {
    state: database.state,
    viewOf: (state) => ({ ...world.view, nodes: nodesWithMacs(state) }),
    running: () => world.running,
    reboots: {
      begin: (node, address) => void told.push(`${node} ${address}`),
      decide: () => world.decision,
      isCurrent: () => world.isCurrent,
    },
  };
  await database.state.update(() => ({ ...emptyState, nodes: [...sampleNodes()], ...changes }));
  return {
    fleet,
    world,
    told,
    database,
    stateDir,
    nodes: (): NodeSpec[] => database.state.current().nodes,
    node: (name: string) => database.state.current().nodes.find((each) => each.name === name),
    /** `node.role-set node01 {…}`, oldest first. */
    events: async () => {
      const all = await database.events.after(0, 1000);
      return all.map(({ kind, node, fields }) => `${kind} ${node ?? '-'} ${JSON.stringify(fields)}`);
    },
  };
}

export const bySocket = { by: 'socket', dryRun: false, ifMatch: undefined };
export const dryRun = { ...bySocket, dryRun: true };
