/** Boots are counted from their events, with the times of their phases. */
import { expect, test } from 'vitest';

import type { Boot } from '../../src/model/boot.ts';
import type { Event } from '../../src/model/event.ts';
import { renderMetrics } from '../../src/plan/metrics-text.ts';
import { createCounts } from '../../src/serve/service-counts.ts';
import { sampleNode, sampleView } from '../support/sample-view.ts';

const view = sampleView();
const node = sampleNode('node01', view);

const startedAtMs = 1000;
const phases: Boot['phases'] = [
  { phase: 'offered', atMs: 1000 },
  { phase: 'loading', atMs: 3000 },
  // Its clock says that it started before.
  { phase: 'kernel', atMs: 2500 },
  { phase: 'ready', atMs: 43_000 },
];

function heard(...events: readonly Partial<Event>[]) {
  let hear: (event: Event) => void = () => undefined;
  const boot = { id: 'b1', node: node.name, startedAtMs, phases } as unknown as Boot;
  const counts = createCounts({
    boots: { all: () => [boot] },
    site: { view: () => ({ ...view, nodes: [node] }) },
    events: { subscribe: (listener) => void (hear = listener) },
  });
  for (const event of events)
    hear({ id: 1, atMs: 0, kind: '', node: node.name, ...event, fields: { boot: 'b1', ...event.fields } });
  const { boots } = counts;
  const family = (name: string, samples: ReturnType<typeof boots.phases>) =>
    renderMetrics([{ kind: 'histogram', name, help: '.', samples }]);
  const sums = [family('phase', boots.phases()), family('ready', boots.ready())]
    .join('')
    .split('\n')
    .filter((line) => /_(?:sum|count)/.test(line));
  const ended = boots.ended().filter(({ value }) => value > 0);
  return { begun: boots.begun(), ended, all: boots.ended(), sums };
}

const board = node.board;
const phase = (name: string) => ({ kind: 'boot.phase', fields: { phase: name } });

test('a boot that becomes ready is counted once, each of its phases with its time', () => {
  const { begun, ended, sums } = heard({ kind: 'boot.begun' }, phase('offered'), phase('loading'), phase('kernel'), {
    kind: 'boot.ready',
  });

  expect(begun).toEqual([{ labels: { board }, value: 1 }]);
  expect(ended).toEqual([{ labels: { board, result: 'ready' }, value: 1 }]);
  expect(sums).toEqual([
    `phase_sum{board="${board}",phase="offered"} 2`,
    `phase_count{board="${board}",phase="offered"} 1`,
    `phase_sum{board="${board}",phase="loading"} 0`,
    `phase_count{board="${board}",phase="loading"} 1`,
    `phase_sum{board="${board}",phase="kernel"} 40.5`,
    `phase_count{board="${board}",phase="kernel"} 1`,
    `ready_sum{board="${board}"} 42`,
    `ready_count{board="${board}"} 1`,
  ]);
});

test('what has not happened yet is zero, and what is no boot changes nothing', () => {
  const { begun, ended, all, sums } = heard({ kind: 'node.role-set' }, { kind: 'boot.ready', node: undefined });

  expect(begun).toEqual([{ labels: { board }, value: 0 }]);
  expect(all.map(({ labels }) => labels?.['result'])).toEqual([
    'ready',
    'failed',
    'silent',
    'restarted',
    'handed-over',
  ]);
  expect([ended, sums]).toEqual([[], []]);
});

test('a boot that failed has no time to ready; one that is forgotten by now is counted all the same', () => {
  const { ended, sums } = heard({ kind: 'boot.failed' }, { kind: 'boot.ready', fields: { boot: 'gone' } });

  expect(ended.map(({ labels }) => labels?.['result'])).toEqual(['ready', 'failed']);
  expect(sums).toEqual([]);
});

test('a board whose node is gone counts as unknown', () => {
  expect(heard({ kind: 'boot.begun', node: 'gone' }).begun).toContainEqual({ labels: { board: 'unknown' }, value: 1 });
});
