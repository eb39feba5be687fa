/**
 * A client that makes up NFS handles reaches all of the file system that an exported tree lies on, and nothing else. The
 * first is why images have one of their own; the second is what that is good for.
 */
import { chmod, mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import type { Exporter } from '../../src/host/nfs/exporter.ts';
import { ganeshaExporter, ganeshaFiles } from '../../src/host/nfs/ganesha.ts';
import { openDatabase } from '../../src/host/database/open.ts';
import { run } from '../../src/host/process.ts';
import { removeVersion } from '../../src/host/store-sweep.ts';
import type { NfsExport } from '../../src/model/export.ts';
import { parseIpv4 } from '../../src/model/ipv4.ts';
import { planExports, type RootUse } from '../../src/plan/exports.ts';
import { renderGaneshaConfig } from '../../src/plan/nfs-config.ts';
import { Nfs4Client, nfsOk } from '../support/nfs4-client.ts';
import { sampleView } from '../support/sample-view.ts';

const here = parseIpv4('127.0.0.1');
const stranger = parseIpv4('192.0.2.1');
const port = 42_061;
const signal = AbortSignal.timeout(110_000);

let dir: string;
let exporter: Exporter;
let client: Nfs4Client;
/** Two file systems: of the images, and of the state with its secrets. */
const at = (...parts: readonly string[]) => path.join(dir, ...parts);

beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'handles-'));
  await chmod(dir, 0o755);
  for (const name of ['exports', 'state']) await makeFileSystem(name);
  for (const folder of ['exports/images/one', 'exports/images/two', 'state/secrets', 'state/shown']) {
    await mkdir(at(folder), { recursive: true });
  }
  await writeFile(at('exports/images/one/file'), 'of the image\n');
  await writeFile(at('exports/images/two/file'), 'of another image\n', { mode: 0o600 });
  await writeFile(at('state/secrets/key'), 'SECRET\n', { mode: 0o600 });
  await writeFile(at('state/shown/file'), 'shown for a while\n');
  exporter = newExporter();
}, 60_000);

/** As another run of the service makes it. */
function newExporter(): Exporter {
  const { recovery } = ganeshaFiles(at('nfs'));
  return ganeshaExporter({
    dir: at('nfs'),
    pidFile: at('ganesha.pid'),
    render: (exports) => renderGaneshaConfig({ address: here, port, recoveryDir: recovery }, exports),
  });
}

afterAll(async () => {
  client.close();
  await exporter.stop(signal);
  for (const name of ['exports', 'state']) await run(['umount', '--lazy', at(name)], { signal });
  await rm(dir, { recursive: true });
}, 60_000);

async function makeFileSystem(name: string): Promise<void> {
  const image = at(`${name}.img`);
  await writeFile(image, '');
  await truncate(image, 16e6);
  await run(['mke2fs', '-q', '-t', 'ext4', '-F', image], { signal });
  await mkdir(at(name));
  await run(['mount', '-o', 'loop', image, at(name)], { signal });
}

const images: NfsExport = { id: 1, path: '', pseudo: '/images/one', access: 'read-only', clients: [here] };
const state: NfsExport = { id: 2, path: '', pseudo: '/state', access: 'read-only', clients: [here] };

/** name_to_handle_at(2): the file as the kernel names it, which whoever knows inode numbers can make up. */
async function kernelHandle(file: string): Promise<Buffer> {
  const number = process.arch === 'arm64' ? 264 : 303;
  const script = `my $h = pack("Ii", 128, 0) . ("\\0" x 128); my $m = pack("i", 0); my $f = $ARGV[0];
    syscall(${number}, -100, $f, $h, $m, 0) == 0 or die $!; print unpack("H*", substr($h, 8, unpack("I", $h)));`;
  return Buffer.from(await run(['perl', '-e', script, file], { signal }), 'hex');
}

/** The server's handle of one file, made to name another. */
async function forge(genuine: Buffer, of: string, victim: string): Promise<Buffer> {
  const [from, to] = await Promise.all([kernelHandle(of), kernelHandle(victim)]);
  const place = genuine.indexOf(from);
  expect(place).toBeGreaterThan(0);
  expect(to).toHaveLength(from.length);
  const forged = Buffer.from(genuine);
  to.copy(forged, place);
  return forged;
}

