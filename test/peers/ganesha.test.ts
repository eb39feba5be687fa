/** The real ganesha exports what it is told to whom it is told, and takes changes while it runs. */
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import type { Exporter } from '../../src/host/nfs/exporter.ts';
import { ganeshaExporter, ganeshaFiles } from '../../src/host/nfs/ganesha.ts';
import { run } from '../../src/host/process.ts';
import type { NfsExport } from '../../src/model/export.ts';
import { ipv4FromNumber, ipv4ToNumber, parseIpv4, type Ipv4Address } from '../../src/model/ipv4.ts';
import { renderGaneshaConfig } from '../../src/plan/nfs-config.ts';

const here = parseIpv4('127.0.0.1');
/** Below those that the kernel gives to programs which ask for any: other tests run beside this one. */
const port = 20_049;
const signal = AbortSignal.timeout(600_000);

let dir: string;
let exporter: Exporter;
beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'ganesha-'));
  await chmod(dir, 0o755);
  exporter = newExporter();
});
afterEach(async () => {
  await exporter.stop(signal);
  await rm(dir, { recursive: true });
});

/** As another run of the service makes it. */
function newExporter(listenPort = port): Exporter {
  const { recovery } = ganeshaFiles(path.join(dir, 'nfs'));
  return ganeshaExporter({
    dir: path.join(dir, 'nfs'),
    pidFile: path.join(dir, 'run', 'ganesha.pid'),
    render: (exports) => renderGaneshaConfig({ address: here, port: listenPort, recoveryDir: recovery }, exports),
  });
}

async function tree(id: number, name: string, changes: Partial<NfsExport> = {}): Promise<NfsExport> {
  const folder = path.join(dir, name);
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, 'file'), `${name}\n`);
  return { id, path: folder, pseudo: `/images/${name}`, access: 'read-only', clients: [here], ...changes };
}

const url = (pseudo: string, of = port) => `nfs://127.0.0.1${pseudo}?version=4&nfsport=${of}`;
const read = (pseudo: string, of = port) =>
  run(['nfs-cat', url(`${pseudo}/file`, of)], { signal }).catch((error: Error) => `failed: ${error.message}`);
const pid = async () => (await readFile(path.join(dir, 'run', 'ganesha.pid'), 'utf8')).trim();

test('trees come and go while others are read, in one process', async () => {
  const [one, two] = [await tree(1, 'one'), await tree(2, 'two')];
  await exporter.apply([one], signal);
  expect(await read('/images/one')).toBe('one\n');
  expect(await read('/images/two')).toContain('NFS4ERR_NOENT');
  const before = await pid();

  await exporter.apply([one, two], signal);
  expect(await read('/images/two')).toBe('two\n');

  await exporter.apply([two], signal);
  expect(await read('/images/one')).toContain('NFS4ERR_NOENT');
  expect(await read('/images/two')).toBe('two\n');
  expect(await pid()).toBe(before);
});

test('a tree is seen by its clients alone, also after they changed', async () => {
  const stranger = parseIpv4('192.0.2.1');
  await exporter.apply([await tree(1, 'one', { clients: [stranger] })], signal);
  expect(await read('/images/one')).toContain('NFS4ERR_NOENT');

  await exporter.apply([await tree(1, 'one', { clients: [stranger, here] })], signal);
  expect(await read('/images/one')).toBe('one\n');

  await exporter.apply([await tree(1, 'one', { clients: [stranger] })], signal);
  expect(await read('/images/one')).toMatch(/^failed/);
});

test('a thousand clients fit', async () => {
  const first = ipv4ToNumber(parseIpv4('10.42.0.1'));
  const many = Array.from({ length: 1000 }, (_, index): Ipv4Address => ipv4FromNumber(first + index));
  await exporter.apply([await tree(1, 'one', { clients: [...many, here] })], signal);

  expect(await read('/images/one')).toBe('one\n');
});

test('a read-only tree takes no file, a share takes one with its owner', async () => {
  await exporter.apply([await tree(1, 'image'), await tree(2, 'share', { access: 'read-write' })], signal);
  const file = path.join(dir, 'new');
  await writeFile(file, 'new\n');
  const copy = (pseudo: string) =>
    run(['nfs-cp', file, url(`${pseudo}/new`)], { signal }).then(
      () => 'written',
      () => 'refused',
    );

  expect(await copy('/images/image')).toBe('refused');
  expect(await copy('/images/share')).toBe('written');
  expect(await readFile(path.join(dir, 'share', 'new'), 'utf8')).toBe('new\n');
});

test('another run of the service adopts the server, with a change that it missed', async () => {
  const [one, two] = [await tree(1, 'one'), await tree(2, 'two')];
  await exporter.apply([one], signal);
  const before = await pid();
  // Killed between the write and the signal.
  const { config, recovery } = ganeshaFiles(path.join(dir, 'nfs'));
  await writeFile(config, renderGaneshaConfig({ address: here, port, recoveryDir: recovery }, [one, two]));

  exporter = newExporter();
  expect(await exporter.status()).toMatchObject({ kind: 'running', detail: `process ${before}` });
  await exporter.apply([one, two], signal);

  expect(await pid()).toBe(before);
  expect(await read('/images/two')).toBe('two\n');
});

test('another port is taken by a server that begins anew', async () => {
  const one = await tree(1, 'one');
  await exporter.apply([one], signal);

  exporter = newExporter(port + 1);
  await exporter.apply([one], signal);

  expect(await read('/images/one', port + 1)).toBe('one\n');
  expect(await read('/images/one')).toMatch(/^failed/);
});

test('a tree that it refuses is told, and the others are served', async () => {
  const gone = { ...(await tree(2, 'two')), path: path.join(dir, 'gone') };

  await expect(exporter.apply([await tree(1, 'one'), gone], signal)).rejects.toThrow(/refuses.*[\s\S]*gone/);

  expect(await read('/images/one')).toBe('one\n');
});

test('a taken port is told with its cure', async () => {
  const other = ganeshaExporter({
    dir: path.join(dir, 'other'),
    pidFile: path.join(dir, 'other.pid'),
    render: (exports) => renderGaneshaConfig({ address: here, port, recoveryDir: path.join(dir, 'other') }, exports),
  });
  await other.apply([], signal);
  try {
    await expect(exporter.apply([], signal)).rejects.toMatchObject({
      message: expect.stringContaining('the port of NFS is taken'),
      hint: expect.stringContaining('ss -ltnp'),
    });
    expect(await exporter.status()).toMatchObject({ kind: 'stopped' });
  } finally {
    await other.stop(signal);
  }
});
