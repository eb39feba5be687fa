/** What is kept of a node's answer is never old: whatever changes, the very next question is told. */
import path from 'node:path';

import { expect, test } from 'vitest';

import type { NodeAnswer } from '../../src/api/actions.ts';
import { requestOk } from '../../src/cli/api-client.ts';
import { listNodes } from '../../src/cli/node-listing.ts';
import type { StatusSources } from '../../src/cli/node-answers.ts';
import type { Boot } from '../../src/model/boot.ts';
import type { FrozenBoot } from '../../src/model/frozen-boot.ts';
import type { Generation } from '../../src/model/generation.ts';
import { withAddress } from '../../src/model/node-address.ts';
import type { Heartbeat } from '../../src/model/node-status.ts';
import type { NodeSpec } from '../../src/model/node.ts';
import { parseIpv4 } from '../../src/model/ipv4.ts';
import type { ClusterView } from '../../src/model/view.ts';
import { beginBoot, closeBoot, countFile, reportPhase } from '../../src/plan/boot-timeline.ts';
import { planFrozen } from '../../src/plan/generation.ts';
import { NodeBoots } from '../../src/plan/node-boots.ts';
import { sampleSite } from '../support/command-line.ts';
import { fakeApi } from '../support/fake-actions.ts';
import { loopbackApi } from '../support/loopback-api.ts';
import { sampleManifest, sampleView } from '../support/sample-view.ts';
import { serveSite } from '../support/serve-site.ts';

const headers = { authorization: 'Bearer read' };

/** A service whose parts a test changes one by one. */
interface World {
  view: ClusterView;
  boots: readonly Boot[];
  heartbeat?: Heartbeat;
  isSilent: boolean;
  failure?: { readonly atMs: number; readonly reason: string; readonly hint: undefined };
  conflict?: string;
  refused?: { readonly reason: string; readonly isBeingMade?: true };
  generations: Map<string, Generation>;
}

/** As the site does it: the same object as long as the view is the same. */
function planner() {
  const planned = new WeakMap<ClusterView, Map<string, FrozenBoot>>();
  return (node: NodeSpec, view: ClusterView): FrozenBoot => {
    const known = planned.get(view) ?? new Map<string, FrozenBoot>();
    planned.set(view, known);
    const frozen = known.get(node.name) ?? { format: 1, ...planFrozen(node, view) };
    known.set(node.name, frozen);
    return frozen;
  };
}

function sourcesOf(world: World): StatusSources {
  const nodeBoots = new NodeBoots();
  const plan = planner();
  const of = (name: string) => name === 'node01';
  const sources = {
    site: {
      view: () => world.view,
      desired: (node: NodeSpec) =>
        world.refused === undefined || !of(node.name)
          ? { kind: 'boots', frozen: plan(node, world.view) }
          : { kind: 'refused', ...world.refused },
    },
    boots: {
      ofNode: (name: string) => nodeBoots.of(name, world.boots),
      generation: (id: string) => world.generations.get(id),
    },
    heartbeats: {
      of: (name: string) => (of(name) ? world.heartbeat : undefined),
      isSilent: (boot: Boot) => of(boot.node) && world.isSilent,
    },
    reboots: { failure: (name: string) => (of(name) ? world.failure : undefined) },
    conflicts: { current: () => (world.conflict === undefined ? [] : [{ nodes: ['node01'], cause: world.conflict }]) },
  };
  return sources as unknown as StatusSources;
}

const begun = (node: string, id: string, generation: string) =>
  beginBoot({ id, node, mac: 'm', address: 'a', generation, token: 'secret', sign: 'discover', nowMs: 1000 });

const beat = (boot: string, temperatureCelsius: number): Heartbeat => {
  return { boot, atMs: 9, phase: 'ready', uptimeSeconds: 9, load: 0, temperatureCelsius, generation: 'g' };
};

function newWorld(): World {
  const view = sampleView();
  const node = view.nodes.find(({ name }) => name === 'node01');
  if (node === undefined) throw new Error('the sample has no node01');
  const { generation } = planFrozen(node, view);
  const boot = reportPhase(
    begun('node01', 'b1', generation.id),
    { phase: 'root', uptimeSeconds: 1, detail: undefined },
    2000,
  );
  const boots = [begun('head', 'h1', 'x'), boot];
  return { view, boots, isSilent: false, generations: new Map([[generation.id, generation]]) };
}

const replaced = (world: World, id: string, how: (boot: Boot) => Boot) =>
  world.boots.map((boot) => (boot.id === id ? how(boot) : boot));

const changedNode = (world: World, how: (node: NodeSpec) => NodeSpec) => {
  return { ...world.view, nodes: world.view.nodes.map((node) => (node.name === 'node01' ? how(node) : node)) };
};

