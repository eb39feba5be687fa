/**
 * Fuzzes every decoder, two at a time: main.ts [MINUTES [NAME…]]
 *
 * Each is a process of its own, so that one that hangs or eats the memory is ended and named. Ends with 1 when one broke
 * a promise.
 */
import { execFile } from 'node:child_process';
import path from 'node:path';

import { covered } from './covered.ts';

const sideBySide = 2;
const heapMiB = 512;
/** For loading, and for shortening what was found. */
const spareSeconds = 120;

const [minutes = '1', ...chosen] = process.argv.slice(2);
const seconds = Number(minutes) * 60;
const names = chosen.length > 0 ? chosen : Object.keys(covered);
const seed = Math.floor(Date.now() / 1000);

process.stdout.write(`${names.length} decoders, ${seconds} s each, seed ${seed}\n`);
const waiting = [...names];
const results = await Promise.all(Array.from({ length: sideBySide }, work));
process.exitCode = results.flat().includes(false) ? 1 : 0;

async function work(): Promise<boolean[]> {
  const done: boolean[] = [];
  for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) done.push(await fuzz(name));
  return done;
}

function fuzz(name: string): Promise<boolean> {
  const program = path.join(import.meta.dirname, 'fuzz-one.ts');
  const argv = [`--max-old-space-size=${heapMiB}`, '--import', 'tsx', program, name, String(seconds), String(seed)];
  return new Promise((resolve) => {
    const options = { timeout: (seconds + spareSeconds) * 1000, killSignal: 'SIGKILL' } as const;
    execFile(process.execPath, argv, options, (error, stdout, stderr) => {
      process.stdout.write(stdout);
      if (error !== null) process.stdout.write(`${name}: FAILED ${error.killed === true ? 'it hangs' : ''}\n${stderr}`);
      resolve(error === null);
    });
  });
}
