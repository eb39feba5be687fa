/** Builds as operations: begun once, followed, stopped, and cut off by the end of the service; the program is a shell. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { describe, expect, onTestFinished, test } from 'vitest';

import { runBuilds, type BuildDeps } from '../../src/fleet/image-build-run.ts';
import { cancelBuild, startBuild, type BuildFleet } from '../../src/fleet/image-build-start.ts';
import { openDatabase, type Database } from '../../src/host/database/open.ts';
import { leaderOf, startGroup } from '../../src/host/process-group.ts';
import { startTimeOf } from '../../src/host/start-time.ts';
import type { ImageBuild } from '../../src/model/image-build.ts';

const log = { info: () => undefined, warn: () => undefined };
const order = { image: 'tiny', packages: 'kept', squash: false } as const;
const ci = { by: 'ci', dryRun: false, ifMatch: undefined };
const patience = { timeout: 10_000 };

interface World {
  readonly database: Database;
  readonly fleet: BuildFleet;
  readonly build: (id?: string) => ImageBuild | undefined;
  /** A service that builds by this script. @returns how to end it */
  readonly serve: (script: string) => () => Promise<void>;
  readonly started: () => number;
}

const buildOf = (database: Database, id = '1') => database.state.current().imageBuilds[id];

async function newWorld(own: Partial<BuildFleet> = {}): Promise<World> {
  const dir = await mkdtemp(path.join(tmpdir(), 'image-build-'));
  const database = await openDatabase(dir);
  const { state } = database;
  let started = 0;
  const serve = (script: string) => {
    const stop = new AbortController();
    const start: BuildDeps['start'] = (_build, onLine) => {
      started += 1;
      return startGroup(['sh', '-c', script], onLine);
    };
    const running = runBuilds({ state, start, now: Date.now, log }, stop.signal, 10);
    return async () => {
      stop.abort();
      await running;
    };
  };
  const fleet: BuildFleet = {
    state,
    images: () => Promise.resolve(['tiny', 'other']),
    otherBuild: () => Promise.resolve(undefined),
    plan: () => Promise.resolve(['run  base']),
    now: Date.now,
    ...own,
  };
  onTestFinished(async () => {
    await database.close();
    await rm(dir, { recursive: true });
  });
  return { database, fleet, build: (id) => buildOf(database, id), serve, started: () => started };
}

const say = (text: string) => `printf '%s\\n' '${text}'`;
const step = say('{"step":{"index":2,"total":3,"title":"packages of cluster"}}');

test('it is begun once, says its steps as events, and ends with what came of it', async () => {
  const { database, fleet, build, serve, started } = await newWorld();
  const { answer } = await startBuild(order, ci, fleet);
  const end = serve(`${step}; ${say('{"detail":"50 %"}')}; ${say('published tiny@1')}`);

  expect(answer).toEqual({ dryRun: false, operation: '1', image: 'tiny' });
  await expect.poll(() => build()?.state, patience).toBe('done');
  await end();

  expect(build()).toMatchObject({ by: 'ci', reason: 'published tiny@1', log: ['published tiny@1'] });
  expect(build()?.steps).toMatchObject([{ index: 2, total: 3, title: 'packages of cluster', detail: '50 %' }]);
  expect(build()).not.toHaveProperty('leader');
  expect(started()).toBe(1);
  const events = await database.events.after(0, 10);
  expect(events.map(({ kind, fields }) => [kind, fields['operation']])).toEqual([
    ['operation.started', '1'],
    ['operation.step', '1'],
    ['operation.ended', '1'],
  ]);
});

test('one at a time; the next one after it has ended', async () => {
  const { fleet, build, serve } = await newWorld();
  await startBuild(order, ci, fleet);

  await expect(startBuild({ ...order, image: 'other' }, ci, fleet)).rejects.toMatchObject({
    message: 'operation 1 builds tiny, and there is one build at a time',
    hint: expect.stringContaining('"pi-image operation cancel 1"'),
  });
  const both = await Promise.allSettled([startBuild(order, ci, fleet), startBuild(order, ci, fleet)]);
  expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);

  const end = serve('exit 1');
  await expect.poll(() => build()?.state, patience).toBe('failed');
  expect((await startBuild(order, ci, fleet)).answer.operation).toBe('2');
  await end();
});

test('two that come at once: one is begun', async () => {
  const { database, fleet } = await newWorld();

  const both = await Promise.allSettled([startBuild(order, ci, fleet), startBuild(order, ci, fleet)]);

  expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
  expect(Object.keys(database.state.current().imageBuilds)).toEqual(['1']);
});

