/** Pages and filters: each item once, in order, until there is no link any more. */
import { describe, expect, test } from 'vitest';

import { apiRoutes } from '../../src/api/routes/all.ts';
import { listNodes } from '../../src/cli/node-listing.ts';
import { NodeSpec } from '../../src/model/node.ts';
import { fakeApi } from '../support/fake-actions.ts';
import { loopbackApi, type Answered } from '../support/loopback-api.ts';
import { manyNodes } from '../support/many-nodes.ts';

const leases = Array.from({ length: 25 }, (_, index) => ({ address: `10.42.0.${index + 1}` }));
const headers = { authorization: 'Bearer read' };

/** Follows the links of a list. */
async function pagesOf(ask: (path: string) => Promise<Answered>, first: string): Promise<unknown[][]> {
  const pages: unknown[][] = [];
  for (let path: string | undefined = first; path !== undefined;) {
    const { status, json, headers: answered } = await ask(path);
    expect(status).toBe(200);
    pages.push(json as unknown[]);
    path = /^<([^>]+)>; rel="next"$/.exec(String(answered['link'] ?? ''))?.[1];
  }
  return pages;
}

async function askLeases() {
  const { ask } = await loopbackApi(fakeApi({ leases: () => leases }).actions);
  return (path: string) => ask(path, { headers });
}

test.each([
  [10, [10, 10, 5]],
  [25, [25]],
  [5, [5, 5, 5, 5, 5]],
  [1000, [25]],
])('of 25 things with limit %i there are pages of %o', async (limit, sizes) => {
  const pages = await pagesOf(await askLeases(), `/api/v1/leases?limit=${limit}`);

  expect(pages.map((page) => page.length)).toEqual(sizes);
  expect(pages.flat()).toEqual(leases);
});

test('without a limit all are answered, and no link', async () => {
  const { json, headers: answered } = await (await askLeases())('/api/v1/leases');

  expect(json).toEqual(leases);
  expect(answered['link']).toBeUndefined();
});

test.each([
  ['limit=0', 'limit'],
  ['limit=1001', 'limit'],
  ['limit=-1', 'limit'],
  ['limit=ten', 'limit'],
  ['limit=5&limit=6', 'limit'],
  ['after=10.42.0.1', 'goes with limit only'],
  ['limit=5&after=10.42.9.9', 'is not in the list any more'],
  ['limit=5&offset=5', 'unknown key "offset"'],
])('%s is refused', async (query, word) => {
  const { status, json } = await (await askLeases())(`/api/v1/leases?${query}`);

  expect(status).toBe(400);
  expect((json as { title: string }).title).toContain(word);
});

/** Labels, roles and boards differ; listed backwards, as nodes.yaml may. */
const nodes: readonly NodeSpec[] = manyNodes(25)
  .map((node, index) =>
    NodeSpec.parse({
      ...node,
      board: index % 2 === 0 ? 'pi4' : 'pi5',
      labels: { rack: index < 10 ? 'a1' : 'b1', ...(index === 3 && { gpu: 'yes' }) },
    }),
  )
  .toReversed();

async function askNodes() {
  const sources = {
    site: { view: () => ({ nodes }), desired: () => ({ kind: 'refused', reason: 'no image' }) },
    boots: { ofNode: () => [], generation: () => undefined },
    heartbeats: { of: () => undefined, isSilent: () => false },
    reboots: { failure: () => undefined },
    conflicts: { current: () => [] },
  } as never;
  const { ask } = await loopbackApi(fakeApi({ nodes: (query) => listNodes(sources, query) }).actions);
  return { ask: (path: string) => ask(path, { headers }) };
}

const namesOf = (answers: unknown) => (answers as { name: string }[]).map(({ name }) => name);

test('pages of nodes go by name, all of them in the order of nodes.yaml', async () => {
  const { ask } = await askNodes();

  const pages = await pagesOf(ask, '/api/v1/nodes?limit=10');

  expect(namesOf(pages.flat())).toEqual(nodes.map(({ name }) => name).toReversed());
  expect(namesOf((await ask('/api/v1/nodes')).json)).toEqual(nodes.map(({ name }) => name));
});

test('a page goes on behind a node that is gone', async () => {
  const { ask } = await askNodes();

  expect(namesOf((await ask('/api/v1/nodes?limit=2&after=node0003a')).json)).toEqual(['node0004', 'node0005']);
});

describe('filters of nodes', () => {
  test.each([
    ['role=controller', ['node0001']],
    ['role=nobody', []],
    ['label=rack%3Da1&board=pi5', ['node0002', 'node0004', 'node0006', 'node0008', 'node0010']],
    ['label=gpu', ['node0004']],
    ['label=gpu&label=rack%3Db1', []],
    ['nodes=node00%5B07-08%5D,nobody', ['node0007', 'node0008']],
    ['state=ready', []],
    ['state=refused&nodes=node0001', ['node0001']],
  ])('%s', async (query, names) => {
    const { ask } = await askNodes();

    const { status, json } = await ask(`/api/v1/nodes?${query}`);

    expect(status).toBe(200);
    expect(namesOf(json).toReversed()).toEqual(names);
  });

  test('go on over pages, and a state is looked for in all of them', async () => {
    const { ask } = await askNodes();

    const pages = await pagesOf(ask, '/api/v1/nodes?label=rack%3Da1&limit=4&state=refused');

    expect(pages.map((page) => page.length)).toEqual([4, 4, 2]);
    expect(namesOf(pages.flat()).at(-1)).toBe('node0010');
  });

  test.each([
    ['role=no%20role', 'role: "no role" is not a name'],
    ['state=sleeping', 'state: "sleeping" is not one of'],
    ['board=pi9', 'board: "pi9" is not one of'],
    ['label=%3Da1', 'is not a label'],
    ['nodes=node%5B1-', 'is not a list of hosts'],
    ['nodes=node%5B1-99999%5D', 'names more than 10000 hosts'],
    ['lable=rack', 'unknown key "lable"; did you mean label?'],
  ])('%s is refused', async (query, message) => {
    const { ask } = await askNodes();

    const { status, json } = await ask(`/api/v1/nodes?${query}`);

    expect(status).toBe(400);
    expect((json as { title: string }).title).toContain(message);
  });
});

test('every list has pages', () => {
  const lists = apiRoutes('0.1.0').filter(({ answers, method }) => {
    return method === 'get' && Array.isArray(answers[200]?.example);
  });

  expect(lists.filter(({ isPaged }) => isPaged !== true).map(({ id }) => id)).toEqual([
    // What became of one node, or of one role.
    'getNodeHistory',
    'getRoleHistory',
    // It asks the switches for all of them at once.
    'listPower',
    // Prometheus knows no pages.
    'listTargets',
  ]);
});
