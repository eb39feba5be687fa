/** A base that somebody else made: its layers are resolved against what it has installed, from its archives, with its keys. */
import { copyFile, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { writeLock } from '../../src/build/lock-file.ts';
import { prepareBuild } from '../../src/build/prepare-build.ts';
import type { BuildRequest } from '../../src/build/running-build.ts';
import { ImageSpec } from '../../src/model/image-spec.ts';
import { makeSignedArchive, type SignedArchive } from '../support/signed-archive.ts';

let dir: string;
let archive: SignedArchive;
let request: BuildRequest;

const status = `Package: libmunge2
Status: install ok installed
Version: 1.0-1
Architecture: arm64
Maintainer: nobody <nobody@example.org>
Description: theirs

Package: nano
Status: install ok installed
Version: 8
Architecture: arm64
Maintainer: nobody <nobody@example.org>
Description: theirs
`;

beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'lock-base-'));
  archive = await makeSignedArchive(
    ['stable'],
    ['main'],
    [
      { name: 'munge', version: '1.0-1', fields: ['Depends: libmunge2 (= 1.0-1)'] },
      { name: 'libmunge2', version: '1.0-1' },
      { name: 'busybox-static', version: '1.37' },
    ],
  );
  const files = {
    'etc/passwd': 'root:x:0:0:root:/root:/bin/sh\n',
    'etc/group': 'root:x:0:\n',
    'var/lib/dpkg/status': status,
    'etc/apt/sources.list.d/own.sources': `Types: deb\nURIs: ${archive.url}\nSuites: stable\nComponents: main\nSigned-By: /usr/share/keyrings/own.gpg\n`,
  };
  for (const [name, text] of Object.entries(files)) {
    await mkdir(path.join(dir, 'root', path.dirname(name)), { recursive: true });
    await writeFile(path.join(dir, 'root', name), text);
  }
  await mkdir(path.join(dir, 'root/usr/share/keyrings'), { recursive: true });
  await copyFile(archive.keyring, path.join(dir, 'root/usr/share/keyrings/own.gpg'));
  const nothing = () => undefined;
  request = {
    name: 'mine',
    spec: ImageSpec.parse({
      base: { root: path.join(dir, 'root') },
      boards: ['pi4'],
      layers: [{ name: 'cluster', packages: ['munge'], remove: ['nano'] }],
    }),
    specDir: dir,
    isOwnSpec: false,
    offline: false,
    scriptsDir: path.resolve('boot/initramfs'),
    stateDir: path.join(dir, 'state'),
    now: () => new Date(),
    progress: { step: nothing, detail: nothing, note: nothing, output: nothing },
    signal: new AbortController().signal,
  };
});
afterAll(async () => {
  await archive.remove();
  await rm(dir, { recursive: true });
});

const prepare = (onlyPlan: boolean) =>
  prepareBuild(request, { update: false, overrides: { mirrors: {}, keyrings: {} }, onlyPlan });

test('a plan does not unpack it, and says that it must be looked into first', async () => {
  expect(await prepare(true)).toMatchObject({ kind: 'base-first', base: { kind: 'root' } });
  expect(await readdir(path.join(dir, 'state')).catch(() => [])).not.toContain('layers');
});

test('it is unpacked, and its layers need what it does not have', async () => {
  const planned = await prepare(false);
  if (planned.kind !== 'planned') throw new Error('not planned');

  expect(planned.lock.layers.map(({ name, packages }) => [name, packages.map((each) => each.name)])).toEqual([
    ['base', []],
    ['cluster', ['munge']],
  ]);
  expect(planned.lock.layers[1]?.removes).toEqual(['nano']);
  expect(planned.lock.base).toMatchObject({ kind: 'root' });
  expect(planned.lock.sources).toEqual([
    expect.objectContaining({ uri: archive.url, keyring: 'image:/usr/share/keyrings/own.gpg' }),
  ]);
  expect(planned.plan.steps.map(({ action, state }) => `${action} ${state.kind}`).slice(0, 3)).toEqual([
    'unpack cached',
    'layer run',
    'flatten run',
  ]);
  await writeLock(request, planned.lock);
});

test('from then on the lock answers, until it is another base', async () => {
  const asked = archive.requests.length;
  expect(await prepare(true)).toMatchObject({ kind: 'planned', lookedForUpdates: false });
  expect(archive.requests).toHaveLength(asked);

  await writeFile(path.join(dir, 'root/etc/issue'), 'another\n');
  expect(await prepare(true)).toMatchObject({ kind: 'base-first' });
});
