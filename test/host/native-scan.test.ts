import { chmod, copyFile, lstat, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { removeNative } from '../../src/host/native-scan.ts';

let dir: string;
let request: Parameters<typeof removeNative>[0];

/** A head that says for which machine a program is, and a body. */
const program = (machine: 'arm64' | 'amd64', body: string) => {
  const head = Buffer.alloc(64);
  head.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  head.writeUInt16LE({ arm64: 183, amd64: 62 }[machine], 18);
  return Buffer.concat([head, Buffer.from(body)]);
};

const place = (...parts: string[]) => path.join(dir, ...parts);

async function put(file: string, content: Uint8Array | string): Promise<void> {
  await mkdir(path.dirname(place(file)), { recursive: true });
  await writeFile(place(file), content);
}

beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'native-scan-'));
  await put('base/usr/bin/ping', program('arm64', 'the one of the base'));
  await put('layer/usr/bin/ping', program('arm64', 'the one of the layer'));
  await put('laid/usr/bin/ping', program('amd64', 'ours'));
  await mkdir(place('upper/usr/bin'), { recursive: true });
  request = {
    upper: place('upper'),
    image: [place('base'), place('layer')],
    laid: [place('laid')],
    signal: new AbortController().signal,
  };
});

afterEach(() => rm(dir, { recursive: true }));

test('an upper folder without programs of this machine stays as it is', async () => {
  await put('upper/usr/bin/tool', program('arm64', 'new'));
  await put('upper/usr/bin/script', '#!/bin/sh\n');
  await symlink('nowhere', place('upper/usr/bin/link'));
  await removeNative(request);
  expect(await readFile(place('upper/usr/bin/tool'))).toEqual(program('arm64', 'new'));
});

test('a program whose mode was changed becomes the image’s own, with that mode', async () => {
  await copyFile(place('laid/usr/bin/ping'), place('upper/usr/bin/ping'));
  await chmod(place('upper/usr/bin/ping'), 0o4711);
  await removeNative(request);
  expect(await readFile(place('upper/usr/bin/ping'))).toEqual(program('arm64', 'the one of the layer'));
  expect((await lstat(place('upper/usr/bin/ping'))).mode & 0o7777).toBe(0o4711);
});

test.each([
  ['a program of this machine that nobody laid there', 'usr/bin/stranger', program('amd64', 'x')],
  ['one that was changed', 'usr/bin/ping', program('amd64', 'ours, changed')],
  ['a library', 'usr/lib/x86_64-linux-gnu/libc.so.6', 'x'],
  ['a link to our libraries', 'lib64', 'x'],
])('%s is refused', async (_, file, content) => {
  await put(`upper/${file}`, content);
  await expect(removeNative(request)).rejects.toThrow(/files of this machine/);
});
