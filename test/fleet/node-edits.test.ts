import { describe, expect, test } from 'vitest';

import { nodeEdits } from '../../src/fleet/node-edits.ts';
import { ChangedError, ConfigError, NotFoundError, RefusedError } from '../../src/model/errors.ts';
import { parseIpv4 } from '../../src/model/ipv4.ts';
import { parseMac } from '../../src/model/mac.ts';
import { NodeSpec } from '../../src/model/node.ts';
import type { UnknownBoard } from '../../src/model/state.ts';
import { etagOf } from '../../src/plan/etag.ts';
import { bySocket, dryRun, sampleFleet } from '../support/sample-fleet.ts';
import { sampleNode, sampleNodes } from '../support/sample-view.ts';

const node03 = NodeSpec.parse({
  name: 'node03',
  mac: '52:54:00:00:00:03',
  board: 'pi4',
  address: '10.42.0.13',
  role: 'compute',
});

describe('adding', () => {
  test('puts a node at the end, with its event', async () => {
    const { fleet, nodes, events } = await sampleFleet();

    const { answer, etag } = await nodeEdits(fleet).addNode(node03, bySocket);

    expect(answer).toEqual({ dryRun: false, changes: [{ kind: 'added', node: 'node03', fields: [] }] });
    expect(etag).toBe(etagOf(node03));
    expect(nodes().at(-1)).toEqual(node03);
    expect(await events()).toEqual([
      'node.added node03 {"role":"compute","board":"pi4","address":"10.42.0.13","mac":"52:54:00:00:00:03","by":"socket"}',
    ]);
  });

  test.each<[string, Partial<NodeSpec>, typeof ConfigError | typeof RefusedError, string]>([
    ['a name that is taken', { name: 'node01' }, RefusedError, 'there is a node node01 already'],
    [
      'an address that is taken',
      { address: parseIpv4('10.42.0.11') },
      ConfigError,
      '10.42.0.11 belongs to node01 already',
    ],
    ['a role that nobody wrote', { role: 'compte' }, ConfigError, 'did you mean compute?'],
    ['a second controller', { role: 'controller' }, RefusedError, 'head is the Slurm controller'],
  ])('is refused for %s', async (_name, changes, kind, message) => {
    const { fleet, nodes } = await sampleFleet();

    const refused = await nodeEdits(fleet)
      .addNode({ ...node03, ...changes }, bySocket)
      .catch((error: unknown) => error);

    expect(refused).toBeInstanceOf(kind);
    expect((refused as Error).message).toContain(message);
    expect(nodes()).toHaveLength(4);
  });

  test('is not refused for what is wrong with other nodes', async () => {
    const broken = { ...sampleNode('node02'), role: 'gone' };
    const { fleet } = await sampleFleet({ nodes: [sampleNode('node01'), broken] });

    expect((await nodeEdits(fleet).addNode(node03, bySocket)).answer.changes).toHaveLength(1);
  });
});

describe('changing', () => {
  test('tells each field in answer and event, and no other node is touched', async () => {
    const { fleet, nodes, events } = await sampleFleet();
    const before = nodes();

    const { answer } = await nodeEdits(fleet).patchNode(
      'node02',
      { address: '10.42.0.22', vars: { cpus: null, rack: 'a' } },
      bySocket,
    );

    expect(answer.changes).toEqual([
      {
        kind: 'changed',
        node: 'node02',
        fields: [
          { field: 'address', before: '10.42.0.12', after: '10.42.0.22' },
          { field: 'vars.cpus', before: '1', after: undefined },
          { field: 'vars.rack', before: undefined, after: 'a' },
        ],
      },
    ]);
    expect(await events()).toEqual([
      'node.changed node02 {"address":"10.42.0.12 -> 10.42.0.22","vars.cpus":"1 -> -","vars.rack":"- -> a","by":"socket"}',
    ]);
    expect(nodes().map((node, index) => node === before[index])).toEqual([true, true, false, true]);
  });

  test('a dry run changes nothing, a change that changes nothing writes no event', async () => {
    const { fleet, node, events } = await sampleFleet();
    const edits = nodeEdits(fleet);

    await edits.patchNode('node02', { address: '10.42.0.22' }, dryRun);
    const { answer } = await edits.patchNode('node02', { address: '10.42.0.12' }, bySocket);

    expect(answer.changes).toEqual([]);
    expect(node('node02')?.address).toBe('10.42.0.12');
    expect(await events()).toEqual([]);
  });

  test('keeps a MAC that was learned, and takes none over into what the owner wrote', async () => {
    const mac = parseMac('dc:a6:32:00:00:03');
    const { fleet, node, database } = await sampleFleet({ learnedMacs: { login: mac } });
    const shown = { ...sampleNode('login'), mac };

    const { etag } = await nodeEdits(fleet).patchNode(
      'login',
      { vars: { a: 1 } },
      { ...bySocket, ifMatch: etagOf(shown) },
    );

    expect(node('login')).not.toHaveProperty('mac');
    expect(database.state.current().learnedMacs).toEqual({ login: mac });
    expect(etag).toBe(etagOf({ ...shown, vars: { a: 1 } }));
  });

  test.each<[string, string, object, typeof ConfigError | typeof NotFoundError, string]>([
    ['a node that is not there', 'node1', {}, NotFoundError, 'there is no node node1; did you mean node01?'],
    ['what makes it no node', 'node02', { mac: null }, ConfigError, 'a node needs a serial or a mac'],
    ['an address in the pool', 'node02', { address: '10.42.0.201' }, ConfigError, 'lies in the pool'],
    ['a MAC address of another', 'node02', { mac: '2c:cf:67:01:02:03' }, ConfigError, 'node01'],
  ])('is refused for %s', async (_name, name, patch, kind, message) => {
    const { fleet, events } = await sampleFleet();

    const refused = await nodeEdits(fleet)
      .patchNode(name, patch as never, bySocket)
      .catch((error: unknown) => error);

    expect(refused).toBeInstanceOf(kind);
    expect((refused as Error).message).toContain(message);
    expect(await events()).toEqual([]);
  });
});

