import { expect, test } from 'vitest';

import type { ShownOperation } from '../../src/api/schemas/operation.ts';
import { renderOperation } from '../../src/cli/operation-text.ts';

const counts = { waiting: 0, running: 0, done: 0, 'fell-back': 1, failed: 0, skipped: 0, kept: 0 };
const operation: ShownOperation = {
  id: '12',
  kind: 'role-change',
  by: 'ops',
  role: 'login',
  drain: 'wait',
  drainDeadlineMs: 60_000,
  maxUnavailable: 1,
  startedAtMs: 0,
  state: 'failed',
  endedAtMs: 60_000,
  counts,
  nodes: [{ node: 'node01', from: 'compute', steps: [], result: 'fell-back', cause: 'slurmd.service failed' }],
};

test('each step stands in it with when it began, how long it took and why it failed', () => {
  const steps = [
    { step: 'drain' as const, startedAtMs: 0, endedAtMs: 20_000, outcome: 'skipped' as const },
    { step: 'boot' as const, startedAtMs: 20_000, endedAtMs: 50_000, outcome: 'failed' as const, detail: 'it panics' },
    { step: 'revert' as const, startedAtMs: 50_000 },
  ];
  const text = renderOperation({ ...operation, nodes: operation.nodes.map((node) => ({ ...node, steps })) }, 60_000);
  expect(text).toMatch(/began +node +step +took +outcome +why\n/i);
  expect(text).toMatch(/1970-01-01T00:00:20Z +node01 +boot +30s? ?s? +failed +it panics\n/);
  expect(text).toMatch(/1970-01-01T00:00:50Z +node01 +revert .*goes on/);
});

test('a node that is held where its old role says something newer is named, with how to free it', () => {
  const nodes = operation.nodes.map((node) => ({ ...node, heldAt: '4f0c1d6f7f0e'.repeat(5) }));

  const text = renderOperation({ ...operation, nodes }, 60_000);

  expect(text).toContain('slurmd.service failed; held at generation 4f0c1d6f7f0e\n');
  expect(text).toMatch(/hint: node01 boots what ran there before\. .*"pi-image rollback node01 --newest"/);
  expect(renderOperation(operation, 60_000)).not.toContain('held');
});