test('a forged handle reads a file beside the exported tree, and none of another file system', async () => {
  const exported = { ...images, path: at('exports/images/one') };
  const shown = { ...state, path: at('state/shown') };
  await exporter.apply([exported, shown], signal);
  client = await Nfs4Client.open(here, port);
  const genuine = await client.lookUp('/images/one/file');
  const ofState = await client.lookUp('/state/file');
  expect(await client.read(genuine)).toEqual({ status: nfsOk, text: 'of the image\n' });
  await exporter.apply([exported, { ...shown, clients: [stranger] }], signal);

  // The whole file system is open: so nothing else may lie there.
  const beside = await forge(genuine, at('exports/images/one/file'), at('exports/images/two/file'));
  expect(await client.read(beside)).toEqual({ status: nfsOk, text: 'of another image\n' });

  const victims = {
    'a file of the other, by number': await forge(genuine, at('exports/images/one/file'), at('state/secrets/key')),
    'a handle that was good once': ofState,
    'a secret beside it': await forge(ofState, at('state/shown/file'), at('state/secrets/key')),
    'a secret, under the export that is ours': withExportOf(
      genuine,
      await forge(ofState, at('state/shown/file'), at('state/secrets/key')),
    ),
  };
  for (const [what, handle] of Object.entries(victims)) {
    const { status, text } = await client.read(handle);
    expect({ what, isRefused: status !== nfsOk, text }).toEqual({ what, isRefused: true, text: '' });
  }
});

test('a client goes on with its handle after restarts, 50 more exports and a clean-up', async () => {
  const dirs = { imagesDir: at('exports/images'), squashDir: at('exports/squash'), persistentDir: at('persistent') };
  const version = (number: number) => `20261121.${number}`;
  const uses = (numbers: readonly number[]): RootUse[] =>
    numbers.map((number) => {
      const image = { name: 'small', version: version(number) };
      return { address: here, role: undefined, root: { node: 'node01', rootMode: 'shared', image } };
    });
  const all = Array.from({ length: 51 }, (_, index) => index + 1);
  for (const number of all) {
    const root = path.join(dirs.imagesDir, 'small', version(number), 'root');
    await mkdir(root, { recursive: true });
    await writeFile(path.join(root, 'file'), `version ${number}\n`);
  }
  /** As a service that has just started: ids from the disk, and a server that it finds or starts. */
  const applyAnew = async (numbers: readonly number[]): Promise<readonly NfsExport[]> => {
    const database = await openDatabase(at('database'));
    const { exports, ...ids } = planExports(
      { cluster: sampleView().cluster, ...dirs },
      uses(numbers),
      database.state.current(),
    );
    await database.state.update((now) => ({ ...now, exportIds: ids.exportIds, nextExportId: ids.nextExportId }));
    await database.close();
    exporter = newExporter();
    await exporter.apply(exports, signal);
    return exports;
  };
  const ask = async (handle: Buffer) => {
    const anew = await Nfs4Client.open(here, port);
    return anew.read(handle).finally(() => anew.close());
  };

  // The other test has given its numbers to other paths.
  await exporter.stop(signal);
  const [first] = await applyAnew([1]);
  const holder = await Nfs4Client.open(here, port);
  const handle = await holder.lookUp('/images/small/20261121.1/root/file');
  holder.close();

  const [again] = await applyAnew(all);
  expect(again?.id).toBe(first?.id);
  expect(await ask(handle)).toEqual({ status: nfsOk, text: 'version 1\n' });

  await exporter.stop(signal);
  await applyAnew(all);
  expect(await ask(handle)).toEqual({ status: nfsOk, text: 'version 1\n' });

  for (const number of all.slice(1)) await removeVersion(dirs.imagesDir, { name: 'small', version: version(number) });
  await applyAnew([1]);
  expect(await ask(handle)).toEqual({ status: nfsOk, text: 'version 1\n' });

  // A path that was exported has its number for good; another one gets the next.
  await mkdir(path.join(dirs.imagesDir, 'small', version(77), 'root'), { recursive: true });
  expect((await applyAnew([1, 77])).map(({ id }) => id)).toEqual([first?.id, 52]);
});

/** Everything of the second handle, with the number of the first one's export: what differs between two of one server. */
function withExportOf(ours: Buffer, theirs: Buffer): Buffer {
  const mixed = Buffer.from(theirs);
  for (const [index, byte] of ours.subarray(0, 6).entries()) mixed[index] = byte;
  return mixed;
}
