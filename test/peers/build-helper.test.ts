/** Builds by the API of a service that is not root: its helper runs them, tells what they say, and ends them with whoever asked. */
import { readFile, readdir, rename, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import type { ShownBuild } from '../../src/api/schemas/image-build.ts';
import { request, requestOk } from '../../src/cli/api-client.ts';
import type { NamespaceProgram } from '../support/namespaces.ts';
import { ServeFixture } from '../support/serve-fixture.ts';
import { SplitService } from '../support/split-service.ts';
import { changeBase, makeTinyImage, type TinyImage } from '../support/tiny-image.ts';

const site = new ServeFixture();
const split = new SplitService(site);
let service: NamespaceProgram;
let helper: NamespaceProgram;
let image: TinyImage;
const seconds = 200_000 + process.pid;
const patience = { timeout: 60_000, interval: 100 };

beforeAll(async () => {
  await site.open();
  await split.prepare();
  image = await makeTinyImage(path.join(site.dir, 'etc/images'), 'tiny');
  await changeBase(image, 'one');
  // The NFS server is a unit of its own.
  await (await site.serve('--no-time')).stop();
  await split.giveState();
  helper = await split.startWholeHelper();
  service = await split.startService('--no-time');
  await service.line(/part\.ready part=dhcp/);
}, 120_000);
afterAll(() => site.close(), 60_000);

async function begin(): Promise<string> {
  const answer = await requestOk(site.socket, 'POST', '/images/tiny:build', {});
  if (answer.kind !== 'answer') throw new Error('no service');
  return (answer.body as { operation: string }).operation;
}

async function shown(id: string): Promise<ShownBuild> {
  const answer = await requestOk(site.socket, 'GET', `/operations/${id}`);
  if (answer.kind !== 'answer') throw new Error('no service');
  return answer.body as ShownBuild;
}

const stateOf = async (id: string) => (await shown(id)).state;

/** Whether the program of the layer runs: nobody else's sleeps so long. */
async function isAsleep(): Promise<boolean> {
  for (const name of await readdir('/proc')) {
    const argv = /^\d+$/.test(name) ? await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '') : '';
    if (argv === `/usr/bin/busybox\0sleep\x00${seconds}\0`) return true;
  }
  return false;
}

test('what a build would do is asked for, and then done, as root', { timeout: 120_000 }, async () => {
  const planned = await request(site.socket, 'POST', '/images/tiny:build?dryRun=true', {});
  expect(planned).toMatchObject({ status: 200, body: { dryRun: true, image: 'tiny' } });

  const id = await begin();
  await expect.poll(() => stateOf(id), patience).toBe('done');

  const build = await shown(id);
  expect(build).toMatchObject({ reason: expect.stringMatching(/^published tiny@/) as string });
  expect(build.steps.length).toBeGreaterThan(3);
  const images = path.join(site.dir, 'state/exports/images/tiny');
  const [version = ''] = await readdir(images);
  expect((await stat(path.join(images, version, 'manifest.json'))).uid).toBe(0);
  await helper.line(/helper\.done act=build image=tiny .*isPlan=false/);
});

test('one that fails says why', async () => {
  const script = path.join(image.folder, 'setup.sh');
  await rename(script, `${script}.away`);
  const id = await begin();
  await expect.poll(() => stateOf(id), patience).toBe('failed');

  expect((await shown(id)).reason).toContain('setup.sh');
  await rename(`${script}.away`, script);
});

test('one that is stopped, or whose service is killed, leaves no program', { timeout: 120_000 }, async () => {
  const setup = await readFile(path.join(image.folder, 'setup.sh'), 'utf8');
  await writeFile(path.join(image.folder, 'setup.sh'), `${setup}/usr/bin/busybox sleep ${seconds}\n`);
  const stopped = await begin();
  await expect.poll(isAsleep, patience).toBe(true);
  await site.command('operation', 'cancel', stopped);
  await expect.poll(() => stateOf(stopped), patience).toBe('cancelled');
  await expect.poll(isAsleep, patience).toBe(false);

  await begin();
  await expect.poll(isAsleep, patience).toBe(true);
  service.signal('SIGKILL');
  await service.ended;

  await expect.poll(isAsleep, patience).toBe(false);
});