test.each<[string, (world: World) => Partial<World>, (answer: NodeAnswer) => unknown, unknown]>([
  [
    'its role',
    (world) => ({ view: changedNode(world, (node) => ({ ...node, role: 'login' })) }),
    ({ role }) => role,
    'login',
  ],
  [
    'where it was seen',
    (world) => ({ view: changedNode(world, (node) => withAddress(node, parseIpv4('10.42.0.99'))) }),
    ({ status }) => status.address,
    '10.42.0.99',
  ],
  [
    'a version of its image',
    ({ view }) => ({
      view: { ...view, images: new Map([['debian-lite', [sampleManifest({ version: '20261122.1' })]]]) },
    }),
    ({ status }) => status.desired?.image,
    'debian-lite@20261122.1',
  ],
  [
    'a boot of it that begins',
    ({ boots }) => ({ boots: [...boots, begun('node01', 'b2', 'x')] }),
    ({ status }) => status.lastBoot?.id,
    'b2',
  ],
  [
    'a file that it loaded',
    (world) => ({ boots: replaced(world, 'b1', (boot) => countFile(boot, 5, 3000)) }),
    ({ status }) => status.lastBoot?.bytes,
    5,
  ],
  [
    'a phase that it reached',
    (world) => ({
      boots: replaced(world, 'b1', (boot) =>
        reportPhase(boot, { phase: 'overlay', uptimeSeconds: 2, detail: undefined }, 3000),
      ),
    }),
    ({ status }) => status.state,
    'up',
  ],
  [
    'the end of its boot',
    (world) => ({ boots: replaced(world, 'b1', (boot) => closeBoot(boot, 'silent', 9000)) }),
    ({ status }) => status.state,
    'silent',
  ],
  ['boots that are forgotten', () => ({ boots: [] }), ({ status }) => status.state, 'new'],
  ['a generation that is forgotten', () => ({ generations: new Map() }), ({ status }) => status.running, undefined],
  ['a heartbeat', () => ({ heartbeat: beat('b1', 51) }), ({ status }) => status.heartbeat?.temperatureCelsius, 51],
  ['its silence', () => ({ isSilent: true }), ({ status }) => status.state, 'silent'],
  [
    'a reboot that failed',
    () => ({ failure: { atMs: 5000, reason: 'no ssh', hint: undefined } }),
    ({ status }) => status.rebootFailed?.reason,
    'no ssh',
  ],
  [
    'a board that contradicts it',
    () => ({ boots: [], conflict: 'two of them' }),
    ({ status }) => status.reason,
    'two of them',
  ],
  ['a refusal', () => ({ refused: { reason: 'no image' } }), ({ status }) => status.reason, 'no image'],
  [
    'a root that is being made',
    () => ({ boots: [], refused: { reason: 'its squashfs', isBeingMade: true } }),
    ({ status }) => status.reason,
    'its squashfs',
  ],
])('%s is in the very next answer', async (_what, change, read, expected) => {
  const world = newWorld();
  const sources = sourcesOf(world);
  const { ask } = await loopbackApi(fakeApi({ nodes: (query) => listNodes(sources, query) }).actions);
  const get = async (route: string) => (await ask(route, { headers })).json as NodeAnswer[];
  const named = (answers: readonly NodeAnswer[]) => answers.find(({ name }) => name === 'node01');
  const before = await get('/api/v1/nodes');
  expect(read(named(before) as NodeAnswer)).not.toEqual(expected);

  Object.assign(world, change(world));

  for (const route of ['/api/v1/nodes', '/api/v1/nodes?limit=1000', '/api/v1/nodes?nodes=node01']) {
    expect(read(named(await get(route)) as NodeAnswer)).toEqual(expected);
  }
});

test('an answer is the same object as long as nothing has changed', () => {
  const world = newWorld();
  const sources = sourcesOf(world);
  const first = listNodes(sources).answer;

  expect(listNodes(sources).answer.map((answer, index) => answer === first[index])).toEqual(first.map(() => true));
  world.boots = replaced(world, 'b1', (boot) => countFile(boot, 5, 3000));
  expect(
    listNodes(sources)
      .answer.filter((answer, index) => answer !== first[index])
      .map(({ name }) => name),
  ).toEqual(['node01']);
});

test('of a whole service: what was changed is in the next answer, over both listeners', async () => {
  const site = await sampleSite();
  expect((await site.run('apply', '-f', `${site.dir}/nodes.yaml`)).code).toBe(0);
  const service = await serveSite(site.dir);
  const socket = path.join(site.dir, 'run', 'api.sock');
  const created = await requestOk(socket, 'POST', '/tokens', { name: 'reader', scope: 'read' });
  const { token } = (created.kind === 'answer' ? created.body : {}) as { readonly token: string };
  const list = async (): Promise<NodeAnswer[]> => {
    const answer = await requestOk(socket, 'GET', '/nodes?limit=100');
    const overTcp = await fetch(`${service.url}/api/v1/nodes?limit=100`, {
      headers: { authorization: `Bearer ${token}` },
    });
    const seen = answer.kind === 'answer' ? (answer.body as NodeAnswer[]) : [];
    expect(await overTcp.json()).toEqual(seen);
    return seen;
  };
  const statusOf = async () => (await list()).find(({ name }) => name === 'node01')?.status;
  const roleOf = async () => (await list()).find(({ name }) => name === 'node01')?.role;

  for (const role of ['login', 'compute', 'login', 'compute']) {
    await requestOk(socket, 'PUT', '/nodes/node01/role', { role });
    expect(await roleOf()).toBe(role);
  }
  const node = service.site.view().nodes.find(({ name }) => name === 'node01');
  if (node === undefined) throw new Error('the site has no node01');
  const arrival = await service.boots.arrive(node, 'm', 'discover');
  if (arrival.kind === 'refused') throw new Error(arrival.reason);
  expect((await statusOf())?.state).toBe('booting');
  for (const files of [1, 2, 3]) {
    service.boots.countFile(node.address, 100);
    expect((await statusOf())?.lastBoot?.files).toBe(files);
  }
  await service.boots.report(arrival.boot, { phase: 'failed', uptimeSeconds: 3, detail: 'no root' });
  expect(await statusOf()).toMatchObject({ state: 'failed', running: { role: 'compute' } });
});
