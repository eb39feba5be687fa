/** What an ordinary user has built without root is found without --state, as far as the service has no image of that name. */
import path from 'node:path';

import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { systemState, type CliContext } from '../../src/cli/context.ts';
import { describeOwnImages, whereImageIs } from '../../src/cli/own-root.ts';
import { emptySite, runHere, type TestSite } from '../support/command-line.ts';
import { sampleManifest } from '../support/sample-view.ts';

let site: TestSite;
const own = () => path.join(site.dir, 'pi-image');

beforeEach(async () => {
  site = await emptySite();
  vi.stubEnv('XDG_CACHE_HOME', site.dir);
  vi.spyOn(process, 'getuid').mockReturnValue(4242);
  await publish('pi-image', 'tried');
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

const publish = (state: string, name: string) =>
  site.write(`${state}/exports/images/${name}/1/manifest.json`, JSON.stringify(sampleManifest({ name, version: '1' })));

const user = (...args: string[]) => runHere(['--config', `${site.dir}/cluster.yaml`, ...args]);

test.each<[string, string[], string]>([
  ['list', ['image', 'list', 'tried', '-o', 'name'], 'tried@1\n'],
  ['show', ['image', 'show', 'tried', '-o', 'json'], '"name": "tried"'],
  ['sbom', ['image', 'sbom', 'tried', '-o', 'name'], '='],
])('image %s finds it', async (_, args, wanted) => {
  const { code, out, err } = await user(...args);
  expect([code, err]).toEqual([0, '']);
  expect(out).toContain(wanted);
});

test.each([
  ['why', '/etc/motd'],
  ['diff', 'tried'],
])('image %s finds it, and says what it lacks', async (verb, argument) => {
  const { out, err } = await user('image', verb, 'tried', argument);
  expect(out + err).toMatch(/has no index|had indexes/);
});

const contextOf = (state: string) => ({ paths: () => ({ state }) }) as CliContext;
const stateOf = (context: CliContext, reference?: string) => whereImageIs(context, reference).paths().state;

test("what the service has is the service's, and a --state is taken at its word", async () => {
  expect(stateOf(contextOf(systemState), 'tried@1')).toBe(own());
  expect(stateOf(contextOf(systemState), 'other')).toBe(systemState);
  const given = path.join(site.dir, 'state');
  expect(stateOf(contextOf(given), 'tried')).toBe(given);
  await publish('state', 'other');
  expect(stateOf(contextOf(given))).toBe(given);
});

test('root reads the state of the service', () => {
  vi.spyOn(process, 'getuid').mockReturnValue(0);
  expect(stateOf(contextOf(systemState), 'tried')).toBe(systemState);
});

test('who is shown other images hears where his are', () => {
  expect(describeOwnImages(contextOf(systemState))).toBe(
    `what you have built is in ${own()}: pi-image --state ${own()} image list\n`,
  );
  expect(describeOwnImages(contextOf(own()))).toBe('');
});
