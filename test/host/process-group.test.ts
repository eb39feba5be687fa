/** A group of programs that ends as a whole, also for whoever knows only its number. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

import { expect, onTestFinished, test } from 'vitest';

import { endGroup, leaderOf, startGroup, type ProcessGroup } from '../../src/host/process-group.ts';
import { startTimeOf } from '../../src/host/start-time.ts';

const shell = (script: string, onLine: (line: string) => void = () => undefined) =>
  startGroup(['sh', '-c', script], onLine);

const isGone = async (pid: number) => (await startTimeOf(pid)) === undefined;

async function leader({ pid }: ProcessGroup) {
  const found = await leaderOf(pid);
  if (found === undefined) throw new Error('it has ended');
  return found;
}

test('what it says comes line by line, and how it ended', async () => {
  const lines: string[] = [];
  const { ended } = await shell('echo one; echo two >&2; exit 3', (line) => void lines.push(line));

  expect(await ended).toBe(3);
  expect(lines.toSorted()).toEqual(['one', 'two']);
});

test('ends with all that it has started', async () => {
  const lines: string[] = [];
  const group = await shell('sleep 1000 & echo $!; wait', (line) => void lines.push(line));
  await expect.poll(() => lines.length).toBe(1);

  await endGroup(await leader(group), 5000);

  expect(await group.ended).toBe(null);
  await expect.poll(() => isGone(Number(lines[0]))).toBe(true);
});

test('is killed when it does not end in time', async () => {
  const lines: string[] = [];
  const group = await shell("trap '' TERM; echo ready; while :; do sleep 0.05; done", (line) => void lines.push(line));
  await expect.poll(() => lines).toEqual(['ready']);

  await endGroup(await leader(group), 100);

  expect(await group.ended).toBe(null);
});

test('another process that has its number by now is left alone', async () => {
  const group = await shell('sleep 1000');
  const { pid } = await leader(group);

  await endGroup({ pid, startTime: '1' }, 100);
  expect(await isGone(pid)).toBe(false);
  await endGroup(await leader(group), 1000);
  await group.ended;
  // Nobody has it now.
  await endGroup({ pid, startTime: '1' }, 100);
});

test('a program that is not there', async () => {
  const lines: string[] = [];
  const group = await startGroup(['/nowhere/program'], (line) => void lines.push(line));

  expect(await group.ended).not.toBe(0);
  expect(lines.join('\n')).toContain('/nowhere/program');
});

test('it is told to end when whoever has started it is killed', async () => {
  const script = `
    import { startGroup } from ${JSON.stringify(path.resolve(import.meta.dirname, '../../src/host/process-group.ts'))};
    const group = await startGroup(['sh', '-c', 'trap "exit 0" TERM; while :; do sleep 0.05; done'], () => undefined);
    process.stdout.write(String(group.pid) + '\\n');
  `;
  const argv = ['--import', 'tsx', '--input-type=module', '--eval', script];
  const starter = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void starter.kill('SIGKILL'));
  const [said] = (await once(starter.stdout, 'data')) as [Buffer];
  const pid = Number(said.toString());
  expect(await isGone(pid)).toBe(false);

  starter.kill('SIGKILL');

  await expect.poll(() => isGone(pid), { timeout: 5000 }).toBe(true);
}, 60_000);
