/** The verbs that change nodes: with a service, and the same without one. */
import { describe, expect, test } from 'vitest';

import { openDatabase, type Database } from '../../src/host/database/open.ts';
import type { Event } from '../../src/model/event.ts';
import { parseIpv4 } from '../../src/model/ipv4.ts';
import { parseMac } from '../../src/model/mac.ts';
import type { NodeSpec } from '../../src/model/node.ts';
import type { State } from '../../src/model/state.ts';
import { seeBoards } from '../../src/plan/state-changes.ts';
import { runHere, sampleSite, type TestSite } from '../support/command-line.ts';
import { serveSite } from '../support/serve-site.ts';

interface Case {
  readonly site: TestSite;
  /** What is said after a change. */
  readonly end: string;
  readonly by: string;
  readonly nodes: () => Promise<readonly NodeSpec[]>;
  readonly events: () => Promise<readonly Event[]>;
  readonly update: (change: (state: State) => State) => Promise<void>;
}

async function withoutService(): Promise<Case> {
  const site = await appliedSite();
  const read = async <T>(what: (database: Database) => T | Promise<T>) => {
    const database = await openDatabase(`${site.dir}/state`);
    try {
      return await what(database);
    } finally {
      await database.close();
    }
  };
  return {
    site,
    end: 'no service runs, so it waits in the state\n',
    by: 'command',
    nodes: () => read(({ state }) => state.current().nodes),
    events: () => read(({ events }) => events.after(0, 1000)),
    update: (change) => read(({ state }) => state.update(change)),
  };
}

async function withService(): Promise<Case> {
  const site = await appliedSite();
  const { state, events } = await serveSite(site.dir);
  const nodes = () => Promise.resolve(state.current().nodes);
  return { site, end: '', by: 'socket', nodes, events: () => events.after(0, 1000), update: state.update };
}

async function appliedSite(): Promise<TestSite> {
  const site = await sampleSite();
  const { code, err } = await site.run('apply', '-f', `${site.dir}/nodes.yaml`);
  if (code !== 0) throw new Error(err);
  return site;
}

const kinds = [
  { name: 'with a service', open: withService },
  { name: 'without a service', open: withoutService },
];

const last = (events: readonly Event[]) => events.at(-1);
const roleOf = (nodes: readonly NodeSpec[], name: string) => nodes.find((node) => node.name === name)?.role;

