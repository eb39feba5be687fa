/** Builds by the API of the whole service: a real image, one at a time, stopped, and cut off by kill -9. */
import { readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, expect, test } from 'vitest';

import type { ShownBuild } from '../../src/api/schemas/image-build.ts';
import { request, requestOk } from '../../src/cli/api-client.ts';
import { exitCode } from '../../src/cli/explain.ts';
import { startTimeOf } from '../../src/host/start-time.ts';
import type { NamespaceProgram } from '../support/namespaces.ts';
import { ServeFixture } from '../support/serve-fixture.ts';
import { changeBase, makeTinyImage, type TinyImage } from '../support/tiny-image.ts';

const site = new ServeFixture();
let service: NamespaceProgram;
let image: TinyImage;
let setup = '';
const seconds = 100_000 + process.pid;
const patience = { timeout: 60_000, interval: 100 };

beforeAll(async () => {
  await site.open();
  image = await makeTinyImage(path.join(site.dir, 'etc/images'), 'tiny');
  await changeBase(image, 'one');
  setup = await readFile(path.join(image.folder, 'setup.sh'), 'utf8');
  service = await site.serve();
}, 120_000);
afterAll(() => site.close(), 60_000);

async function begin(): Promise<string> {
  const answer = await requestOk(site.socket, 'POST', '/images/tiny:build', {});
  if (answer.kind !== 'answer') throw new Error('no service');
  expect(answer.status).toBe(202);
  return (answer.body as { operation: string }).operation;
}

async function shown(id: string): Promise<ShownBuild> {
  const answer = await requestOk(site.socket, 'GET', `/operations/${id}`);
  if (answer.kind !== 'answer') throw new Error('no service');
  return answer.body as ShownBuild;
}

const versions = () => readdir(path.join(site.dir, 'state/exports/images/tiny')).catch(() => []);

test('what it would do is told, and nothing is begun', { timeout: 60_000 }, async () => {
  const ask = (name: string, body = {}) => request(site.socket, 'POST', `/images/${name}:build?dryRun=true`, body);

  expect(await ask('tiny')).toMatchObject({
    status: 200,
    body: { dryRun: true, image: 'tiny', plan: expect.arrayContaining([expect.stringMatching(/tools/)]) },
  });
  expect(await ask('tinny')).toMatchObject({
    status: 404,
    body: { title: 'there is no image tinny to build; did you mean tiny?' },
  });
  expect(await ask('absent', { packages: 'offline' })).toMatchObject({
    status: 409,
    body: { title: expect.stringContaining('absent cannot be built offline') },
  });
  expect(await versions()).toEqual([]);
  expect(await requestOk(site.socket, 'GET', '/operations')).toMatchObject({ body: [] });
});

/** From now on the script of its layer does not end, and leaves its number where we find it. */
async function makeSlow(marker: string): Promise<void> {
  await writeFile(path.join(image.folder, 'setup.sh'), `${setup}echo ${marker}\n/usr/bin/busybox sleep ${seconds}\n`);
}

/** The program of the layer, while it runs: nobody else's sleeps so long. */
async function sleepers(): Promise<number[]> {
  const found: number[] = [];
  for (const name of await readdir('/proc')) {
    const argv = /^\d+$/.test(name) ? await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '') : '';
    if (argv === `/usr/bin/busybox\0sleep\x00${seconds}\0`) found.push(Number(name));
  }
  return found;
}

test(
  'an image is built, step by step, and offered; a second build meanwhile is refused',
  { timeout: 120_000 },
  async () => {
    const id = await begin();
    const second = await request(site.socket, 'POST', '/images/tiny:build', {});
    expect(second).toMatchObject({
      status: 409,
      body: { title: `operation ${id} builds tiny, and there is one build at a time` },
    });

    await expect.poll(async () => (await shown(id)).state, patience).toBe('done');
    const build = await shown(id);

    expect(build).toMatchObject({
      kind: 'image-build',
      by: 'socket',
      reason: expect.stringMatching(/^published tiny@/),
    });
    expect(build.steps.length).toBeGreaterThan(3);
    expect(build.steps.every(({ endedAtMs }) => endedAtMs !== undefined)).toBe(true);
    await expect
      .poll(async () => (await requestOk(site.socket, 'GET', '/images')) as { body?: unknown }, patience)
      .toMatchObject({ body: expect.arrayContaining([expect.objectContaining({ name: 'tiny' })]) });
    expect(await site.command('operation', 'show', id)).toMatch(/result: +published tiny@/);
    expect(await site.command('operation', 'list')).toMatch(new RegExp(`^${id} +build of tiny +done`, 'm'));
    const again = await begin();
    await expect.poll(async () => (await shown(again)).state, patience).toBe('done');
    expect(await shown(again)).toMatchObject({ steps: [], reason: expect.stringMatching(/^nothing to do: tiny@/) });
  },
);

test('one that is stopped leaves no program, no version and no folder', { timeout: 120_000 }, async () => {
  const before = await versions();
  await makeSlow('two');
  const id = await begin();
  await expect.poll(sleepers, patience).not.toEqual([]);

  expect(await site.command('operation', 'cancel', id)).toContain(`operation ${id} stops`);
  await expect.poll(async () => (await shown(id)).state, patience).toBe('cancelled');

  await expect.poll(sleepers, patience).toEqual([]);
  expect(await versions()).toEqual(before);
  expect((await readdir(path.join(site.dir, 'state'))).filter((name) => name.startsWith('build.'))).toEqual([]);
});

/** Where a service with several threads is killed, the kernel tells its build to end once for each that held it. */
test('one that is told to end twice leaves nothing either', { timeout: 120_000 }, async () => {
  const before = await versions();
  await makeSlow('twice');
  const build = site.net.start('storage', site.argv('build', 'tiny'));
  await expect.poll(sleepers, patience).not.toEqual([]);
  const children = await readFile(`/proc/${build.pid}/task/${build.pid}/children`, 'utf8');
  const shells = children.trim().split(' ').map(Number);
  expect(shells).toHaveLength(1);

  // It waits for the programs of the layer, which do not end yet.
  for (const shell of shells) process.kill(shell, 'SIGSTOP');
  for (const _ of [1, 2]) {
    build.signal('SIGTERM');
    await sleep(1000);
  }
  for (const shell of shells) process.kill(shell, 'SIGCONT');

  expect(await build.ended).toBe(exitCode.interrupted);
  expect(await versions()).toEqual(before);
  expect(await sleepers()).toEqual([]);
});

test(
  'kill -9 of the service: no program goes on, nothing is half-made, and the next service begins the build again',
  { timeout: 180_000 },
  async () => {
    const before = await versions();
    await makeSlow('three');
    const id = await begin();
    await expect.poll(sleepers, patience).not.toEqual([]);

    service.signal('SIGKILL');
    await service.ended;
    // Told by the kernel: no service is needed for it.
    await expect.poll(sleepers, patience).toEqual([]);
    await expect.poll(versions, patience).toEqual(before);
    await writeFile(path.join(image.folder, 'setup.sh'), `${setup}echo four > /etc/four\n`);
    service = await site.serve();
    await expect.poll(async () => (await shown(id)).state, patience).toBe('done');
    expect(await shown(id)).toMatchObject({ interruptions: 1, reason: expect.stringMatching(/^published tiny@/) });
    expect((await versions()).length).toBe(before.length + 1);
    expect(await site.command('image', 'verify', 'tiny')).not.toContain('wrong');
    expect(await startTimeOf(service.pid)).toBeDefined();
  },
);
