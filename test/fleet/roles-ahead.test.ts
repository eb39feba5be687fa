import { expect, test } from 'vitest';

import { planRolesAhead } from '../../src/fleet/roles-ahead.ts';
import { parseIpv4 } from '../../src/model/ipv4.ts';
import type { NodeSpec } from '../../src/model/node.ts';
import { planRoleChange } from '../../src/plan/role-change.ts';
import { sampleFleet } from '../support/sample-fleet.ts';
import { sampleNode } from '../support/sample-view.ts';

const many = Array.from({ length: 40 }, (_, index): NodeSpec => {
  const { mac: _mac, serial: _serial, ...pattern } = sampleNode('node01');
  return { ...pattern, name: `n${index}`, address: parseIpv4(`10.42.0.${20 + index}`) };
});
const names = many.map(({ name }) => name);

test('others have their turn while many nodes are planned', async () => {
  const { fleet } = await sampleFleet({ nodes: many });
  let isPlanning = true;
  let turns = 0;
  const take = () => {
    turns += 1;
    if (isPlanning) setImmediate(take);
  };
  setImmediate(take);

  await planRolesAhead(names, 'login', fleet);
  isPlanning = false;

  expect(turns).toBeGreaterThanOrEqual(4);
});

test('what was planned holds when the change is made, and is planned anew when a node has changed', async () => {
  const { fleet } = await sampleFleet({ nodes: many });
  const { planner } = await planRolesAhead(names, 'login', fleet);
  const decide = planner(fleet.viewOf(fleet.state.current()));
  const [first] = many as [NodeSpec];

  expect(decide(first)).toBe(planner(fleet.viewOf(fleet.state.current()))(first));
  const nodes = many.map((node) => (node.name === 'n1' ? Object.assign({}, node, { role: 'login' }) : node));
  await fleet.state.update((state) => ({ ...state, nodes }));
  const view = fleet.viewOf(fleet.state.current());
  const has = nodes[1] as NodeSpec;

  expect(planner(view)(has)).toEqual(planRoleChange(has, 'login', view));
  expect(planner(view)(has).kind).toBe('same');
});

test('a node that changes while the others are planned is seen', async () => {
  const { fleet } = await sampleFleet({ nodes: many });
  const planned = planRolesAhead(names, 'login', fleet);
  const nodes = many.map((node) => (node.name === 'n39' ? Object.assign({}, node, { role: 'login' }) : node));
  await fleet.state.update((state) => ({ ...state, nodes }));

  const { planner } = await planned;
  const view = fleet.viewOf(fleet.state.current());

  expect(planner(view)(nodes[39] as NodeSpec).kind).toBe('same');
  expect(planner(view)(nodes[0] as NodeSpec)).toBe(planner(view)(nodes[0] as NodeSpec));
});
