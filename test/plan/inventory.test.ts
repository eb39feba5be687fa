/** Nodes in the forms of other programs. */
import { describe, expect, test } from 'vitest';

import { NodeSpec } from '../../src/model/node.ts';
import { ansibleHost, ansibleList } from '../../src/plan/inventory.ts';
import { clusterShellGroups, gendersText } from '../../src/plan/inventory-groups.ts';
import { knownHosts, sshConfig } from '../../src/plan/inventory-ssh.ts';

const node = (name: string, last: number, more: object = {}) =>
  NodeSpec.parse({ name, serial: '9ffefdef', board: 'pi5', address: `10.42.0.${last}`, role: 'compute', ...more });

const nodes = [
  node('head', 10, { role: 'slurm-controller', board: 'pi4' }),
  node('node01', 11, { vars: { rack: 'a', cpus: 4 } }),
  node('node02', 12, { vars: { rack: 'a b', role: 'x' } }),
];

const labelled = [
  node('node01', 11, { labels: { rack: 'a1', 'example.com-tier': 'fast-1.0' }, vars: { rack: 'a' } }),
  node('node02', 12, { labels: { rack: 'a1', 'slot-1': '7', slot_1: '8' } }),
];

describe('Ansible', () => {
  const list = ansibleList({ nodes, roleVars: { compute: { slurmPartition: 'main' }, login: {} } });

  test('has groups by role, board and variable, in names that it understands', () => {
    expect(list).toMatchObject({
      all: {
        children: [
          'ungrouped',
          'board_pi4',
          'board_pi5',
          'cpus_4',
          'rack_a',
          'rack_a_b',
          'role_compute',
          'role_slurm_controller',
        ],
      },
      role_compute: { hosts: ['node01', 'node02'], vars: { slurmPartition: 'main' } },
      role_slurm_controller: { hosts: ['head'] },
      rack_a: { hosts: ['node01'] },
    });
    expect(list).not.toHaveProperty('role_x');
  });

  test("has each node's variables, and what we know under one name", () => {
    const found = ansibleHost(nodes[1] ?? node('x', 1));

    expect(found).toEqual({
      ansible_host: '10.42.0.11',
      ansible_user: 'root',
      pi_image: { name: 'node01', serial: '9ffefdef', board: 'pi5', address: '10.42.0.11', role: 'compute' },
      rack: 'a',
      cpus: 4,
    });
    expect(list['_meta']).toMatchObject({ hostvars: { node01: found } });
  });

  test('has groups by label, beside those of a variable of the same name; one of two labels that come to the same word', () => {
    const groups = ansibleList({ nodes: labelled, roleVars: {} });

    expect(groups).toMatchObject({
      label_rack_a1: { hosts: ['node01', 'node02'] },
      label_example_com_tier_fast_1_0: { hosts: ['node01'] },
      label_slot_1_7: { hosts: ['node02'] },
      rack_a: { hosts: ['node01'] },
    });
    expect(groups).not.toHaveProperty('label_slot_1_8');
    expect(Object.keys(groups).filter((group) => !/^[A-Za-z_]\w*$/.test(group))).toEqual([]);
  });

  test('of no nodes has no groups', () => {
    expect(ansibleList({ nodes: [], roleVars: {} })).toEqual({
      _meta: { hostvars: {} },
      all: { children: ['ungrouped'] },
    });
  });
});

test('genders: a value that would end its attribute is left out', () => {
  expect(gendersText(nodes).split('\n').slice(1)).toEqual([
    'head slurm-controller,role=slurm-controller,board=pi4',
    'node01 compute,role=compute,board=pi5,rack=a,cpus=4',
    'node02 compute,role=compute,board=pi5',
    '',
  ]);
});

test('labels are attributes and sources by the same names', () => {
  expect(gendersText(labelled).split('\n').slice(1)).toEqual([
    'node01 compute,role=compute,board=pi5,label_rack=a1,label_example_com_tier=fast-1.0,rack=a',
    'node02 compute,role=compute,board=pi5,label_rack=a1,label_slot_1=7',
    '',
  ]);
  expect(clusterShellGroups(labelled)).toMatchObject({
    label_rack: { a1: 'node[01-02]' },
    label_slot_1: { 7: 'node02' },
  });
});

test('ClusterShell: a source for each thing that nodes are grouped by', () => {
  expect(clusterShellGroups(nodes)).toEqual({
    role: { all: 'head,node[01-02]', compute: 'node[01-02]', 'slurm-controller': 'head' },
    board: { all: 'head,node[01-02]', pi4: 'head', pi5: 'node[01-02]' },
    rack: { all: 'head,node[01-02]', a: 'node01' },
    cpus: { all: 'head,node[01-02]', 4: 'node01' },
  });
});

describe('ssh', () => {
  test('knows a node by its name, wherever it is', () => {
    expect(sshConfig(nodes.slice(0, 1), undefined).split('\n').slice(1)).toEqual([
      'Host head 10.42.0.10',
      '  HostName 10.42.0.10',
      '  HostKeyAlias head',
      '  User root',
      '',
    ]);
  });

  test('logs in with the keys of the storage node where they may be read', () => {
    const text = sshConfig(nodes.slice(0, 1), { privateKey: '/s/user', certificate: '/s/cert', knownHosts: '/s/kh' });

    expect(text).toContain('  IdentityFile "/s/user"\n  CertificateFile "/s/cert"\n  UserKnownHostsFile "/s/kh"\n');
    expect(text).toContain('  StrictHostKeyChecking yes\n');
  });

  test('believes the authority about nodes only', () => {
    expect(knownHosts(nodes.slice(0, 1), 'ssh-ed25519 AAAA ca')).toBe(
      '@cert-authority head,10.42.0.10 ssh-ed25519 AAAA ca\n',
    );
    // A line without hosts would be for all.
    expect(knownHosts([], 'ssh-ed25519 AAAA ca')).toBe('');
  });
});
