import { setTimeout as sleep } from 'node:timers/promises';

import { expect, test } from 'vitest';

import type { NodeSpec } from '../../src/model/node.ts';
import { planAhead } from '../../src/serve/plan-ahead.ts';
import { sampleView } from '../support/sample-view.ts';

test('all nodes are planned, again when the view is another, and others get their turn in between', async () => {
  const world = { view: sampleView() };
  const planned: string[] = [];
  const stop = new AbortController();
  let turns = 0;
  const count = () => {
    turns += 1;
    if (!stop.signal.aborted) setImmediate(count);
  };
  const desired = ({ name }: NodeSpec) => {
    planned.push(name);
    const untilMs = performance.now() + 6;
    while (performance.now() < untilMs);
    return { kind: 'refused', reason: 'slow' } as const;
  };
  const prepared: string[] = [];
  const prepare = ({ role }: NodeSpec) => void prepared.push(role);
  const names = world.view.nodes.map(({ name }) => name);

  const ended = planAhead({ view: () => world.view, desired, prepare }, stop.signal);
  count();
  await expect.poll(() => planned, { timeout: 10_000 }).toEqual(names);
  expect(turns).toBeGreaterThanOrEqual(names.length - 1);

  expect(prepared).toEqual(['compute', 'controller', 'login']);

  await sleep(300);
  expect(planned).toEqual(names);
  world.view = sampleView();
  await expect.poll(() => planned, { timeout: 10_000 }).toEqual([...names, ...names]);
  expect(prepared).toHaveLength(6);

  // The last node is planned before its turn ends; a change in it would have all prepared once more.
  await sleep(300);
  world.view = { ...world.view, nodes: [...world.view.nodes] };
  await expect.poll(() => planned, { timeout: 10_000 }).toHaveLength(3 * names.length);
  expect(prepared).toHaveLength(6);

  stop.abort();
  await ended;
});

test('a role that no node has yet is prepared with a node that might get it', async () => {
  const view = sampleView();
  const { login, ...roles } = view.cluster.roles;
  if (login === undefined) throw new Error('the sample has no role login');
  const shown = { ...view, cluster: { ...view.cluster, roles: { ...roles, login, spare: { ...login } } } };
  const stop = new AbortController();
  const prepared: NodeSpec[] = [];
  const ended = planAhead(
    {
      view: () => shown,
      desired: () => ({ kind: 'refused', reason: 'none' }),
      prepare: (node) => void prepared.push(node),
    },
    stop.signal,
  );
  await expect.poll(() => prepared.map(({ role }) => role)).toEqual(['compute', 'controller', 'login', 'spare']);

  const names = new Set(view.nodes.map(({ name }) => name));
  expect(prepared.every(({ name }) => names.has(name))).toBe(true);
  stop.abort();
  await ended;
});