test('removing takes the node and what was learned of it, if it is still what was seen', async () => {
  const mac = parseMac('dc:a6:32:00:00:03');
  const { fleet, node, events, database } = await sampleFleet({ learnedMacs: { login: mac } });
  const edits = nodeEdits(fleet);

  await expect(edits.removeNode('login', { ...bySocket, ifMatch: '"old"' })).rejects.toThrow(ChangedError);
  const { etag } = await edits.removeNode('login', bySocket);

  expect(etag).toBeUndefined();
  expect(node('login')).toBeUndefined();
  expect(database.state.current().learnedMacs).toEqual({});
  expect(await events()).toEqual(['node.removed login {"by":"socket"}']);
  await expect(edits.removeNode('login', bySocket)).rejects.toThrow(NotFoundError);
});

describe('adopting', () => {
  const board: UnknownBoard = {
    mac: parseMac('dc:a6:32:00:00:09'),
    address: parseIpv4('10.42.0.200'),
    board: 'pi4',
    firstSeenMs: 1,
    lastSeenMs: 1,
  };
  const as = { name: 'node09', role: 'compute', address: parseIpv4('10.42.0.19') };

  test('makes a node of the board, and nothing waits for a name any more', async () => {
    const { fleet, node, events, database } = await sampleFleet({ unknownBoards: [board] });

    await nodeEdits(fleet).adopt('DC-A6-32-00-00-09', as, bySocket);

    expect(node('node09')).toEqual({ ...as, mac: board.mac, board: 'pi4', vars: {} });
    expect(database.state.current().unknownBoards).toEqual([]);
    expect((await events())[0]).toMatch(/^node\.adopted node09 \{.*"by":"socket"\}$/);
  });

  test('needs to know what the board is, and that it is there', async () => {
    const { board: _unsaid, ...silent } = board;
    const { fleet, node } = await sampleFleet({ unknownBoards: [silent] });
    const edits = nodeEdits(fleet);

    await expect(edits.adopt(board.mac, as, bySocket)).rejects.toThrow('has not said what it is');
    await expect(edits.adopt('dc:a6:32:00:00:99', as, bySocket)).rejects.toThrow(NotFoundError);
    await edits.adopt(board.mac, { ...as, board: 'pi3' }, bySocket);

    expect(node('node09')?.board).toBe('pi3');
  });
});

describe('applying a list', () => {
  test('tells every change with its event, roles with one of their own', async () => {
    const { fleet, nodes, events } = await sampleFleet();
    const list = sampleNodes()
      .slice(0, 3)
      .map((node) => NodeSpec.parse(node.name === 'node01' ? { ...node, role: 'login', vars: { a: 1 } } : node));

    const { answer, etag } = await nodeEdits(fleet).applyNodes([...list, node03], {
      ...bySocket,
      ifMatch: etagOf(nodes()),
    });

    expect(answer.changes.map(({ kind, node }) => `${kind} ${node}`)).toEqual([
      'removed login',
      'changed node01',
      'added node03',
    ]);
    expect((await events()).map((line) => line.split(' {')[0])).toEqual([
      'node.removed login',
      'node.role-set node01',
      'node.changed node01',
      'node.added node03',
    ]);
    expect(etag).toBe(etagOf(nodes()));
    await expect(nodeEdits(fleet).applyNodes([], { ...bySocket, ifMatch: '"old"' })).rejects.toThrow(ChangedError);
  });

  test('cannot move the controller while the old one runs', async () => {
    const { fleet, world } = await sampleFleet();
    const roles: Readonly<Record<string, string>> = { head: 'login', node01: 'controller' };
    const list = sampleNodes().map((node) => Object.assign({}, node, { role: roles[node.name] ?? node.role }));
    world.running = new Map([['head', 'controller']]);

    await expect(nodeEdits(fleet).applyNodes(list, bySocket)).rejects.toThrow(
      'head is to be login, but still runs as the Slurm controller',
    );
    world.running = new Map();

    expect((await nodeEdits(fleet).applyNodes(list, bySocket)).answer.changes).toHaveLength(2);
  });

  test('of the same nodes writes nothing, whatever objects they are', async () => {
    const { fleet, database, events } = await sampleFleet();
    const before = database.state.current();

    await nodeEdits(fleet).applyNodes(structuredClone([...sampleNodes()]), bySocket);

    expect(database.state.current()).toBe(before);
    expect(await events()).toEqual([]);
  });
});

test('a hundred changes at once lose nothing', async () => {
  const { fleet, node, events, database } = await sampleFleet();
  const edits = nodeEdits(fleet);

  await Promise.all(
    Array.from({ length: 100 }, (_, index) =>
      edits.patchNode(index % 2 === 0 ? 'node01' : 'node02', { vars: { [`v${index}`]: index } }, bySocket),
    ),
  );

  const vars = { ...node('node01')?.vars, ...node('node02')?.vars };
  expect(Object.keys(vars).filter((name) => name.startsWith('v'))).toHaveLength(100);
  expect(await events()).toHaveLength(100);
  expect(database.events.lastId()).toBe(100);
});