test('a build on the command line, an image that is none, and a dry run begin nothing', async () => {
  const { database, fleet } = await newWorld();
  const busy = { ...fleet, otherBuild: () => Promise.resolve(4711) };

  await expect(startBuild(order, ci, busy)).rejects.toThrow('another build goes on: process 4711');
  await expect(startBuild({ ...order, image: 'tinny' }, ci, fleet)).rejects.toThrow(
    'there is no image tinny to build; did you mean tiny?',
  );
  expect((await startBuild(order, { ...ci, dryRun: true }, fleet)).answer).toEqual({
    dryRun: true,
    image: 'tiny',
    plan: ['run  base'],
  });
  expect(database.state.current().imageBuilds).toEqual({});
});

test('what the program says when it fails is why', async () => {
  const { fleet, build, serve } = await newWorld();
  await startBuild(order, ci, fleet);
  const end = serve(`${say('pi-image: no room')} >&2; ${say('  hint: Make some.')} >&2; exit 1`);

  await expect.poll(() => build()?.state, patience).toBe('failed');
  await end();
  expect(build()).toMatchObject({ reason: 'no room', hint: 'Make some.' });
});

describe('stopped', () => {
  test('its programs end, all of them, and it is cancelled', async () => {
    const { fleet, build, serve } = await newWorld();
    await startBuild(order, ci, fleet);
    const end = serve(`sleep 1000 & echo child $!; ${step}; wait`);
    await expect.poll(() => build()?.log.length, patience).toBe(1);
    const child = Number(build()?.log[0]?.replace('child ', ''));

    const stale = { ...ci, ifMatch: '"old"' };
    await expect(cancelBuild('1', stale, fleet)).rejects.toThrow('operation 1 was changed since');
    expect((await cancelBuild('1', { ...ci, dryRun: true }, fleet)).answer).toMatchObject({ dryRun: true });
    expect(build()?.state).toBe('running');
    await cancelBuild('1', ci, fleet);

    await expect.poll(() => build()?.state, patience).toBe('cancelled');
    expect(build()).toMatchObject({ reason: 'cancelled by ci' });
    await expect.poll(() => startTimeOf(child), patience).toBeUndefined();
    await expect(cancelBuild('1', ci, fleet)).rejects.toThrow('operation 1 has ended: cancelled');
    await end();
  });

  test('before it was begun, nothing is started', async () => {
    const { fleet, build, serve, started } = await newWorld();
    await startBuild(order, ci, fleet);
    await cancelBuild('1', ci, fleet);
    const end = serve('echo never');

    await expect.poll(() => build()?.state, patience).toBe('cancelled');
    await end();
    expect(started()).toBe(0);
  });
});

describe('the service ends', () => {
  test('in good order: its programs end with it, and the next one begins it again', async () => {
    const { database, fleet, build, serve, started } = await newWorld();
    await startBuild(order, ci, fleet);
    const end = serve(`${step}; sleep 1000`);
    await expect.poll(() => build()?.steps.length, patience).toBe(1);
    const pid = build()?.leader?.pid ?? 0;

    await end();

    expect(build()).toMatchObject({ state: 'running', interruptions: 1 });
    expect(await leaderOf(pid)).toBeUndefined();
    const endNext = serve('exit 0');
    await expect.poll(() => build()?.state, patience).toBe('done');
    await endNext();
    expect(started()).toBe(2);
    const kinds = (await database.events.after(0, 10)).map(({ kind }) => kind);
    expect(kinds).toEqual(['operation.started', 'operation.step', 'operation.interrupted', 'operation.ended']);
  });

  test('by kill -9: the next one ends what is left of it and begins it again', async () => {
    const { database, fleet, build, serve, started } = await newWorld();
    await startBuild(order, ci, fleet);
    const orphan = await startGroup(['sleep', '1000'], () => undefined);
    const leader = await leaderOf(orphan.pid);
    if (leader === undefined) throw new Error('it has ended');
    // As the service before has left it.
    await database.state.update((state) => {
      const left = state.imageBuilds['1'];
      return left === undefined ? state : { ...state, imageBuilds: { 1: { ...left, begunAtMs: 1, leader } } };
    });

    const end = serve('exit 0');

    await expect.poll(() => build()?.state, patience).toBe('done');
    await end();
    expect(build()).toMatchObject({ interruptions: 1 });
    expect(await orphan.ended).toBe(null);
    expect(started()).toBe(1);
  });

  test('before it was begun: the next one begins it', async () => {
    const { fleet, build, serve, started } = await newWorld();
    await startBuild(order, ci, fleet);
    const end = serve('exit 0');

    await expect.poll(() => build()?.state, patience).toBe('done');
    await end();
    expect(started()).toBe(1);
  });
});
