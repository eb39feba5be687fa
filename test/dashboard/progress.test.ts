import { describe, expect, test } from 'vitest';

import {
  listedExample,
  shownExample,
  type AnyOperation,
  type AnyShownOperation,
} from '../../src/api/schemas/operation.ts';
import { listedBuildExample, shownBuildExample } from '../../src/api/schemas/image-build.ts';
import { listedRotationExample, shownRotationExample } from '../../src/api/schemas/rotation.ts';
import { describeParts, isOpen, partsOf, rowsOf, timeOf, titleOf } from '../../src/dashboard/progress.ts';
import { describeRollout, rolloutTitle, wavesOf } from '../../src/dashboard/rollout-progress.ts';
import type { Rollout } from '../../src/model/rollout.ts';

const counts = { waiting: 3, running: 1, done: 5, 'fell-back': 1, failed: 0, skipped: 0, kept: 0 };

describe('an operation', () => {
  test('shows the parts that there are, in the order in which they come about', () => {
    const parts = partsOf(counts);

    expect(parts.map(({ name, tone }) => `${name} ${tone}`)).toEqual([
      'done good',
      'fell-back wait',
      'running busy',
      'waiting quiet',
    ]);
    expect(describeParts(parts)).toBe('5 done, 1 fell back, 1 running, 3 waiting');
  });

  test('has a headline, a time, and an end', () => {
    const rollout = { id: '3', way: 'forward', to: 'debian-lite@2' } as const;
    const titles = [
      { ...listedExample, nodes: ['node01'] },
      listedExample,
      { ...listedExample, rollout },
      { ...listedExample, rollout: { ...rollout, way: 'back' } },
      listedRotationExample,
      listedBuildExample,
    ].map((operation) => titleOf(operation as AnyOperation));

    expect(titles).toEqual([
      'Role login for node01',
      'Role login for 2 nodes',
      'Rollout 3: debian-lite@2 for 2 nodes',
      'Rollout 3 takes 2 nodes back',
      'New munge key for 3 nodes',
      'Build of debian-lite',
    ]);
    expect(timeOf({ startedAtMs: 0 }, 5000)).toBe('for 5.0 s');
    expect(timeOf({ startedAtMs: 0, endedAtMs: 2000 }, 5000)).toBe('took 2.0 s');
    expect(['running', 'stopping', 'done', 'cancelled'].map((state) => isOpen({ state }))).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });
});

test('nodes are rows, and the steps of a rotation are those of all', () => {
  const rows = (operation: unknown) =>
    rowsOf(operation as AnyShownOperation).map(({ node, steps, result }) => `${node} ${steps.length} ${result}`);

  expect(rows(shownExample)).toEqual(['node01 3 under way', 'node02 0 waits']);
  expect(rows(shownRotationExample)).toEqual([
    'all 3 running',
    'head 0 restarted',
    'node01 0 waiting',
    'node02 0 next-boot',
  ]);
  expect(rows(shownBuildExample)).toEqual(['debian-lite 2 running']);
});

describe('a rollout', () => {
  const rollout = {
    state: 'running',
    wave: 1,
    target: { kind: 'image', role: 'compute', image: 'debian-lite@20261122.1' },
    nodes: [
      { node: 'node01', wave: 0, result: 'done' },
      { node: 'node02', wave: 1 },
      { node: 'node03', wave: 1, result: 'failed', cause: 'no root' },
      { node: 'node04', wave: 2 },
    ],
    leftOut: [{ node: 'node05', reason: 'it boots a version of its own' }],
  } as unknown as Rollout;

  test('is a canary and waves', () => {
    expect(wavesOf(rollout)).toEqual([
      { title: 'Canary', isCurrent: false, nodes: [{ name: 'node01', tone: 'good', says: 'node01, done' }] },
      {
        title: 'Wave 1',
        isCurrent: true,
        nodes: [
          { name: 'node02', tone: 'busy', says: 'node02, under way' },
          { name: 'node03', tone: 'bad', says: 'node03, failed, no root' },
        ],
      },
      { title: 'Wave 2', isCurrent: false, nodes: [{ name: 'node04', tone: 'quiet', says: 'node04, waits' }] },
    ]);
  });

  test('says what and how far', () => {
    expect(rolloutTitle(rollout)).toBe('debian-lite@20261122.1 for role compute');
    expect(describeRollout(rollout)).toBe('1 of 4 nodes done, 1 node left out');
  });

  test('that has ended has no wave that goes on', () => {
    expect(wavesOf({ ...rollout, state: 'rolled-back' }).some(({ isCurrent }) => isCurrent)).toBe(false);
  });
});
