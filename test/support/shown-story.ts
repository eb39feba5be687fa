/** What goes on in the cluster for the eye: an operation, a rollout at its second wave, a change of role as a dry run. */
import type { ApiActions } from '../../src/api/actions.ts';
import { listedExample } from '../../src/api/schemas/operation.ts';
import { roleChangeExample } from '../../src/api/schemas/role.ts';
import { rolloutExample } from '../../src/api/schemas/rollout.ts';

const canary = ['node02'];
const first = ['node03', 'node04', 'node05', 'node06', 'node07', 'node09'];
const rest = Array.from({ length: 24 }, (_, index) => `node${String(index + 10).padStart(2, '0')}`);

export function shownStory(nowMs: number): Partial<ApiActions> {
  const nodes = [
    ...canary.map((node) => ({ node, wave: 0, result: 'done' })),
    ...first.map((node, index) => ({ node, wave: 1, result: index < 3 ? 'done' : undefined })),
    ...rest.map((node) => ({ node, wave: 2 })),
  ];
  const rollout = {
    ...rolloutExample,
    nodes,
    startedAtMs: nowMs - 640_000,
    detail: '3 of 6 nodes of wave 1 are ready',
  };
  const before = {
    ...rolloutExample,
    id: '2',
    state: 'rolled-back',
    wave: 0,
    nodes: [{ node: 'node02', wave: 0, result: 'rolled-back', cause: 'slurmd.service failed' }],
    leftOut: [],
    startedAtMs: nowMs - 90_000_000,
    endedAtMs: nowMs - 89_700_000,
    reason: 'the canary did not come up: slurmd.service failed',
  };
  const operation = { ...listedExample, id: '13', startedAtMs: nowMs - 240_000 };
  // Plain JSON, as the service sends it.
  return {
    rollouts: () => [rollout, before],
    operations: () => [operation],
    assignRole: (_role: string, { nodes: names }: { readonly nodes: readonly string[] }) =>
      Promise.resolve({
        answer: { dryRun: true, nodes: names.map((node) => ({ node, diff: roleChangeExample.diff })) },
        etag: undefined,
      }),
  } as unknown as Partial<ApiActions>;
}
