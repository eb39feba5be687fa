/** debian-lite built by an ordinary user is debian-lite as root builds it of the same lock, to the last byte and second. */
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import path from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { imagesDir, listVersions } from '../../src/host/image-store.ts';
import { indexFileName, readTreeIndex } from '../../src/host/index-file.ts';
import { run } from '../../src/host/process.ts';
import { compile, compiledProgram } from '../support/compiled.ts';
import { OrdinaryUser, ordinaryUid } from '../support/ordinary-user.ts';

const signal = AbortSignal.timeout(90 * 60_000);
const image = 'debian-lite';

let dir: string;
let rootState: string;
let userState: string;
let archive: string;
let said: string;

const newest = async (state: string) => (await listVersions(imagesDir(state), image))[0];
const entriesOf = async (state: string) => {
  const version = (await newest(state))?.version ?? '';
  return (await readTreeIndex(path.join(imagesDir(state), image, version, indexFileName)))?.entries;
};
const pi = (state: string, ...args: string[]): [string, ...string[]] => [
  process.execPath,
  compiledProgram,
  '--state',
  state,
  ...args,
];

beforeAll(async () => {
  await compile();
  dir = await mkdtemp('/var/tmp/pi-image-own-root-');
  await chmod(dir, 0o755);
  rootState = path.join(dir, 'root');
  await run(pi(rootState, 'build', image), { signal });
  const user = new OrdinaryUser(path.join(dir, 'user'));
  await user.make();
  userState = path.join(user.home, 'state');
  // The same packages: those of the lock, and for this machine.
  const kept = ['debs', 'locks'].map((name) => path.join(rootState, name));
  await run(['mkdir', userState], { signal });
  await run(['cp', '-a', '--reflink=auto', ...kept, userState], { signal });
  await run(['chown', '-R', `${ordinaryUid}:${ordinaryUid}`, userState], { signal });
  const { code, stdout, stderr } = await user.run(pi(userState, 'build', image), 60 * 60_000);
  if (code !== 0) throw new Error(stderr);
  said = stderr;
  archive = /image import (\S+)/.exec(stdout)?.[1] ?? '';
});

afterAll(() => rm(dir, { recursive: true, force: true }));

test('both builds have made the same tree and the same boot files', async () => {
  expect(said).not.toContain('everything is emulated');
  const [own, theirs] = [await entriesOf(rootState), await entriesOf(userState)];
  expect(own?.length).toBeGreaterThan(10_000);
  const known = new Map(own?.map((entry) => [entry.path, JSON.stringify(entry)]));
  expect(theirs?.filter((entry) => known.get(entry.path) !== JSON.stringify(entry))).toEqual([]);
  expect((await newest(userState))?.index).toBe((await newest(rootState))?.index);
  expect((await newest(userState))?.bootFiles).toEqual((await newest(rootState))?.bootFiles);
  expect((await newest(userState))?.key).toBe((await newest(rootState))?.key);
});

test('what root publishes of it is the same still', async () => {
  const system = path.join(dir, 'system');
  await run(pi(system, 'image', 'import', archive), { signal });
  expect((await newest(system))?.index).toBe((await newest(rootState))?.index);
  expect(await readdir(path.join(imagesDir(system), image))).toHaveLength(1);
});

test('a build of root in the store that has it makes the layers anew, and numbers nobody otherwise', async () => {
  const system = path.join(dir, 'system');
  await run(pi(system, 'build', image), { signal });
  const [own, imported] = await listVersions(imagesDir(system), image);
  for (const part of ['users', 'groups', 'packages', 'layers', 'kernels', 'bootFiles'] as const) {
    expect(own?.[part]).toEqual(imported?.[part]);
  }
});
