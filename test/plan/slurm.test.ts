import { describe, expect, test } from 'vitest';

import { ConfigError } from '../../src/model/errors.ts';
import type { Variables } from '../../src/model/names.ts';
import { nodeVariables } from '../../src/plan/node-variables.ts';
import { isConfiglessRole, slurmVariables } from '../../src/plan/slurm.ts';
import { sampleCluster, sampleNode, sampleOverlay, sampleView } from '../support/sample-view.ts';

/** The sample with other variables for some nodes, and other roles. */
const viewWith = (changes: Record<string, { vars?: Variables; role?: string }>) => {
  const nodes = sampleView().nodes.map((node) => Object.assign(node, changes[node.name]));
  return sampleView({ nodes });
};

test('nodes are those whose role enables slurmd; the controller is the node with its role', () => {
  expect(slurmVariables(sampleView())).toEqual({
    configured: true,
    controllerRole: 'controller',
    configless: false,
    controller: { name: 'head', address: '10.42.0.10' },
    nodes: [
      { name: 'node01', address: '10.42.0.11', cpus: 4, memoryMib: 1843, features: ['pi5'] },
      { name: 'node02', address: '10.42.0.12', cpus: 1, memoryMib: 900, features: ['uefi'] },
    ],
    lines: [
      { name: 'head', address: '10.42.0.10', cpus: 4, memoryMib: 864, features: [], isFuture: true },
      { name: 'login', address: '10.42.0.20', cpus: 4, memoryMib: 864, features: [], isFuture: true },
      { name: 'node01', address: '10.42.0.11', cpus: 4, memoryMib: 1843, features: ['pi5'], isFuture: false },
      { name: 'node02', address: '10.42.0.12', cpus: 1, memoryMib: 900, features: ['uefi'], isFuture: false },
    ],
    partitions: [{ name: 'main', isDefault: true, nodes: ['node01', 'node02'] }],
  });
});

test.each([
  ['pi3', 4, 864],
  ['pi4', 4, 864],
  ['pi5', 4, 1843],
  ['uefi', 1, 864],
] as const)('a %s counts for less memory than it has', (board, cpus, memoryMib) => {
  const view = sampleView();

  expect(nodeVariables({ ...sampleNode('node01'), board }, view)).toMatchObject({ cpus, memoryMib });
});

test('a node has the machine id of its name and cluster, for ever', () => {
  const idOf = (name: string, view = sampleView()) => nodeVariables(sampleNode(name, view), view).machineId;

  expect(idOf('node01')).toMatch(/^[0-9a-f]{32}$/);
  expect(idOf('node01')).toBe(idOf('node01', viewWith({ node01: { role: 'login' } })));
  expect(idOf('node01')).not.toBe(idOf('node02'));
  expect(idOf('node01')).not.toBe(idOf('node01', sampleView({ cluster: sampleCluster({ cluster: 'pear' }) })));
});

describe('features', () => {
  const featuresOf = (vars: Variables) => slurmVariables(viewWith({ node01: { vars } })).nodes[0]?.features;

  test.each([
    ['its board alone', {}, ['pi5']],
    ['and its own', { slurmFeatures: 'nvme,rack-a' }, ['pi5', 'nvme', 'rack-a']],
    ['each once', { slurmFeatures: 'pi5,nvme,nvme' }, ['pi5', 'nvme']],
  ])('%s', (_name, vars, expected) => {
    expect(featuresOf(vars)).toEqual(expected);
  });

  test.each(['a b', 'a,,b', 'a&b', '-a', 7])('%j is none', (slurmFeatures) => {
    expect(() => featuresOf({ slurmFeatures })).toThrow(ConfigError);
  });
});

describe('partitions', () => {
  test.each([
    [
      'one each',
      { node01: { vars: { slurmPartition: 'fast' } }, node02: { vars: {} } },
      ['fast:node01', 'main*:node02'],
    ],
    [
      'none is main: the first by name is the default',
      { node01: { vars: { slurmPartition: 'slow' } }, node02: { vars: { slurmPartition: 'fast' } } },
      // Jobs may wait in main: a role names it.
      ['fast*:node02', 'main:', 'slow:node01'],
    ],
    ['no nodes: the role names it', { node01: { role: 'login' }, node02: { role: 'login' } }, ['main*:']],
    [
      'no nodes: a node names it that may come back',
      { node01: { role: 'login', vars: { slurmPartition: 'fast' } }, node02: { role: 'login', vars: {} } },
      ['fast:', 'main*:'],
    ],
    [
      'what is no name, of a node that is none of Slurm',
      { node01: { role: 'login', vars: { slurmPartition: 'a b' } } },
      ['main*:node02'],
    ],
  ])('%s', (_what, changes: Record<string, { vars?: Variables; role?: string }>, expected) => {
    const { partitions } = slurmVariables(viewWith(changes));

    expect(partitions.map(({ name, isDefault, nodes }) => `${name}${isDefault ? '*' : ''}:${nodes.join(',')}`)).toEqual(
      expected,
    );
  });
});

test('without a node in its role there is no controller, without a slurm section no role', () => {
  expect(slurmVariables(viewWith({ head: { role: 'login' } })).controller).toBeUndefined();
  const view = sampleView({ cluster: sampleCluster({ slurm: undefined }) });
  expect(slurmVariables(view)).toMatchObject({ configured: false, controllerRole: undefined, controller: undefined });
});

test.each([
  [
    'two controllers',
    { node01: { role: 'controller' } },
    'Slurm has one controller, but head and node01 have the role controller',
  ],
  [
    'a partition of two words',
    { node01: { vars: { slurmPartition: 'a b' } } },
    'node01: "a b" is not a name for a Slurm partition',
  ],
  ['half a CPU', { node01: { vars: { cpus: 0.5 } } }, 'node01: the variable cpus must be a whole number, not 0.5'],
  [
    'memory in quotes',
    { node01: { vars: { memoryMib: '900' } } },
    'node01: the variable memoryMib must be a whole number, not "900"',
  ],
])('%s: refused', (_what, changes: Record<string, { vars?: Variables; role?: string }>, message) => {
  expect(() => slurmVariables(viewWith(changes))).toThrow(ConfigError);
  expect(() => slurmVariables(viewWith(changes))).toThrow(message);
});

describe('slurm.conf comes from the controller', () => {
  const cluster = sampleCluster({ slurm: { controllerRole: 'controller', configless: true } });
  test.each([
    ['compute', true, true],
    ['controller', true, false],
    ['login', true, false],
    ['compute', false, false],
    ['unknown', true, false],
  ])('to nodes of the role %s, where that is %s: %s', (role, configless, expected) => {
    const view = configless ? sampleView({ cluster }) : sampleView();
    expect(isConfiglessRole(role, view)).toBe(expected);
    expect(slurmVariables(view).configless).toBe(configless);
  });

  test('never to the controller, also where it runs jobs', () => {
    const overlays = new Map(sampleView().overlays).set(
      'slurm-controller',
      sampleOverlay('slurm-controller', { units: { enable: ['slurmctld', 'slurmd'] } }),
    );
    expect(isConfiglessRole('controller', sampleView({ cluster, overlays }))).toBe(false);
  });
});
