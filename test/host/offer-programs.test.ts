import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { offeringDpkg } from '../../src/host/offer-programs.ts';

let root: string;

const place = (...parts: string[]) => path.join(root, ...parts);

/** @returns what dpkg, or what is called so, was given */
async function callDpkg(...args: string[]): Promise<string> {
  const PATH = `${place('tools')}:/usr/bin:/bin`;
  const { stdout } = await promisify(execFile)('sh', [place('run/native/dpkg'), ...args], { env: { PATH } });
  return stdout;
}

beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'offer-programs-'));
  for (const folder of ['usr/bin', 'usr/sbin', 'run/native/bin', 'tools'])
    await mkdir(place(folder), { recursive: true });
  await writeFile(place('run/native/dpkg'), offeringDpkg(root));
  await writeFile(place('run/native/list'), 'usr/bin/kmod usr/bin/kmod\nusr/sbin/depmod usr/bin/kmod\n');
  await writeFile(place('tools/dpkg'), '#!/bin/sh\necho "$# $*"\n', { mode: 0o755 });
});

afterEach(() => rm(root, { recursive: true }));

test('nothing is offered of which the image has none', async () => {
  await callDpkg('--unpack', 'kmod.deb');
  expect(await readdir(place('run/native/bin'))).toEqual([]);
});

test('each program is from the moment when the image has its own, under its name', async () => {
  await writeFile(place('usr/sbin/depmod'), '');
  await callDpkg('--configure', 'kmod');
  expect(await readdir(place('run/native/bin'))).toEqual(['depmod']);
  await writeFile(place('usr/bin/kmod'), '');
  await callDpkg('--configure', 'kmod');
  expect((await readdir(place('run/native/bin'))).toSorted()).toEqual(['depmod', 'kmod']);
  expect(await readlink(place('run/native/bin/depmod'))).toBe(place('run/native/offered/usr/bin/kmod'));
});

test('dpkg gets its arguments as they are', async () => {
  expect(await callDpkg('--configure', 'a b', '*')).toBe('3 --configure a b *\n');
});