describe.each(kinds)('$name', ({ open }) => {
  test('a role is shown as a difference and set', async () => {
    const { site, end, by, nodes, events } = await open();

    const { code, out, err } = await site.run('node', 'set', 'node01', '--role', 'login');

    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(
      /^node01: compute -> login\noverlays: +-slurm-compute \+login\narguments: +-quiet\nslurm: +compute -> none\nfiles:\n/,
    );
    expect(out).toContain('  + /etc/systemd/system/slurmd.service\n');
    expect(out).toContain('\n--- /etc/slurm/slurm.conf\n+++ /etc/slurm/slurm.conf\n@@ ');
    expect(out).toContain('\n-NodeName=node01 ');
    expect(out.endsWith(`node01 gets it at the next boot\n${end}`)).toBe(true);
    expect(roleOf(await nodes(), 'node01')).toBe('login');
    expect(last(await events())).toMatchObject({
      kind: 'node.role-set',
      node: 'node01',
      fields: { from: 'compute', to: 'login', by },
    });
  });

  test('a dry run shows the same and changes nothing', async () => {
    const { site, nodes, events } = await open();
    const before = await events();

    const { out } = await site.run('node', 'role', 'node01', 'login', '--dry-run');

    expect(out).toContain('node01: compute -> login\n');
    expect(out).toContain('\ndry run: nothing was changed\n');
    expect(roleOf(await nodes(), 'node01')).toBe('compute');
    expect(await events()).toEqual(before);
  });

  test('programs get the answer of the API, of every node', async () => {
    const { site } = await open();

    const { out } = await site.run('node', 'role', 'node[01-02]', 'login', '-o', 'json');
    const answers = JSON.parse(out) as { node: string; isChanged: boolean; diff: { patches: object } }[];

    expect(answers.map(({ node, isChanged }) => ({ node, isChanged }))).toEqual([
      { node: 'node01', isChanged: true },
      { node: 'node02', isChanged: true },
    ]);
    expect(Object.keys(answers[0]?.diff.patches ?? {})).toContain('etc/slurm/slurm.conf');
    expect((await site.run('node', 'role', 'node[01-02]', 'compute', '-o', 'name')).out).toBe('node01\nnode02\n');
    expect((await site.run('node', 'role', 'node[01-02]', 'compute', '-o', 'name')).out).toBe('');
  });

  test('nodes that change alike are told once', async () => {
    const { site, nodes } = await open();

    const { out } = await site.run('node', 'set', '@compute', '--role', 'login');

    expect(out).toMatch(/^node\[01-02\]: compute -> login\n/);
    expect(out).not.toContain('@@');
    expect(out).toContain('node[01-02] gets it at the next boot\n');
    expect((await nodes()).map(({ role }) => role)).toEqual(['login', 'controller', 'login', 'login']);
  });

  test.each([
    [
      ['node', 'set', 'node01', '--role', 'logn'],
      1,
      'there is no role logn; did you mean login?',
      'Roles are: compute, controller, login.',
    ],
    [['node', 'set', 'node[01-02]', 'nod3', '--role', 'login'], 1, 'there is no node nod3', ''],
    [
      ['node', 'set', 'node01', '--role', 'controller'],
      1,
      'head is the Slurm controller (role controller)',
      'pi-image node set head --role ROLE --reboot',
    ],
    [['node', 'set', 'node[01-02]', '--role', 'controller'], 1, 'head is the Slurm controller', ''],
    [['node', 'set', '@computer', '--role', 'login'], 1, 'no node has the role computer; did you mean compute?', ''],
    [['node', 'set', 'node01'], 2, 'nothing is to be changed', '--role login'],
    [['node', 'set', 'node01', '--address', '10.42.0'], 2, '--address', ''],
    [['node', 'set', 'node[01-02]', '--address', '10.42.0.9'], 2, '--address is that of one node, and 2 are named', ''],
    [
      ['node', 'set', 'node01', '--address', '10.42.0.12'],
      1,
      'node01.address: address 10.42.0.12 belongs to node02 already',
      '',
    ],
    [['node', 'set', 'node01', '--unset', 'mac', '--unset', 'serial'], 1, 'a node needs a serial or a mac', ''],
    [
      [
        'node',
        'add',
        'node01',
        '--role',
        'compute',
        '--board',
        'pi4',
        '--address',
        '10.42.0.30',
        '--serial',
        'aaaabbbb',
      ],
      1,
      'there is a node node01 already',
      '',
    ],
    [
      [
        'node',
        'add',
        'n[1-2]',
        '--role',
        'compute',
        '--board',
        'pi4',
        '--address',
        '10.42.0.30',
        '--serial',
        'aaaabbbb',
      ],
      2,
      '--serial names 1, but there are 2 nodes',
      '',
    ],
    [
      ['node', 'add', 'n1', '--role', 'compute', '--board', 'pi4', '--address', '10.42.0.30'],
      2,
      'a node needs a serial or a mac',
      '',
    ],
    [
      ['node', 'adopt', 'dc:a6:32:00:00:77', 'n1', '--role', 'compute', '--address', '10.42.0.30'],
      1,
      'dc:a6:32:00:00:77',
      '',
    ],
    [['node', 'remove', 'node[01-02]'], 1, 'node[01-02] would be removed', 'Add --yes'],
    [['node', 'remove', 'node[01-03]', '-y'], 1, 'there is no node node03', ''],
    [['node', 'reboot', 'node01'], 1, '', ''],
  ])('%j is refused and changes nothing', async (args, wanted, message, hint) => {
    const { site, nodes, events } = await open();
    const before = [await nodes(), await events()];

    const { code, err } = await site.run(...args);

    expect(code).toBe(wanted);
    expect(err).toContain(message);
    expect(err).toContain(hint);
    expect([await nodes(), await events()]).toEqual(before);
  });

  test('facts are changed one by one, and taken away', async () => {
    const { site, end, nodes } = await open();

    const changed = await site.run(
      'node',
      'set',
      'node02',
      '--address',
      '10.42.0.22',
      '--var',
      'cpus=2',
      '--var',
      'rack=a',
      '--unset',
      'vars.memoryMib',
    );

    expect(changed).toEqual({
      code: 0,
      out: `~ node02  address: 10.42.0.12 -> 10.42.0.22, vars.cpus: 1 -> 2, vars.memoryMib: 900 -> -, vars.rack: - -> a\n${end}`,
      err: '',
    });
    expect((await site.run('node', 'set', 'node02', '--var', 'cpus=2')).out).toBe('nothing to change\n');
    expect((await nodes()).find(({ name }) => name === 'node02')).toMatchObject({
      address: '10.42.0.22',
      vars: { cpus: 2, rack: 'a' },
    });
  });

  test('a role and a fact are both set, or none of them', async () => {
    const { site, nodes } = await open();

    expect((await site.run('node', 'set', 'node01', '--var', 'a=1', '--role', 'controller')).code).toBe(1);
    expect((await nodes()).find(({ name }) => name === 'node01')?.vars).toEqual({});
    const { out } = await site.run('node', 'set', 'node01', '--var', 'a=1', '--role', 'login');

    expect(out).toContain('~ node01  vars.a: - -> 1\n');
    expect(out).toContain('node01: compute -> login\n');
    expect((await nodes()).find(({ name }) => name === 'node01')).toMatchObject({ role: 'login', vars: { a: 1 } });
  });

  test('a row of nodes is added with addresses and ports that count up', async () => {
    const { site, end, nodes } = await open();
    const facts = ['--role', 'compute', '--board', 'pi4', '--address', '10.42.0.30', '--var', 'rack=b'];

    const { code, out } = await site.run('node', 'add', 'node[03-04]', ...facts, '--serial', 'aaaa0003,aaaa0004');

    expect({ code, out }).toEqual({ code: 0, out: `+ node03\n+ node04\n${end}` });
    expect((await nodes()).slice(-2)).toEqual([
      { name: 'node03', serial: 'aaaa0003', board: 'pi4', address: '10.42.0.30', role: 'compute', vars: { rack: 'b' } },
      { name: 'node04', serial: 'aaaa0004', board: 'pi4', address: '10.42.0.31', role: 'compute', vars: { rack: 'b' } },
    ]);
  });

  test('nodes are removed with --yes', async () => {
    const { site, end, nodes } = await open();

    expect((await site.run('node', 'remove', '@compute', '--yes')).out).toBe(`- node01\n- node02\n${end}`);
    expect((await nodes()).map(({ name }) => name)).toEqual(['head', 'login']);
  });

  test('a board that waits becomes a node', async () => {
    const { site, end, nodes, update } = await open();
    const mac = parseMac('dc:a6:32:00:00:09');
    const board = { mac, address: parseIpv4('10.42.0.200'), board: 'pi4' };
    await update((state) => seeBoards(state, [board], Date.now()));
    const adopt = ['node', 'adopt', mac, 'node09', '--role', 'compute', '--address', '10.42.0.19'];

    expect((await site.run(...adopt, '--dry-run')).out).toBe('+ node09\ndry run: nothing was changed\n');
    expect((await site.run(...adopt)).out).toBe(`+ node09\n${end}`);

    expect((await nodes()).at(-1)).toMatchObject({ name: 'node09', mac, board: 'pi4', address: '10.42.0.19' });
  });

  test('of those who give chosen nodes roles at once each succeeds, and each change is of all of them', async () => {
    const { site, nodes, events } = await open();
    await site.run('node', 'set', 'node01', 'node02', '--label', 'rack=a');
    const before = (await events()).length;

    const results = await Promise.all(
      Array.from({ length: 6 }, (_, index) =>
        site.run('node', 'set', 'rack=a', '--role', index % 2 === 0 ? 'login' : 'compute'),
      ),
    );

    expect(results.filter(({ code }) => code !== 0)).toEqual([]);
    const now = await nodes();
    expect(roleOf(now, 'node01')).toBe(roleOf(now, 'node02'));
    const set = (await events()).slice(before).filter(({ kind }) => kind === 'node.role-set');
    expect(set.map(({ node }) => node)).toEqual(set.map((_, index) => (index % 2 === 0 ? 'node01' : 'node02')));
  }, 60_000);

  test('twenty at once lose nothing', async () => {
    const { site, nodes, events } = await open();
    const before = (await events()).length;

    const results = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        site.run('node', 'set', index % 2 === 0 ? 'node01' : '@compute', '--var', `v${index}=${index}`),
      ),
    );

    expect(results.filter(({ code }) => code !== 0)).toEqual([]);
    const vars = (await nodes()).find(({ name }) => name === 'node01')?.vars ?? {};
    expect(Object.keys(vars)).toHaveLength(20);
    expect((await events()).length - before).toBe(30);
  }, 60_000);
});

