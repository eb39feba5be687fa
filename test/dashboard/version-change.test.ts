import { expect, test } from 'vitest';

import { imageChangeExample } from '../../src/api/schemas/image.ts';
import { rollbackExample } from '../../src/api/schemas/rollout.ts';
import type { Asked, Service } from '../../src/dashboard/ask.ts';
import { planLines, planVerb, rolloutBody } from '../../src/dashboard/rollout-plan.ts';
import { changeVersion, planOfChange, planOfRollback, type VersionTarget } from '../../src/dashboard/version-change.ts';

const node: VersionTarget = { kind: 'node', name: 'node01', image: 'debian-lite' };
const role: VersionTarget = { kind: 'role', name: 'compute', image: 'debian-lite' };

test.each([
  [node, 'previous', 'PUT /nodes/node01/image', { version: 'previous' }, imageChangeExample],
  [role, '20261121.1', 'PUT /roles/compute/image', { version: '20261121.1' }, imageChangeExample],
  [node, 'last-good', 'POST /nodes:rollback', { nodes: ['node01'], to: { kind: 'last-good' } }, rollbackExample],
  [role, 'last-good', 'POST /nodes:rollback', { role: 'compute', to: { kind: 'last-good' } }, rollbackExample],
])('%o to %s is %s', async (target, wanted, request, body, answer) => {
  const asked: unknown[] = [];
  const ask = (path: string, { method, body: sent, dryRun }: Asked = {}) => {
    asked.push([`${method} ${path}`, sent, dryRun]);
    return Promise.resolve(answer);
  };

  const plan = await changeVersion({ ask } as unknown as Service, target, wanted, true);

  expect(asked).toEqual([[request, body, true]]);
  expect(plan.isChanged).toBe(true);
});

test('what a change of version is', () => {
  expect(planOfChange(imageChangeExample)).toEqual({
    isChanged: true,
    lines: [
      'debian-lite@20261121.2 → debian-lite@20261121.1',
      'From the next boot on of node[01-02]. What runs now goes on.',
    ],
    verb: 'Boot 20261121.1',
  });
  expect(planOfChange({ ...imageChangeExample, isChanged: false }).lines).toEqual([
    'Nothing changes: that is debian-lite@20261121.1 already.',
  ]);
});

test('what a rollback is', () => {
  expect(
    planOfRollback({ ...rollbackExample, leftOut: [{ node: 'node02', reason: 'it never came up' }] }).lines,
  ).toEqual([
    'node01 → debian-lite@20261121.1, generation 4f0c1d6f7f0e',
    'node02 stays: it never came up',
    'From the next boot on. What runs now goes on.',
  ]);
  expect(planOfRollback({ nodes: [], leftOut: [] })).toMatchObject({ isChanged: false, lines: ['Nothing changes.'] });
});

test('a rollout is asked for as the service wants it', () => {
  const wanted = { role: 'compute', image: 'debian-lite@2', canary: '2', waves: '25%, 100' };

  expect(rolloutBody(wanted)).toEqual({
    target: { kind: 'image', role: 'compute', image: 'debian-lite@2' },
    canary: 2,
    waves: [25, 100],
  });
  expect(rolloutBody({ ...wanted, image: '' })).toMatchObject({ target: { kind: 'overlay', role: 'compute' } });
});

test('and told before it begins', () => {
  const plan = {
    waves: [['node01'], ['node02', 'node03']],
    from: 'debian-lite@1',
    leftOut: [{ node: 'node04', reason: 'it is silent' }],
  };

  expect(planLines(plan)).toEqual([
    'Until their turn comes nodes boot debian-lite@1.',
    'Canary: node01',
    'Wave 1: node[02-03]',
    'node04 is left out: it is silent',
  ]);
  expect(planVerb(plan)).toBe('Roll out to 3 nodes');
});
