import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';

import { expect, test } from 'vitest';

import { startTimeOf } from '../../src/host/start-time.ts';

test('a process that lives has one, always the same', async () => {
  const time = await startTimeOf(process.pid);
  expect(time).toMatch(/^\d+$/);
  expect(await startTimeOf(process.pid)).toBe(time);
});

test('one that is gone has none', async () => {
  const child = spawn('true');
  await once(child, 'exit');
  expect(await startTimeOf(child.pid ?? 0)).toBeUndefined();
});

test('one that has ended, and that nobody has asked how, has none', async () => {
  // The shell becomes a program that does not ask for its children.
  const parent = spawn('sh', ['-c', 'sleep 0.2 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'] });
  const ended = once(parent, 'exit');
  const [line] = (await once(parent.stdout, 'data')) as [Buffer];
  const pid = Number(line.toString());
  await expect.poll(() => readFile(`/proc/${pid}/stat`, 'utf8')).toContain(') Z ');
  expect(await startTimeOf(pid)).toBeUndefined();
  parent.kill();
  await ended;
});

test('a name with spaces and brackets is not taken for fields', async () => {
  const named = spawn(process.execPath, ['-e', 'process.title = "a) Z (b"; setTimeout(() => {}, 60_000)']);
  const ended = once(named, 'exit');
  await expect.poll(() => readFile(`/proc/${named.pid}/comm`, 'utf8'), { timeout: 10_000 }).toBe('a) Z (b\n');
  expect(await startTimeOf(named.pid ?? 0)).toMatch(/^\d+$/);
  named.kill();
  await ended;
});
