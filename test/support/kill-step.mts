/**
 * Loaded before the program by "node --import": knows whatever the program does to files and which programs it starts, and
 * ends it with SIGKILL at one of these places. What is being written then is half there.
 *   KILL_RECORD  file that gets a line for each call: its name and the places of the program that lead to it
 *   KILL_AT      such a line: the end comes at the first of them
 *   CLOCK_AHEAD  so many hours later it is for the program than it is
 */
import { lstatSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire, syncBuiltinESMExports } from 'node:module';
import path from 'node:path';

type Call = (this: unknown, ...args: unknown[]) => unknown;
type Calls = Record<string, Call>;

const load = createRequire(import.meta.url);
const files = load('node:fs') as Calls;
const promises = load('node:fs/promises') as Calls;
const programs = load('node:child_process') as Calls;
const ours = ['KILL_RECORD', 'KILL_AT', 'CLOCK_AHEAD'] as const;
const [recordFile, killAt, hoursAhead] = ours.map((name) => process.env[name]);
// Programs that it starts are none of ours.
for (const name of ours) delete process.env[name];
if (hoursAhead !== undefined) {
  const now = Date.now.bind(Date);
  Date.now = () => now() + Number(hoursAhead) * 3_600_000;
}

const seen: string[] = [];
/** Node's own functions call each other, and we call them. */
let isInside = false;

const die = () => process.kill(process.pid, 'SIGKILL');
const isInert = (file: unknown) => typeof file === 'string' && /^\/(?:dev|proc)\//.test(file);

/** The nearest three places of the program. */
function place(): string {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 40;
  const { stack = '' } = new Error('where');
  Error.stackTraceLimit = stackTraceLimit;
  const found = [...stack.matchAll(/\/dist\/([^\s)]+:\d+):\d+/g)].map(([, at]) => at);
  return found.slice(0, 3).join(' < ');
}

/** @returns whether it is the one */
function isDue(name: string): boolean {
  if (recordFile === undefined && killAt?.startsWith(`${name} `) !== true) return false;
  const at = `${name} ${place()}`;
  if (recordFile !== undefined) seen.push(`${at}\n`);
  return at === killAt;
}

/** What a kill in the middle of it leaves; the others are done or not. */
const halves: Readonly<Record<string, (args: readonly unknown[], self: unknown) => void>> = {
  writeFile: ([file, content], self) =>
    isHandle(self) ? writeHalf(self.fd, file as string) : writeHalf(file, content as string | Uint8Array),
  writeFileSync: ([file, content]) => writeHalf(file, content as string | Uint8Array),
  copyFile: ([from, to]) => writeHalf(to, readFileSync(from as string)),
  copyFileSync: ([from, to]) => writeHalf(to, readFileSync(from as string)),
  rm: ([file]) => removeHalf(file as string),
};

const isHandle = (self: unknown): self is { fd: number } =>
  typeof (self as { fd?: unknown } | undefined)?.fd === 'number';

function writeHalf(file: unknown, content: string | Uint8Array): void {
  writeFileSync(file as string | number, content.slice(0, content.length / 2));
}

function removeHalf(folder: string): void {
  if (lstatSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) return;
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const entries = names.filter((name) => !lstatSync(path.join(folder, name)).isDirectory());
  for (const name of entries.slice(0, Math.ceil(entries.length / 2))) rmSync(path.join(folder, name));
}

function wrap(of: Calls, name: string, isCounted: (args: readonly unknown[]) => boolean = () => true): void {
  const original = of[name];
  if (original === undefined) throw new Error(`node has no ${name}`);
  of[name] = function (...args) {
    if (isInside) return original.apply(this, args);
    isInside = true;
    try {
      if (!isInert(args[0]) && isCounted(args) && isDue(name)) {
        halves[name]?.(args, this);
        die();
      }
      return original.apply(this, args);
    } finally {
      isInside = false;
    }
  };
}

const both = ['writeFile', 'mkdir', 'rename', 'rm', 'rmdir', 'unlink', 'link', 'symlink', 'copyFile', 'chmod', 'chown'];
for (const name of [...both, 'appendFile', 'utimes', 'truncate', 'mkdtemp', 'cp']) wrap(promises, name);
for (const name of [...both, 'utimes', 'lutimes', 'lchown']) wrap(files, `${name}Sync`);
wrap(promises, 'open', ([, flags]) => flags !== undefined && flags !== 'r');

const handle = (await promises['open']?.('/dev/null', 'r')) as { close: () => Promise<void> };
const handles = Object.getPrototypeOf(handle) as Calls;
for (const name of ['write', 'writeFile', 'sync', 'truncate']) wrap(handles, name);
await handle.close();

const start = programs['spawn'];
programs['spawn'] = function (...args) {
  const isLast = isDue(`spawn:${String(args[0])}`);
  const child = start?.apply(this, args);
  if (isLast) {
    // Time for it to do half of its work.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 15);
    die();
  }
  return child;
};

if (recordFile !== undefined) process.on('exit', () => writeFileSync(recordFile, seen.join('')));
syncBuiltinESMExports();
