import { expect, test } from 'vitest';

import type { Event } from '../../src/model/event.ts';
import { nodeHistory, nodeHistoryKinds, roleHistory } from '../../src/plan/history.ts';
import { sampleOperation, sampleRollout } from '../support/sample-rollout.ts';

const begun = { operations: { '12': sampleOperation().operation }, rollouts: { '3': sampleRollout() } };

const event = (kind: string, node: string | undefined, fields: Event['fields']): Event => ({
  id: 1,
  atMs: 1_000_000,
  kind,
  ...(node !== undefined && { node }),
  fields,
});

test.each<[string, Event['fields'], string, string?, string?]>([
  ['node.added', { role: 'compute', by: 'ops' }, 'added as compute', 'ops'],
  [
    'node.role-set',
    { from: 'compute', to: 'login', by: 'operation 12' },
    'role compute -> login',
    'operation 12 (ops)',
  ],
  ['node.changed', { address: '10.42.0.1 -> 10.42.0.2', by: 'socket' }, 'address 10.42.0.1 -> 10.42.0.2', 'socket'],
  [
    'node.image-set',
    { from: 'a@1', to: 'a@2', by: 'rollout 3', reason: 'why' },
    'image a@1 -> a@2',
    'rollout 3 (ops)',
    'why',
  ],
  ['node.held', { generation: '4f0c1d6f7f0e99', by: 'rollout 7' }, 'held at generation 4f0c1d6f7f0e', 'rollout 7'],
  ['node.held', { generation: 'hold', by: 'operation 7' }, 'given the hold boot', 'operation 7'],
  ['node.released', { by: 'ops' }, 'follows its role again', 'ops'],
  ['node.reboot-asked', { address: '10.42.0.11', by: 'ops' }, 'reboot', 'ops'],
  ['node.power-asked', { action: 'cycle', by: 'ops' }, 'power cycle', 'ops'],
  [
    'operation.step',
    { operation: '12', step: 'resume', result: 'fell-back', cause: 'slurmd failed' },
    'operation 12: fell-back',
    'operation 12 (ops)',
    'slurmd failed',
  ],
])('%s of a node', (kind, fields, what, by, cause) => {
  expect(nodeHistoryKinds).toContain(kind);
  expect(nodeHistory('node01', [event(kind, 'node01', fields)], begun)).toEqual([
    { atMs: 1_000_000, kind, node: 'node01', what, ...(by && { by }), ...(cause && { cause }) },
  ]);
  expect(nodeHistory('node02', [event(kind, 'node01', fields)], begun)).toEqual([]);
});

test('what merely happens to a node is no change, nor is a step in the middle', () => {
  const events = [
    event('boot.ready', 'node01', { seconds: 12 }),
    event('operation.step', 'node01', { operation: '12', step: 'drain', outcome: 'done' }),
  ];
  expect(nodeHistory('node01', events, begun)).toEqual([]);
});

test('of a role: its versions, its nodes, its operations and rollouts', () => {
  const events = [
    event('role.image-set', undefined, { name: 'compute', from: 'a@1', to: 'a@2', by: 'ops' }),
    event('role.edited', undefined, { role: 'compute', kernelArguments: '+quiet', 'overlays.base': 'etc/motd' }),
    event('role.edited', undefined, { role: 'login', root: 'shared -> ram' }),
    event('role.added', undefined, { role: 'compute' }),
    event('role.image-set', undefined, { name: 'login', from: 'a@1', to: 'a@2', by: 'ops' }),
    event('node.role-set', 'node01', { from: 'compute', to: 'login', by: 'ops' }),
    event('node.role-set', 'node02', { from: 'login', to: 'head', by: 'ops' }),
    event('rollout.started', undefined, { rollout: '3', role: 'compute', to: 'a@3', nodes: 9, by: 'ops' }),
    event('rollout.ended', undefined, {
      rollout: '3',
      role: 'compute',
      state: 'rolled-back',
      reason: 'why',
      by: 'ops',
    }),
  ];
  expect(roleHistory('compute', events, begun).map(({ what, node, cause }) => [what, node, cause])).toEqual([
    ['image a@1 -> a@2', undefined, undefined],
    ['kernelArguments +quiet, overlays.base etc/motd', undefined, undefined],
    ['added to cluster.yaml', undefined, undefined],
    ['role compute -> login', 'node01', undefined],
    ['rollout 3 of a@3 to 9 nodes', undefined, undefined],
    ['rollout 3: rolled-back', undefined, 'why'],
  ]);
});
