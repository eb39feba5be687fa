import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { expect, onTestFinished, test } from 'vitest';

import { lockState } from '../../src/host/state-lock.ts';

async function folder(): Promise<string> {
  const dir = await mkdtemp(path.join(tmpdir(), 'lock-'));
  onTestFinished(() => rm(dir, { recursive: true }));
  return dir;
}

const signal = new AbortController().signal;

test('one after the other gets it, none at the same time', async () => {
  const dir = await folder();
  let holders = 0;
  let most = 0;

  const hold = async () => {
    const lock = await lockState(dir, { purpose: 'test', waitMs: 10_000, signal });
    most = Math.max(most, ++holders);
    await new Promise((resolve) => setImmediate(resolve));
    holders -= 1;
    await lock.release();
  };
  await Promise.all(Array.from({ length: 8 }, hold));

  expect([most, holders]).toEqual([1, 0]);
});

test('who waited too long is told who has it', async () => {
  const dir = await folder();
  const lock = await lockState(dir, { purpose: 'serve', waitMs: 0, signal });

  for (const waitMs of [0, 100]) {
    await expect(lockState(dir, { purpose: 'apply', waitMs, signal })).rejects.toThrow(
      `${dir} is in use by pi-image serve, process ${process.pid}`,
    );
  }
  await lock.release();
  await (await lockState(dir, { purpose: 'apply', waitMs: 0, signal })).release();
});

test('who is stopped waits no longer, and does not get it later', async () => {
  const dir = await folder();
  const stop = new AbortController();
  const lock = await lockState(dir, { purpose: 'serve', waitMs: 0, signal });
  const waits = lockState(dir, { purpose: 'apply', waitMs: 60_000, signal: stop.signal });

  stop.abort(new Error('stopped by SIGINT'));

  await expect(waits).rejects.toThrow('stopped by SIGINT');
  await lock.release();
  await (await lockState(dir, { purpose: 'apply', waitMs: 0, signal })).release();
});
