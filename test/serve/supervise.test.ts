import { once } from 'node:events';

import { describe, expect, test } from 'vitest';

import { HostError } from '../../src/model/errors.ts';
import type { Log } from '../../src/model/log.ts';
import { createHealth } from '../../src/serve/health.ts';
import { supervise, type Part } from '../../src/serve/supervise.ts';

const silent: Log = { info: () => undefined, warn: () => undefined };

const untilAborted = async (signal: AbortSignal) => {
  if (!signal.aborted) await once(signal, 'abort');
};
const steady = (name: string): Part => ({
  name,
  run: (signal, ready) => {
    ready();
    return untilAborted(signal);
  },
});

function start(parts: readonly Part[]) {
  const stop = new AbortController();
  const health = createHealth(() => 0);
  const ended = supervise(parts, { health, log: silent, signal: stop.signal, firstDelayMs: 1 });
  const problems = () => Object.fromEntries(health.parts().map((part) => [part.name, part.problems.join()]));
  return { problems, stop: () => stop.abort(), ended };
}

describe('a part that', () => {
  test('fails is named with its cure while the others go on, and is healthy again when it runs', async () => {
    let isTaken = true;
    const http: Part = {
      name: 'http',
      run: (signal, ready) => {
        if (isTaken) throw new HostError('port 80 is taken', { hint: 'Stop nginx.' });
        return steady('http').run(signal, ready);
      },
    };
    const { problems, stop, ended } = start([steady('tftp'), http]);

    await expect.poll(problems).toEqual({ tftp: '', http: 'port 80 is taken; Stop nginx.' });
    isTaken = false;
    await expect.poll(problems).toEqual({ tftp: '', http: '' });

    stop();
    await ended;
  });

  test('ends by itself is started again, and what it left running is stopped first', async () => {
    const signals: AbortSignal[] = [];
    const part: Part = {
      name: 'part',
      run: (signal) => {
        signals.push(signal);
        return Promise.resolve();
      },
    };
    const { problems, stop, ended } = start([part]);

    await expect.poll(() => signals.length).toBeGreaterThan(2);
    expect(problems()).toEqual({ part: 'it ended by itself' });
    expect(signals.slice(0, -1).every(({ aborted }) => aborted)).toBe(true);

    stop();
    await ended;
  });

  test('waits long before it is tried again ends at once when the service is stopped', async () => {
    const stop = new AbortController();
    const failing: Part = { name: 'part', run: () => Promise.reject(new HostError('no')) };
    const health = createHealth(() => 0);
    const ended = supervise([failing], { health, log: silent, signal: stop.signal, firstDelayMs: 60_000 });
    await expect.poll(() => health.parts()[0]?.problems).toEqual(['no']);

    stop.abort();

    await ended;
  });
});

test('a bug in a part does not take the service down', async () => {
  const buggy: Part = { name: 'buggy', run: () => Promise.reject(new TypeError('x is undefined')) };
  const { problems, stop, ended } = start([steady('tftp'), buggy]);

  await expect.poll(() => problems()['buggy']).toContain('bug: TypeError: x is undefined');
  expect(problems()['tftp']).toBe('');

  stop();
  await ended;
});

test('what a part says stays dated until it says something else', () => {
  let nowMs = 1;
  const health = createHealth(() => nowMs);

  health.report('http', ['a']);
  nowMs = 2;
  health.report('http', ['a']);
  expect(health.parts()).toEqual([{ name: 'http', problems: ['a'], sinceMs: 1 }]);

  health.report('http', []);
  expect(health.parts()).toEqual([{ name: 'http', problems: [], sinceMs: 2 }]);
});
