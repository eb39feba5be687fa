import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { tailLog } from '../../src/host/nfs/log-tail.ts';
import { endProcess, findProcess, isAlive } from '../../src/host/pid-file.ts';

let dir: string;
let pidFile: string;
const started: number[] = [];
beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'pid-'));
  pidFile = path.join(dir, 'pid');
});
afterEach(async () => {
  for (const pid of started.splice(0)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended already, as it should.
    }
  }
  await rm(dir, { recursive: true });
});

/** @param argument seen on its command line */
async function start(script: string, argument: string): Promise<number> {
  const child = spawn('sh', ['-c', script, 'sh', argument], { stdio: 'ignore' });
  started.push(child.pid ?? 0);
  await expect.poll(() => isAlive(child.pid ?? 0, argument)).toBe(true);
  return child.pid ?? 0;
}

test('a program is found by its pid file and its own argument', async () => {
  const pid = await start('sleep 30; :', '/our.conf');
  await writeFile(pidFile, `${pid}\n`);

  expect(await findProcess(pidFile, '/our.conf')).toBe(pid);
});

test.each(['', 'text', '0', '1', '-5', '999999999'])('a pid file with %j leads to nobody', async (content) => {
  await writeFile(pidFile, content);

  expect(await findProcess(pidFile, '/our.conf')).toBeUndefined();
});

test('another program that was given the same pid is not taken for it', async () => {
  await writeFile(pidFile, String(await start('sleep 30; :', '/our.conf.other')));

  expect(await findProcess(pidFile, '/our.conf')).toBeUndefined();
});

test('a program that ignores SIGTERM is killed', async () => {
  const pid = await start('trap "" TERM; while :; do sleep 0.1; done', '/our.conf');

  await endProcess(pid, '/our.conf', 300);

  expect(await isAlive(pid, '/our.conf')).toBe(false);
});

test('a log is waited for from where it is now, also before it exists', async () => {
  const log = path.join(dir, 'log');
  const options = { timeoutMs: 5000, signal: AbortSignal.timeout(10_000), isAlive: () => Promise.resolve(true) };
  const first = await tailLog(log);
  await writeFile(log, 'one: ready\n');
  expect(await first('ready', options)).toBe('one: ready\n');

  const second = await tailLog(log);
  await expect(second('ready', { ...options, timeoutMs: 100 })).rejects.toThrow('no "ready" within 0.1 s');
});

test('a program that ends before it is ready is told with its last words', async () => {
  const log = path.join(dir, 'log');
  const waitFor = await tailLog(log);
  await writeFile(log, 'a\nbind: Address already in use\n');

  const waiting = waitFor('INITIALIZED', {
    timeoutMs: 5000,
    signal: AbortSignal.timeout(10_000),
    isAlive: () => Promise.resolve(false),
  });

  await expect(waiting).rejects.toThrow('Address already in use');
});
