import { Worker } from 'node:worker_threads';

import { afterEach, describe, expect, test } from 'vitest';

import { ConfigError } from '../../../src/model/errors.ts';
import type { LogFields } from '../../../src/model/log.ts';
import { emptyState } from '../../../src/model/state.ts';
import { createHealth } from '../../../src/serve/health.ts';
import { openPlane, type Plane, type PlaneDeps } from '../../../src/serve/plane/service.ts';
import { supervise } from '../../../src/serve/supervise.ts';
import type { PlaneThreadData } from '../../support/plane-thread.ts';
import { sampleView } from '../../support/sample-view.ts';

const tsx = new URL('../../../node_modules/tsx/dist/esm/api/index.mjs', import.meta.url).href;
const entry = new URL('../../support/plane-thread.ts', import.meta.url);

function thread(data: PlaneThreadData): Worker {
  const loader = `data:text/javascript,import{register}from${JSON.stringify(tsx)};register()`;
  return new Worker(entry, { workerData: data, execArgv: ['--import', loader] });
}

const running: { stop: AbortController; plane: Plane; ended: Promise<void> }[] = [];
afterEach(async () => {
  for (const { stop, plane, ended } of running.splice(0)) {
    stop.abort();
    await ended;
    await plane.close();
  }
});

/** @param does what the first thread, the second, and so on, does */
function start(does: readonly PlaneThreadData['does'][]) {
  const lines: string[] = [];
  const write = (event: string, fields: LogFields = {}) => void lines.push(`${event} ${JSON.stringify(fields)}`);
  const log = { info: write, warn: write };
  const health = createHealth(() => 0);
  const view = sampleView();
  const launches: number[] = [];
  const deps: PlaneDeps = {
    site: { view: () => view, onChange: () => () => undefined },
    state: { current: () => emptyState, onChange: () => undefined },
    find: async (path, from) => {
      write('find', { path, from });
      if (path === 'broken') throw new ConfigError('it is broken', { hint: 'Repair it.' });
      return { kind: 'bytes', bytes: Buffer.from('quiet') };
    },
    boots: {
      countFile: (address, bytes) => write('count', { address, bytes }),
      noteUnfinished: () => undefined,
    },
    recorder: {
      record: () => Promise.reject(new ConfigError('the disk is full')),
      sign: ({ kind }) => write('sign', { kind }),
    },
    health,
    counted: ({ tftp }) => write('counted', { requests: tftp.requests }),
    log,
    giveUp: () => undefined,
    start: (counts, launch) => {
      launches.push(launch);
      return thread({ counts, does: does[launch - 1] ?? 'work' });
    },
  };
  const plane = openPlane(deps);
  const stop = new AbortController();
  const ended = supervise(plane.parts, { health, log, signal: stop.signal, firstDelayMs: 10 });
  running.push({ stop, plane, ended });
  const problems = () => Object.fromEntries(health.parts().map((part) => [part.name, part.problems.join()]));
  const about = () => health.parts().flatMap((part) => part.about ?? []);
  return { lines, launches, problems, about, stop, ended };
}

const patience = { timeout: 10_000 };

test('what the thread asks and tells reaches the service in order, and is answered', async () => {
  const { lines, problems, about } = start(['work']);

  await expect
    .poll(() => lines.filter((line) => /^(?:sign|find|test|count)/.test(line)), patience)
    .toEqual([
      'sign {"kind":"discover"}',
      'find {"path":"cmdline.txt","from":"10.42.0.11"}',
      'test.found {"text":"quiet","nodes":4}',
      'find {"path":"broken","from":"10.42.0.11"}',
      'test.not-found {"reason":"it is broken"}',
      'test.unrecorded {"reason":"the disk is full"}',
      'count {"address":"10.42.0.11","bytes":5}',
    ]);
  expect(problems()).toEqual({ dhcp: '', tftp: '' });
  expect(about()).toEqual(['busy']);
});

describe('a thread that dies', () => {
  test('fails both parts, is told once with its stack, and another one takes over', async () => {
    const { lines, launches, problems } = start(['crash']);

    await expect.poll(() => launches, patience).toEqual([1, 2]);
    await expect.poll(problems, patience).toEqual({ dhcp: '', tftp: '' });

    const told = lines.filter((line) => line.includes('x is undefined'));
    const failed = (part: string) =>
      `part.failed {"part":"${part}","reason":"the thread that runs DHCP and TFTP has ended`;
    expect(told.filter((line) => line.startsWith('plane.died'))).toHaveLength(1);
    expect(told[0]).toMatch(/^plane\.died .*bug: TypeError: x is undefined\\n {4}at /);
    expect(
      told
        .slice(1)
        .map((line) => line.slice(0, failed('dhcp').length))
        .toSorted(),
    ).toEqual([failed('dhcp'), failed('tftp')]);
  });
});

describe('when the service stops', () => {
  test('what was served a moment before counts', async () => {
    const { lines, problems, stop, ended } = start(['work']);
    await expect.poll(problems, patience).toEqual({ dhcp: '', tftp: '' });

    stop.abort();
    await ended;

    expect(lines).toContain('count {"address":"10.42.0.11","bytes":6}');
  });

  test('the parts end at once', async () => {
    const { problems, stop, ended } = start(['work']);
    await expect.poll(problems, patience).toEqual({ dhcp: '', tftp: '' });

    const startedAtMs = performance.now();
    stop.abort();
    await ended;

    expect(performance.now() - startedAtMs).toBeLessThan(1000);
  });

  test('a part that does not is left behind', async () => {
    const { problems, stop, ended } = start(['deaf']);
    await expect.poll(problems, patience).toEqual({ dhcp: '', tftp: '' });

    const startedAtMs = performance.now();
    stop.abort();
    await ended;

    expect(performance.now() - startedAtMs).toBeLessThan(4000);
  });
});
