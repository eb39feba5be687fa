/** The journal of a build: what its program says, line by line, and how it ends. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { ImageBuild } from '../../src/model/image-build.ts';
import {
  endBuild,
  endOf,
  interruptBuild,
  forgetBuilds,
  hearBuild,
  openBuild,
  parseBuildLine,
} from '../../src/plan/image-build-journal.ts';

const begun: ImageBuild = {
  id: '7',
  kind: 'image-build',
  by: 'ci',
  image: 'tiny',
  packages: 'kept',
  squash: false,
  startedAtMs: 1000,
  begunAtMs: 1001,
  leader: { pid: 4711, startTime: '99' },
  state: 'running',
  steps: [],
  log: [],
};

const hear = (lines: readonly string[], build = begun) =>
  lines.reduce((now, line, index) => hearBuild(now, parseBuildLine(line), 2000 + index), build);
const step = (index: number, title: string) => JSON.stringify({ step: { index, total: 3, title } });

test('steps begin and end one after the other, with what is done in each', () => {
  const build = hear([step(1, 'base'), '{"detail":"50 %"}', '{"detail":"99 %"}', step(3, 'seal')]);

  expect(build.steps).toEqual([
    { index: 1, total: 3, title: 'base', startedAtMs: 2000, endedAtMs: 2003, detail: '99 %' },
    { index: 3, total: 3, title: 'seal', startedAtMs: 2003 },
  ]);
});

test('notes and lines of text are its log, the last forty', () => {
  const build = hear(['{"note":"slurmd 1 -> 2"}', 'published tiny@1', '', '{"leader":4711}', '{"detail":"early"}']);
  const long = hear(Array.from({ length: 100 }, (_, index) => `line ${index}`));

  expect(build.log).toEqual(['slurmd 1 -> 2', 'published tiny@1']);
  expect([long.log.length, long.log[0], long.log.at(-1)]).toEqual([40, 'line 60', 'line 99']);
});

test.each(['{"step":1}', '{"step":{"index":1}}', '{"note":1}', '{', '{"leader":"x"}', '[]', 'null'])(
  'a line %s is text',
  (line) => {
    expect(parseBuildLine(line)).toEqual({ kind: 'text', text: line });
  },
);

test('whatever a program says is kept as what the journal may hold', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.string(), fc.json(), fc.constant(step(1, 'x')))), (lines) => {
      expect(ImageBuild.safeParse(hear(lines)).success).toBe(true);
    }),
  );
});

describe('it ends', () => {
  const failed = ['{"note":"x"}', 'pi-image: package foo cannot be installed', '  because: y', '  hint: Look there.'];

  test.each<[string, Parameters<typeof endOf>, ReturnType<typeof endOf>]>([
    ['as done, with what came of it', [hear(['published tiny@1']), 0], { state: 'done', reason: 'published tiny@1' }],
    [
      'as failed, in its own words',
      [hear(failed), 1],
      { state: 'failed', reason: 'package foo cannot be installed', hint: 'Look there.' },
    ],
    ['as failed without a word', [begun, 70], { state: 'failed', reason: 'its program ended with 70' }],
    ['killed by somebody', [begun, null], { state: 'failed', reason: 'its program was killed' }],
    ['stopped', [{ ...hear(failed), state: 'stopping' }, 130], { state: 'cancelled' }],
    [
      'stopped too late',
      [{ ...hear(['published tiny@1']), state: 'stopping' }, 0],
      { state: 'done', reason: 'published tiny@1' },
    ],
  ])('%s', (_name, args, end) => {
    expect(endOf(...args)).toEqual(end);
  });

  test('with its last step, and without its process', () => {
    const ended = endBuild(hear([step(1, 'base')]), { state: 'failed', reason: 'x' }, 5000);

    expect(ended).toMatchObject({ state: 'failed', reason: 'x', endedAtMs: 5000, steps: [{ endedAtMs: 5000 }] });
    expect(ended).not.toHaveProperty('leader');
  });

  test('cut off with the service: begun anew, twice, and then it has failed', () => {
    const leader = { pid: 4711, startTime: '1' };
    const once = interruptBuild({ ...hear([step(1, 'base')]), begunAtMs: 1, leader }, 5000);

    expect(once).toMatchObject({ state: 'running', interruptions: 1, steps: [{ endedAtMs: 5000 }] });
    expect(once.log.at(-1)).toMatch(/^interrupted: /);
    for (const key of ['leader', 'begunAtMs', 'endedAtMs']) expect(once).not.toHaveProperty(key);
    expect(interruptBuild(interruptBuild(once, 6000), 7000)).toMatchObject({
      state: 'failed',
      reason: 'interrupted: the service ended 3 times while it went on',
      endedAtMs: 7000,
    });
  });

  test('cut off while it was stopped: it is cancelled, by whom stays written down', () => {
    const stopped: ImageBuild = { ...begun, state: 'stopping', reason: 'cancelled by ci' };
    expect(interruptBuild(stopped, 1)).toMatchObject({ state: 'cancelled', reason: 'cancelled by ci', endedAtMs: 1 });
  });
});

test('twenty are kept, the newest among them', () => {
  const all = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`${index}`, { ...begun, id: `${index}` }]));

  expect(
    Object.keys(forgetBuilds(all))
      .map(Number)
      .toSorted((a, b) => a - b),
  ).toEqual(Array.from({ length: 20 }, (_, index) => index + 10));
  expect(openBuild({ imageBuilds: { 7: { ...begun, endedAtMs: 1 } } })).toBeUndefined();
  expect(openBuild({ imageBuilds: { 7: begun } })).toBe(begun);
});
