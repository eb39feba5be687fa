/** Roles change as operations on boards that boot: with a job that runs, with a service that is killed, with a role that fails. Root. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import type { ShownOperation } from '../../src/api/schemas/operation.ts';
import { buildImage, imageState, piImage, piImageWorks, processesWith, type Ended } from '../support/pi-image.ts';

/** A node that boots in emulation, twice where it falls back, on a busy machine. */
const operationMs = 25 * 60_000;
const slow = { timeout: operationMs + 5 * 60_000 };

let dir: string;

beforeAll(async () => {
  await buildImage();
  dir = await mkdtemp(path.join(tmpdir(), 'pi-image-operations-'));
  await piImageWorks('--state', imageState, 'rack', 'up', '--dir', dir);
  await piImageWorks('rack', 'boot', 'head', 'node01', '--dir', dir);
}, operationMs);

afterAll(async () => {
  await piImage(['rack', 'down', '--dir', dir]);
  await rm(dir, { recursive: true, force: true });
});

const ofService = (args: readonly string[]): Promise<Ended> => {
  const at = (name: string) => path.join(dir, name);
  return piImage(
    ['--config', at('cluster.yaml'), '--runtime', at('run'), '--state', at('state'), ...args],
    operationMs,
  );
};

async function onHead(command: string): Promise<string> {
  const { stdout } = await piImage(['rack', 'exec', '--dir', dir, '--', 'ssh', 'head', command]);
  return stdout.trim();
}

/** Empty for a node that Slurm does not have. */
const slurmOf = (node: string) => onHead(`sinfo -h -n ${node} -o %T`);
const stateOfJob = (job: string) => onHead(`squeue -h -j ${job} -o %T`);

async function operation(id: string): Promise<ShownOperation> {
  const { stdout } = await ofService(['operation', 'show', id, '-o', 'json']);
  return JSON.parse(stdout) as ShownOperation;
}

test('Slurm has the node', slow, async () => {
  await expect.poll(() => slurmOf('node01'), { timeout: operationMs, interval: 5000 }).toBe('idle');
});

test(
  'a job goes back into the queue when its node gets another role, and runs again when it is back',
  slow,
  async () => {
    const submitted = await onHead('cd /tmp && sbatch --parsable --requeue -o /dev/null --wrap "sleep 3600"');
    const job = submitted.split(';')[0] ?? '';
    await expect.poll(() => stateOfJob(job), { timeout: 60_000, interval: 1000 }).toBe('RUNNING');

    const away = await ofService(['node', 'role', 'node01', 'login', '--drain', 'requeue', '--wait']);
    expect([away.code, away.stdout]).toEqual([0, expect.stringMatching(/node01: done[^]*operation 1: done/)]);
    // Slurm reads its tables again when a node goes, and answers nobody meanwhile.
    await expect.poll(() => stateOfJob(job), { timeout: 60_000, interval: 1000 }).toBe('PENDING');
    expect(await slurmOf('node01')).toBe('');

    const back = await ofService(['node', 'role', 'node01', 'compute', '--drain', 'wait', '--wait']);
    expect([back.code, back.stdout]).toEqual([0, expect.stringContaining('operation 2: done')]);
    await expect.poll(() => stateOfJob(job), { timeout: 120_000, interval: 2000 }).toBe('RUNNING');
    await onHead(`scancel ${job}`);
  },
);

test('a service that is killed while a node boots finishes the operation when it is back', slow, async () => {
  const begun = await ofService([
    'node',
    'set',
    'node01',
    '--role',
    'login',
    '--drain',
    'force',
    '--drain-deadline',
    '5s',
  ]);
  expect(begun.stdout).toContain('operation 3 has begun');
  const step = async () => (await operation('3')).nodes[0]?.steps.at(-1)?.step;
  await expect.poll(step, { timeout: operationMs, interval: 1000 }).toBe('boot');
  const running = await processesWith(path.join(dir, 'run'));
  const service = running.find(({ commandLine }) => commandLine.includes('serve'));
  process.kill(service?.pid ?? -1, 'SIGKILL');

  const watched = () => ofService(['operation', 'watch', '3']);
  await expect.poll(async () => (await watched()).code, { timeout: operationMs, interval: 5000 }).toBe(0);
  expect((await operation('3')).nodes).toMatchObject([{ node: 'node01', result: 'done' }]);
  expect((await ofService(['node', 'role', 'node01', 'compute', '--drain', 'wait', '--wait'])).code).toBe(0);
  expect(await slurmOf('node01')).toBe('idle');
});

test('a role whose service does not start is taken back by itself, and says why', slow, async () => {
  const file = path.join(dir, 'cluster.yaml');
  const before = await readFile(file, 'utf8');
  const login = /^ {2}login:\n(?: {4}.*\n)+/m.exec(before)?.[0] ?? '';
  const broken = login
    .replace('login:', 'broken:')
    .replace(/ready: .*/, 'ready: [no-such-thing]')
    .replace(/deadline: .*/, 'deadline: 4m');
  await writeFile(file, before.replace(login, login + broken));
  await expect
    .poll(async () => (await ofService(['role', 'list', '-o', 'name'])).stdout, { timeout: 30_000 })
    .toContain('broken');

  const tried = await ofService(['node', 'role', 'node01', 'broken', '--drain', 'wait', '--wait']);

  expect([tried.code, tried.stderr]).toEqual([
    1,
    expect.stringMatching(/operation 5: failed: node01: .*no-such-thing/),
  ]);
  expect((await operation('5')).nodes).toMatchObject([{ node: 'node01', result: 'fell-back', from: 'compute' }]);
  expect((await ofService(['node', 'list', 'node01', '-o', 'json'])).stdout).toContain('"role": "compute"');
  expect(await slurmOf('node01')).toBe('idle');
  const again = await ofService(['node', 'role', 'node01', 'broken', '--drain', 'wait']);
  expect([again.code, again.stderr]).toEqual([
    1,
    expect.stringContaining('node01 did not come up as broken in operation 5'),
  ]);
});
