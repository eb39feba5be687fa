/** A rack's spec becomes boards that differ, and a cluster that every check accepts. */
import { describe, expect, test } from 'vitest';

import { parseYaml } from '../../src/host/yaml-file.ts';
import { Cluster } from '../../src/model/cluster.ts';
import { NodeList } from '../../src/model/node.ts';
import { RackSpec } from '../../src/model/rack-spec.ts';
import { planRack, renderClusterYaml, renderHosts, renderNodesYaml } from '../../src/rack/rack-plan.ts';

const spec = RackSpec.parse({
  boards: [
    { name: 'head', role: 'controller' },
    { name: 'node01', role: 'compute', memoryMib: 2048, cpus: 2 },
    { name: 'node02', role: 'compute', board: 'pi5' },
  ],
});

test('no two boards share a MAC, a serial or an address', () => {
  const { boards } = planRack(spec);
  for (const facts of [
    boards.map(({ mac }) => mac),
    boards.map(({ identity }) => identity?.serial),
    boards.map(({ address }) => address),
  ]) {
    expect(new Set(facts).size).toBe(3);
  }
});

test('two boards of one name are refused', () => {
  const [head] = spec.boards;
  expect(() => planRack({ ...spec, boards: head === undefined ? [] : [head, head] })).toThrow(
    'two boards are named head',
  );
});

describe('the files of its storage node', () => {
  test('cluster.yaml has a role for each board, one to log in to, and shares in the rack', () => {
    const { value } = parseYaml(renderClusterYaml(spec, '/racks/demo/shares'), 'cluster.yaml', Cluster);
    expect(Object.keys(value.roles)).toEqual(['compute', 'controller', 'login']);
    expect(value.roles['login']?.overlays).toContain('login');
    expect(value.roles['controller']?.overlays).toContain('slurm-controller');
    expect(value.shares.map((share) => share.path)).toEqual(['/racks/demo/shares/home', '/racks/demo/shares/slurm']);
    expect(value.slurm).toEqual({ controllerRole: 'controller', configless: false });
  });

  test('without a controller there is no Slurm to speak of', () => {
    const alone = { ...spec, boards: spec.boards.filter((board) => board.role === 'compute') };
    const { value } = parseYaml(renderClusterYaml(alone, '/shares'), 'cluster.yaml', Cluster);
    expect(value.slurm).toBeUndefined();
    expect(value.shares.map((share) => share.name)).toEqual(['home']);
  });

  test('nodes.yaml tells Slurm less memory than the machine has', () => {
    const { value } = parseYaml(renderNodesYaml(planRack(spec)), 'nodes.yaml', NodeList);
    expect(value.map(({ name, board, role, vars }) => ({ name, board, role, vars }))).toEqual([
      { name: 'head', board: 'pi4', role: 'controller', vars: { cpus: 1, memoryMib: 900 } },
      { name: 'node01', board: 'pi4', role: 'compute', vars: { cpus: 2, memoryMib: 1924 } },
      { name: 'node02', board: 'pi5', role: 'compute', vars: { cpus: 1, memoryMib: 900 } },
    ]);
  });

  test('nodes.yaml knows a board with UEFI by its MAC alone', () => {
    const plan = planRack(RackSpec.parse({ boards: [{ name: 'big', role: 'compute', board: 'uefi' }] }));
    const { value } = parseYaml(renderNodesYaml(plan), 'nodes.yaml', NodeList);
    expect(value.map(({ board, mac, serial }) => ({ board, mac, serial }))).toEqual([
      { board: 'uefi', mac: '52:54:00:00:ac:01', serial: undefined },
    ]);
  });

  test('hosts names every board', () => {
    expect(renderHosts(planRack(spec)).split('\n')).toContain('10.42.0.12 node01');
  });
});
