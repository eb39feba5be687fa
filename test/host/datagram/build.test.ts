/** The addon compiles without a warning, and is not missed where it cannot be compiled. */
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { loadNative } from '../../../src/host/datagram/native.ts';
import { run } from '../../../src/host/process.ts';

const project = path.resolve(import.meta.dirname, '../../..');
const script = path.join(project, 'src/host/datagram/build.sh');

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'datagram-'));
});
afterEach(() => rm(dir, { recursive: true }));

function build(env: Readonly<Record<string, string>>): Promise<string> {
  return run(['sh', script, dir], { signal: AbortSignal.timeout(60_000), env });
}

const built = () => path.join(dir, `linux-${process.arch}`, 'datagram.node');

test('it compiles without a warning, and loads', async () => {
  const said = await build({
    DATAGRAM_CFLAGS: '-Wconversion -Wshadow -Wstrict-prototypes -Werror',
  });

  expect(said).toBe(`pi-image: datagram addon compiled for linux-${process.arch}\n`);
  expect(loadNative(built()).interfaceIndex('lo')).toBeGreaterThan(0);
});

test('a machine without a compiler gets the plain path, in one line', async () => {
  const said = await build({ CC: path.join(dir, 'no-compiler') });

  expect(said).toBe(
    "pi-image: no datagram addon (no C compiler: apt-get install gcc): the service uses Node's own sockets, which serve as well with more CPU time\n",
  );
  expect(await readdir(dir)).toEqual([]);
});

test('a compiler that fails leaves nothing, and breaks no installation', async () => {
  const said = await build({ CC: 'false' });

  expect(said).toContain('no datagram addon (it does not compile here)');
  expect(await readdir(path.dirname(built()))).toEqual([]);
});

test('a library that is not there, or of another version, says what to do', async () => {
  const other = path.join(dir, 'other.cjs');
  await writeFile(other, 'exports.version = 0;');
  const hint = 'Run "npm run install" in the folder of pi-image: it says what is missing.';

  expect(() => loadNative(built())).toThrow(
    expect.objectContaining({ message: `cannot load ${built()}`, hint }) as Error,
  );
  expect(() => loadNative(other)).toThrow(
    expect.objectContaining({ message: `${other} is of another version of pi-image`, hint }) as Error,
  );
});
