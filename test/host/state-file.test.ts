import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { openBootsFile, readState, updateState } from '../../src/host/state-file.ts';
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

test('the boots, which hold tokens, are readable by their owner only', async () => {
  const boots = await openBootsFile(dir);

  await boots.update((log) => log);

  expect((await stat(path.join(dir, 'boots.json'))).mode & 0o777).toBe(0o600);
});
