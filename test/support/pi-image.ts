/** The command line as a process, and what a rack of it has left on the machine. For tests that need root. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

import { loopFileSystems } from '../../src/cli/exports-apart.ts';
import { ensureLoopFileSystem } from '../../src/host/loop-file-system.ts';

const project = path.resolve(import.meta.dirname, '../..');
const main = path.join(project, 'src/cli/main.ts');
const nodeArgs = ['--import', path.join(project, 'node_modules/tsx/dist/esm/index.mjs'), main];

/** Shared by all tests and the demo, so that the image is built once. */
export const demoDir = '/var/tmp/pi-image-demo';
/** Another one that holds debian-lite already saves a cold build while a test is being written. */
export const imageState = process.env['PI_IMAGE_TEST_STATE'] ?? path.join(demoDir, 'state');

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Never throws: the exit code is part of what is tested. */
export async function piImage(args: readonly string[], timeoutMs = 120_000): Promise<Ended> {
  try {
    const options = { timeout: timeoutMs, maxBuffer: 1 << 28, cwd: project };
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [...nodeArgs, ...args], options);
    return { code: 0, stdout, stderr };
  } catch (error) {
    const { code, stdout, stderr, signal } = error as {
      code?: unknown;
      stdout?: string;
      stderr?: string;
      signal?: string;
    };
    if (stdout === undefined) throw error;
    return { code: typeof code === 'number' ? code : -1, stdout, stderr: `${stderr ?? ''}${signal ?? ''}` };
  }
}

/** @returns what it printed; throws with its complaint where it fails */
export async function piImageWorks(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await piImage(args);
  if (code !== 0) throw new Error(stderr);
  return stdout;
}

export function startPiImage(args: readonly string[], stdin: 'ignore' | 'pipe' = 'ignore'): ChildProcess {
  return spawn(process.execPath, [...nodeArgs, ...args], { cwd: project, stdio: [stdin, 'pipe', 'pipe'] });
}

/** Racks serve images from a file system of their own only. It stays mounted for the next test. */
export async function openStore(state: string): Promise<void> {
  const { exports } = loopFileSystems(state);
  const store = { ...exports, sizeBytes: 16 * 2 ** 30, isReserved: false };
  await ensureLoopFileSystem(store, AbortSignal.timeout(10 * 60_000));
}

/** Builds the image that racks boot; done at once when nothing has changed. */
export async function buildImage(): Promise<void> {
  await openStore(imageState);
  const { code, stderr } = await piImage(['--state', imageState, 'build', 'debian-lite'], 40 * 60_000);
  if (code !== 0) throw new Error(`the image could not be built\n${stderr}`);
}

export interface MachineProcess {
  readonly pid: number;
  readonly commandLine: readonly string[];
}

/** Processes, in whatever namespace, that have `word` in an argument. */
export async function processesWith(word: string): Promise<MachineProcess[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const all = await Promise.all(
    pids.map(async (pid) => {
      const text = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
      return { pid, commandLine: text.split('\0') };
    }),
  );
  return all.filter(({ pid, commandLine }) => pid !== process.pid && commandLine.some((each) => each.includes(word)));
}

/** Interfaces, named namespaces and mounts that a rack in `dir` makes in its own namespaces and never outside of them. */
export async function tracesOf(dir: string): Promise<string[]> {
  const links = await promisify(execFile)('ip', ['-o', '-br', 'link']);
  const named = await readdir('/run/netns').catch(() => []);
  const mounts = await readFile('/proc/self/mounts', 'utf8');
  return [
    ...links.stdout.split('\n').filter((line) => /^(?:switch|storage0|boards0|tap\d+|fw\d+)\b/.test(line)),
    ...named.filter((name) => /^(?:storage|boards|board\d+)$/.test(name)),
    ...mounts.split('\n').filter((line) => line.includes(dir)),
  ];
}
