import { execFile } from 'node:child_process';
import { lstat, mkdir, mkdtemp, readdir, readFile, readlink, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { layPrograms, unpackNative } from '../../src/host/native-tree.ts';

let dir: string;
const { signal } = new AbortController();

const elf = (machine: number, body: string) => {
  const head = Buffer.alloc(64);
  head.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  head.writeUInt16LE(machine, 18);
  return Buffer.concat([head, Buffer.from(body)]);
};
const ours = (body: string) => elf(62, body);

async function put(root: string, file: string, content: Uint8Array | string): Promise<void> {
  await mkdir(path.dirname(path.join(root, file)), { recursive: true });
  await writeFile(path.join(root, file), content, { mode: 0o755 });
}

/** @param name a package with these files */
async function pack(name: string, files: Readonly<Record<string, Uint8Array | string>>): Promise<string> {
  const root = path.join(dir, 'packages', name);
  await put(
    root,
    'DEBIAN/control',
    `Package: ${name}\nVersion: 1\nArchitecture: amd64\nMaintainer: a\nDescription: b\n`,
  );
  for (const [file, content] of Object.entries(files)) await put(root, file, content);
  if (name === 'kmod') {
    await mkdir(path.join(root, 'usr/sbin'), { recursive: true });
    await symlink('../bin/kmod', path.join(root, 'usr/sbin/depmod'));
  }
  const deb = path.join(dir, `${name}.deb`);
  await promisify(execFile)('dpkg-deb', ['--root-owner-group', '-Znone', '--build', root, deb]);
  return deb;
}

beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'native-tree-'));
});

afterEach(() => rm(dir, { recursive: true }));

describe('programs of this machine', () => {
  const library = { 'usr/lib/x86_64-linux-gnu/libx.so.1': 'x', 'usr/lib64/ld.so': 'x', 'usr/share/doc/x': 'x' };

  async function unpack() {
    const debs = [
      { name: 'libx', version: '1', file: await pack('libx', library), hasPrograms: false },
      {
        name: 'dpkg',
        version: '1',
        file: await pack('dpkg', { 'usr/bin/dpkg': ours('amd64 or amd64') }),
        hasPrograms: true,
      },
      {
        name: 'kmod',
        version: '1',
        file: await pack('kmod', {
          'usr/bin/kmod': ours('amd64'),
          'usr/bin/uname': ours(''),
          'usr/bin/script': '#!/bin/sh\n',
          'etc/x': 'x',
        }),
        hasPrograms: true,
      },
    ];
    const target = path.join(dir, 'native');
    const mayBeNative = (file: string) => !file.endsWith('/uname');
    return { target, packages: await unpackNative({ dir: target, debs, mayBeNative, signal }) };
  }

  test('are found with the links to them, and are apart from their libraries', async () => {
    const { target, packages } = await unpack();
    expect(packages.map(({ name, programs }) => ({ name, programs }))).toEqual([
      { name: 'dpkg', programs: [{ path: 'usr/bin/dpkg', file: 'usr/bin/dpkg' }] },
      {
        name: 'kmod',
        programs: [
          { path: 'usr/bin/kmod', file: 'usr/bin/kmod' },
          { path: 'usr/sbin/depmod', file: 'usr/bin/kmod' },
        ],
      },
    ]);
    expect(await readdir(path.join(target, 'libraries/usr/lib/x86_64-linux-gnu'))).toEqual(['libx.so.1']);
    expect(await readlink(path.join(target, 'libraries/lib64'))).toBe('usr/lib64');
    expect(await readdir(path.join(target, 'programs/usr'))).toEqual(['bin', 'lib', 'sbin']);
  });

  test('dpkg says that it is of arm64, others say what they said', async () => {
    const { target } = await unpack();
    const read = async (file: string) =>
      (await readFile(path.join(target, 'programs/usr/bin', file))).toString('latin1');
    expect(await read('dpkg')).toContain('arm64 or arm64');
    expect(await read('kmod')).toContain('amd64');
  });

  test('are laid over what the image has, and look like its folders', async () => {
    const { target, packages } = await unpack();
    const image = path.join(dir, 'image');
    await put(image, 'usr/bin/dpkg', elf(183, 'its own'));
    await put(image, 'usr/bin/kmod', '#!/bin/sh\n# somebody made it a script\n');
    await utimes(path.join(image, 'usr/bin'), 1000, 1000);
    const laid = await layPrograms(
      target,
      { laid: packages.flatMap(({ programs }) => programs), offered: packages[1]?.programs ?? [] },
      { target: path.join(dir, 'laid'), image: [image] },
    );
    const [, over = ''] = laid.lowers;
    expect(await readdir(path.join(over, 'usr/bin'))).toEqual(['dpkg']);
    expect((await lstat(path.join(over, 'usr/bin'))).mtimeMs).toBe(1_000_000);
    expect(await readdir(path.join(laid.offers, 'usr/bin'))).toEqual(['kmod']);
    expect(laid.offerList).toBe('usr/bin/kmod usr/bin/kmod\nusr/sbin/depmod usr/bin/kmod\n');
  });
});
