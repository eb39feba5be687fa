/** What the service and the programs that it calls do, done while every system call fails that the unit's list leaves out. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { run, type Argv } from '../../src/host/process.ts';
import { systemCallsIn, withSystemCallsOf } from '../support/unit-limits.ts';

const project = path.resolve(import.meta.dirname, '../..');

let dir: string;
let unit: string;
beforeAll(async () => {
  unit = await readFile(path.join(project, 'boot/systemd/pi-image.service'), 'utf8');
  dir = await mkdtemp(path.join(tmpdir(), 'unit-calls-'));
  await mkdir(path.join(dir, 'tree'));
  await writeFile(path.join(dir, 'tree/file'), 'x');
  const chrony = ['local stratum 10', 'port 0', 'cmdport 0', 'bindcmdaddress /', `pidfile ${dir}/chrony.pid`, ''];
  await writeFile(path.join(dir, 'chrony.conf'), chrony.join('\n'));
});
afterAll(() => rm(dir, { recursive: true }));

const database = `
const file = new (require('better-sqlite3'))('database');
file.pragma('journal_mode = WAL');
file.pragma('synchronous = FULL');
file.exec('CREATE TABLE a (b); INSERT INTO a VALUES (1)');
const server = require('node:http').createServer((_, response) => response.end('x')).listen(0, '127.0.0.1', async () => {
  await (await fetch('http://127.0.0.1:' + server.address().port)).text();
  server.close();
});
const socket = require('node:dgram').createSocket('udp4').bind(0, () => socket.close());
new (require('node:worker_threads').Worker)('0', { eval: true });
`;

/** Called on a storage node, in the folder of the test. */
const programs: readonly Argv[] = [
  [process.execPath, '-e', database],
  ['ip', '-json', 'address', 'show'],
  ['ss', '-Hlntup'],
  ['flock', '--timeout', '1', 'tree', 'true'],
  ['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', 'key'],
  ['ssh', '-V'],
  ['nice', '-n', '10', 'mksquashfs', 'tree', 'tree.squashfs', '-quiet', '-no-progress'],
  ['cp', '--archive', '--reflink=auto', 'tree/file', 'copy'],
  ['sync', '--file-system', 'tree'],
  ['mkfs.fat', '-C', 'boot.img', '4096'],
  ['mcopy', '-i', 'boot.img', 'tree/file', '::file'],
  ['chronyd', '-d', '-x', '-u', 'root', '-t', '1', '-f', 'chrony.conf'],
  ['chronyd', '-d', '-x', '-U', '-u', 'root', '-t', '1', '-f', 'chrony.conf'],
];

/** V8 asks for keys of memory pages; SQLite and ssh set what is so already when root runs them. All do without. */
const doneWithout: ReadonlySet<string> = new Set(['pkey_alloc', 'fchown', 'setresuid']);

test.each(programs.map((argv) => [argv.slice(0, 2).join(' ').slice(0, 40), argv] as const))(
  '%s',
  async (_name, argv) => {
    const refused = path.join(dir, 'refused');

    const limited = await withSystemCallsOf(unit, refused, argv);
    await run(limited, {
      cwd: dir,
      env: { NODE_PATH: path.join(project, 'node_modules') },
      signal: AbortSignal.timeout(60_000),
    });

    const calls = [...systemCallsIn(await readFile(refused, 'latin1'))];
    expect(calls.filter((name) => !doneWithout.has(name))).toEqual([]);
  },
);

test('what the list leaves out fails, as in the unit', async () => {
  const argv = ['chown', '0:0', path.join(dir, 'tree/file')] as const;

  const limited = await withSystemCallsOf(unit, path.join(dir, 'refused'), argv);

  await expect(run(limited, { signal: AbortSignal.timeout(60_000) })).rejects.toThrow('Operation not permitted');
});
