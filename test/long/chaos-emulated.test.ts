/**
 * kill -9 of a build of debian-lite while programs of arm64 run in the emulator: in mmdebstrap, in the fast way of making the
 * base, in a layer, and behind them. No process and no mount is left, nothing is shown, and the build that comes after all of
 * them makes what one makes that was never disturbed. Needs root.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { exportsDir, imagesDir, listVersions } from '../../src/host/image-store.ts';
import { run } from '../../src/host/process.ts';
import { sweepLeftovers } from '../../src/serve/sweep-store.ts';
import { compile, compiledProgram } from '../support/compiled.ts';
import { buildImage, imageState, processesWith } from '../support/pi-image.ts';

const image = 'debian-lite';
const signal = AbortSignal.timeout(3 * 3_600_000);

let dir: string;
let state: string;
let undisturbed: string;

const argv = (at: string, ...args: string[]): [string, ...string[]] => [
  process.execPath,
  compiledProgram,
  '--state',
  at,
  ...args,
];
const digest = async (at: string) => (await listVersions(imagesDir(at), image))[0]?.index;

beforeAll(async () => {
  await compile();
  await buildImage();
  dir = await mkdtemp('/var/tmp/chaos-emulated-');
  state = await newState('killed');
  undisturbed = await newState('undisturbed');
});
afterAll(() => rm(dir, { recursive: true, force: true }));

/** With the packages and the lock of the one that all tests share, and nothing that was made of them. */
async function newState(name: string): Promise<string> {
  const made = path.join(dir, name);
  await mkdir(made);
  const kept = ['debs', 'native'].map((folder) => path.join(imageState, folder));
  await run(['cp', '-a', '--reflink=auto', ...kept, made], { signal });
  await mkdir(path.join(made, 'locks'));
  await cp(path.join(imageState, 'locks', `${image}.json`), path.join(made, 'locks', `${image}.json`));
  return made;
}

/** Starts a build, and kills it when its log has such a line. @returns exit code and signal */
async function killAt(line: RegExp, ...flags: string[]): Promise<unknown[]> {
  const [node, ...args] = argv(state, 'build', image, ...flags);
  const log = path.join(state, 'builds', `${image}.log`);
  await rm(log, { force: true });
  const build = spawn(node, args, { stdio: 'ignore' });
  const ended = once(build, 'exit');
  while (build.exitCode === null && !line.test(await readFile(log, 'utf8').catch(() => ''))) await sleep(200);
  build.kill('SIGKILL');
  return ended;
}

/** Of all processes, whatever namespace they are in. */
async function mountsBelow(folder: string): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const tables = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/mounts`, 'utf8').catch(() => '')));
  return tables.flatMap((table) => table.split('\n')).filter((line) => line.includes(folder));
}

async function expectNothingLeft(): Promise<void> {
  await expect.poll(() => processesWith(state), { timeout: 30_000 }).toEqual([]);
  await expect.poll(() => mountsBelow(state), { timeout: 30_000 }).toEqual([]);
  expect(await listVersions(imagesDir(state), image)).toEqual([]);
  expect(await readdir(state)).toContain('build');
  const silent = { info: () => undefined, warn: () => undefined };
  await sweepLeftovers({ stateDir: state, imagesDir: imagesDir(state) }, silent);
  expect((await readdir(state)).filter((name) => name.startsWith('build.') || name === 'build')).toEqual([]);
  const folders = await readdir(path.join(exportsDir(state), 'images', image)).catch((): string[] => []);
  expect(folders).toEqual([]);
}

const emulated = ['--engine', 'plain'] as const;
/** What the log says -> flags. The base of the last ones is there when they begin. */
const moments = [
  ['mmdebstrap unpacks', /extracting archives/, emulated],
  ['mmdebstrap configures', /Setting up base-files /, emulated],
  ['the base is unpacked beside the emulator', /Unpacking tar /, []],
  ['the base is configured', /Setting up udev /, []],
  ['a layer is configured', /Setting up slurmd /, []],
  ['the initramfs is made', /initramfs8: \d+ bytes/, []],
] as const;

test.each(moments)('while %s', async (_, line, flags) => {
  expect(await killAt(line, ...flags)).toEqual([null, 'SIGKILL']);
  await expectNothingLeft();
});

test('the next build makes what one makes that was never disturbed', async () => {
  for (const at of [state, undisturbed]) await run(argv(at, 'build', image), { signal });
  expect(await digest(state)).toMatch(/^[0-9a-f]{64}$/);
  expect(await digest(state)).toBe(await digest(undisturbed));
  expect(await run(argv(state, 'image', 'verify', image), { signal })).toContain('as it was published');
});
