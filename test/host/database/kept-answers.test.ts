/** Answers that are kept for a repeat: over restarts, for a day, and no more of them than that. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { keptAnswerMs } from '../../../src/host/database/kept-answers.ts';
import { openDatabase } from '../../../src/host/database/open.ts';

let dir: string;
let nowMs = 1_795_248_000_000;
beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'answers-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const open = () => openDatabase(dir, () => nowMs);
const first = { key: 'a', request: 'one' };
const answer = { status: 201, body: { dryRun: false }, etag: '"1"', location: '/api/v1/nodes/node01' };

test('an answer is there after a restart', async () => {
  const before = await open();
  expect(await before.answers.begin(first)).toEqual({ kind: 'new' });
  await before.answers.finish('a', answer);
  await before.close();

  const { answers, close } = await open();
  expect(await answers.begin(first)).toEqual({ kind: 'answered', answer });
  expect(await answers.begin({ key: 'a', request: 'two' })).toEqual({ kind: 'other-request' });
  expect(await answers.begin({ key: 'b', request: 'one' })).toEqual({ kind: 'new' });
  await close();
});

test('a request that was begun and not answered stays begun', async () => {
  const before = await open();
  await before.answers.begin(first);
  await before.close();

  const { answers, close } = await open();
  expect(await answers.begin(first)).toEqual({ kind: 'unfinished' });
  await answers.forget('a');
  expect(await answers.begin(first)).toEqual({ kind: 'new' });
  await close();
});

test.each([
  [keptAnswerMs - 1, 'answered'],
  [keptAnswerMs, 'new'],
])('after %i ms it is %s', async (laterMs, kind) => {
  const { answers, close } = await open();
  await answers.begin(first);
  await answers.finish('a', answer);
  nowMs += laterMs;

  expect((await answers.begin(first)).kind).toBe(kind);
  await close();
});
