/** "pi-image --server URL build": the service is asked, and followed; what stands in files there is not said from here. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';

import { expect, test } from 'vitest';

import { shownBuildExample } from '../../src/api/schemas/image-build.ts';
import { emptySite } from '../support/command-line.ts';
import { fakeApi, fakeTag } from '../support/fake-actions.ts';
import { loopbackApi } from '../support/loopback-api.ts';

async function remote(ended: object = { state: 'done', reason: 'published debian-lite@20261122.1', endedAtMs: 1 }) {
  const site = await emptySite();
  const operation = () => ({ answer: { ...shownBuildExample, ...ended } as never, etag: fakeTag });
  const { actions, changes } = fakeApi({ operation });
  const { port } = await loopbackApi(actions);
  const file = path.join(site.dir, 'token');
  await writeFile(file, 'operate\n');
  const options = ['--server', `http://127.0.0.1:${port}`, '--token-file', file];
  return { changes, build: (...args: string[]) => site.run(...options, 'build', 'debian-lite', ...args) };
}

test('it is begun, and followed to its end', async () => {
  const { build, changes } = await remote();

  const { code, out } = await build('--update', '--squash');

  expect(code).toBe(0);
  expect(out).toMatch(/^operation 14 builds debian-lite\n/);
  expect(out).toContain('[2/8] packages of cluster');
  expect(out).toMatch(/operation 14: done: published debian-lite@20261122\.1\n$/);
  expect(changes).toMatchObject([{ sent: [{ image: 'debian-lite', packages: 'update', squash: true }] }]);
});

test('with -o json the operation that has ended is the only document', async () => {
  const { build } = await remote();

  const { code, out, err } = await build('-o', 'json');

  expect({ code, err }).toEqual({ code: 0, err: 'operation 14 builds debian-lite\n' });
  expect(JSON.parse(out)).toMatchObject({ id: shownBuildExample.id, state: 'done' });
});

test('one that fails there fails here', async () => {
  const { build } = await remote({ state: 'failed', reason: 'no room', endedAtMs: 1 });

  expect(await build()).toMatchObject({ code: 1, err: expect.stringContaining('operation 14: failed: no room') });
});

test.each<[string[], string]>([
  [[], 'kept'],
  [['--offline'], 'offline'],
  [['--anew'], 'anew'],
])('%j asks for packages: %s', async (flags, packages) => {
  const { build, changes } = await remote();
  await build(...flags);

  expect(changes).toMatchObject([{ sent: [{ packages, squash: false }], options: { dryRun: false } }]);
});

test('--plan is a dry run', async () => {
  const { build, changes } = await remote();

  expect(await build('--plan')).toMatchObject({ code: 0, out: '' });
  expect(changes).toMatchObject([{ options: { dryRun: true } }]);
});

test.each([
  [['--mirror', 'debian=http://127.0.0.1/debian'], '--mirror cannot be said to --server'],
  [['--engine', 'plain', '--explain'], '--engine and --explain cannot be said to --server'],
])('%j is refused, and nothing is asked', async (flags, message) => {
  const { build, changes } = await remote();

  expect(await build(...flags)).toMatchObject({ code: 2, err: expect.stringContaining(message) });
  expect(changes).toEqual([]);
});
