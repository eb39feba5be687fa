import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { expect, test } from 'vitest';

const project = path.resolve(import.meta.dirname, '../..');

/** Starts `sleep` as one of its own, and says which process that is. */
const owner = (options: string) => `
  import { readFileSync } from 'node:fs';
  import { run } from '${project}/src/host/process.ts';
  void run(['sleep', '1000'], { signal: new AbortController().signal, ${options} });
  process.stdout.write(readFileSync('/proc/self/task/' + process.pid + '/children', 'utf8').trim().split(' ').at(-1));
  setTimeout(() => undefined, 1e6);
`;

async function isGone(pid: number): Promise<boolean> {
  for (let round = 0; round < 100; round += 1, await sleep(20)) {
    try {
      process.kill(pid, 0);
    } catch {
      return true;
    }
  }
  return false;
}

test('a program that ends with us does so on SIGKILL too; another one goes on', async () => {
  const left = await Promise.all(
    ['endsWithUs: true', ''].map(async (options) => {
      const args = ['--import', `${project}/node_modules/tsx/dist/esm/index.mjs`, '--input-type=module', '--eval'];
      const child = spawn(process.execPath, [...args, owner(options)], { stdio: ['ignore', 'pipe', 'inherit'] });
      const [chunk] = (await once(child.stdout, 'data')) as [Buffer];
      const pid = Number(chunk.toString());
      expect(pid).toBeGreaterThan(1);
      // It becomes the program once setpriv has done its part.
      await sleep(300);
      child.kill('SIGKILL');
      if (options !== '') return isGone(pid);
      await once(child, 'exit');
      process.kill(pid, 'SIGKILL');
      return 'went on';
    }),
  );
  expect(left).toEqual([true, 'went on']);
});
