import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { readState, updateState } from '../../src/host/state-file.ts';
import { lockState } from '../../src/host/state-lock.ts';
import type { State } from '../../src/model/state.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'state-file-'));
});
afterEach(() => rm(dir, { recursive: true }));

const signal = AbortSignal.timeout(20_000);
const allocate = (state: State): State => ({ ...state, nextExportId: state.nextExportId + 1 });

test('commands that change the state at the same time lose nothing', async () => {
  await Promise.all(Array.from({ length: 8 }, () => updateState(dir, allocate, signal)));

  expect((await readState(dir)).nextExportId).toBe(9);
});

test('a second writer is told who holds the state', async () => {
  const lock = await lockState(dir, { purpose: 'serve', waitMs: 0, signal });

  await expect(lockState(dir, { purpose: 'apply', waitMs: 100, signal })).rejects.toThrow(
    `in use by pi-image serve, process ${process.pid}`,
  );

  await lock.release();
  await (await lockState(dir, { purpose: 'apply', waitMs: 0, signal })).release();
});

test('kill -9 of the holder frees the state, and its children do not keep it', async () => {
  const holder = spawn(
    process.execPath,
    [
      '--import',
      'tsx',
      '-e',
      `import { lockState } from ${JSON.stringify(path.resolve('src/host/state-lock.ts'))};
       import { spawn } from 'node:child_process';
       await lockState(${JSON.stringify(dir)}, { purpose: 'serve', waitMs: 0, signal: AbortSignal.timeout(60000) });
       const child = spawn('sleep', ['30'], { detached: true, stdio: 'ignore' });
       console.log(child.pid);
       setInterval(() => undefined, 1000);`,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const [line] = (await once(holder.stdout, 'data')) as [Buffer];
  await expect(lockState(dir, { purpose: 'apply', waitMs: 0, signal })).rejects.toThrow('in use by pi-image serve');

  holder.kill('SIGKILL');
  await once(holder, 'close');
  const lock = await lockState(dir, { purpose: 'apply', waitMs: 0, signal });

  await lock.release();
  process.kill(Number(line.toString()), 'SIGKILL');
});

test('a command that fails leaves the state as it was, and lets others in', async () => {
  const fails = () => {
    throw new Error('no such node');
  };
  await expect(updateState(dir, fails, signal)).rejects.toThrow('no such node');

  expect((await updateState(dir, allocate, signal)).nextExportId).toBe(2);
});

test('the state can be read while another process has it open', async () => {
  const holder = spawn(
    process.execPath,
    [
      '--import',
      'tsx',
      '-e',
      `import { openDatabase } from ${JSON.stringify(path.resolve('src/host/database/open.ts'))};
       const { state } = await openDatabase(${JSON.stringify(dir)});
       await state.update((current) => ({ ...current, nextExportId: 7 }));
       console.log('written');
       setInterval(() => undefined, 1000);`,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  await once(holder.stdout, 'data');

  expect((await readState(dir)).nextExportId).toBe(7);

  holder.kill('SIGKILL');
  await once(holder, 'close');
  expect((await readState(dir)).nextExportId).toBe(7);
});