test('over TCP every verb does the same, as far as its token allows', async () => {
  const site = await appliedSite();
  const { url, state, events } = await serveSite(site.dir);
  const token = async (scope: string) => {
    const file = `${site.dir}/${scope}.token`;
    expect((await site.run('token', 'create', scope, '--scope', scope, '--out', file)).code).toBe(0);
    return file;
  };
  const [read, admin] = [await token('read'), await token('admin')];
  const remote = (file: string, ...args: string[]) => runHere(['--server', url, '--token-file', file, ...args]);
  const list = await site.run('node', 'list', '-o', 'json');

  expect(await remote(read, 'node', 'list', '-o', 'json')).toEqual(list);
  expect(await remote(read, 'role', 'list')).toEqual(await site.run('role', 'list'));
  expect(await remote(read, 'node', 'export')).toEqual(await site.run('node', 'export'));
  expect(await remote(read, 'node', 'role', 'node01', 'login')).toMatchObject({ code: 1, out: '' });
  expect((await remote(admin, 'node', 'role', '@compute', 'login', '-o', 'name')).out).toBe('node01\nnode02\n');
  expect((await remote(admin, 'apply', '-f', `${site.dir}/nodes.yaml`)).out).toContain(
    '~ node01  role: login -> compute',
  );

  expect(state.current().nodes.map(({ role }) => role)).toEqual(['compute', 'controller', 'compute', 'login']);
  expect(last(await events.after(0, 1000))).toMatchObject({ kind: 'node.role-set', fields: { by: 'admin' } });
});
