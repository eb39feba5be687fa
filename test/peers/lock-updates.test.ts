/** apt itself against two states of a small signed archive: what becomes a layer of updates, what goes, and when nobody is asked. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { prepareBuild } from '../../src/build/prepare-build.ts';
import type { BuildProgress } from '../../src/build/progress.ts';
import { resolveLock, type ResolveRequest } from '../../src/build/resolve-lock.ts';
import { writeLock } from '../../src/build/lock-file.ts';
import type { BuildRequest } from '../../src/build/running-build.ts';
import { ImageSpec } from '../../src/model/image-spec.ts';
import type { PackageLock } from '../../src/model/package-lock.ts';
import { planRequests } from '../../src/plan/build-packages.ts';
import { installedAfter } from '../../src/plan/package-lock.ts';
import { makeSignedArchive, type ArchivePackage, type SignedArchive } from '../support/signed-archive.ts';

const { signal } = new AbortController();
const nothing = () => undefined;
const progress: BuildProgress = { step: nothing, detail: nothing, note: nothing, output: nothing };
const image = (layers: object[]) => ImageSpec.parse({ base: { apt: { suite: 'trixie' } }, boards: ['pi4'], layers });
const cluster = { name: 'cluster', packages: ['munge', 'libtool=1.0-1'] };

let stateDir: string;
let before: SignedArchive;
let after: SignedArchive;
let lock: PackageLock;

beforeAll(async () => {
  stateDir = await mkdtemp(path.join(tmpdir(), 'lock-updates-'));
  const names = planRequests(image([])).flatMap(({ packages }) => packages.filter((name) => !name.startsWith('?')));
  const plain = names.map((name): ArchivePackage => ({ name, version: '1.0-1' }));
  const essential = ['base-files', 'base-passwd'].map((name) => ({
    name,
    version: '13.8',
    fields: ['Essential: yes', 'Priority: required'],
  }));
  const all = (munge: string): ArchivePackage[] => [
    ...plain,
    ...essential,
    { name: 'busybox-static', version: '1.37' },
    { name: 'munge', version: munge, fields: [`Depends: libmunge2 (= ${munge})`] },
    { name: 'libmunge2', version: munge },
    { name: 'libtool', version: munge },
  ];
  const suites = ['trixie', 'trixie-updates', 'trixie-security'];
  before = await makeSignedArchive(suites, ['main', 'non-free-firmware'], all('1.0-1'));
  after = await makeSignedArchive(suites, ['main', 'non-free-firmware'], all('1.0-2'));
  lock = await resolveLock(resolving(before, image([cluster])), undefined);
});
afterAll(async () => {
  await before.remove();
  await after.remove();
  await rm(stateDir, { recursive: true });
});

function resolving(archive: SignedArchive, spec: ImageSpec): ResolveRequest {
  const overrides = {
    mirrors: { debian: archive.url, 'debian-security': archive.url },
    keyrings: { debian: archive.keyring },
  };
  return { spec, base: undefined, baseRoot: undefined, stateDir, overrides, now: () => new Date(), progress, signal };
}

describe('newer packages', () => {
  test('become a layer of their own, and what is pinned stays', async () => {
    const updated = await resolveLock(resolving(after, image([cluster])), lock, 'update');
    expect(updated.layers.slice(0, 2)).toEqual(lock.layers);
    const [, , updates] = updated.layers;
    expect([updates?.name, updates?.packages.map(({ name, version }) => `${name} ${version}`)]).toEqual([
      'updates',
      ['libmunge2 1.0-2', 'munge 1.0-2'],
    ]);

    const again = await resolveLock(resolving(after, image([cluster])), updated, 'update');
    expect(again.layers).toEqual(updated.layers);
    const none = await resolveLock(resolving(before, image([cluster])), lock, 'update');
    expect(none.layers).toEqual(lock.layers);
  });

  test('are in the layers themselves when the image is made anew', async () => {
    const unpinned = image([{ name: 'cluster', packages: ['munge'] }]);
    const anew = await resolveLock(resolving(after, unpinned), lock, 'anew');
    expect(anew.layers.map(({ name }) => name)).toEqual(['base', 'cluster']);
    const versions = Object.fromEntries(installedAfter(anew.layers).map(({ name, version }) => [name, version]));
    expect(versions).toMatchObject({ munge: '1.0-2', libmunge2: '1.0-2' });
  });
});

test('what is not taken up again is kept: layers, busybox and the address of the mirror', async () => {
  const more = image([cluster, { name: 'site', packages: ['libtool'] }]);
  const request = { ...resolving(before, more), overrides: { mirrors: {}, keyrings: { debian: before.keyring } } };
  const kept = await resolveLock(request, lock);
  expect(kept.layers.slice(0, 2)).toEqual(lock.layers);
  expect(kept.busybox).toEqual(lock.busybox);
  expect(kept.sources.map(({ uri }) => uri)).toEqual([before.url, before.url]);
});

describe('removal', () => {
  const slim = (remove: string[]) => image([cluster, { name: 'slim', remove }]);

  test('takes what is named', async () => {
    const { layers } = await resolveLock(resolving(before, slim(['munge', 'libmunge2'])), lock);
    expect(layers.at(-1)).toMatchObject({ name: 'slim', packages: [], removes: ['libmunge2', 'munge'] });
    expect(installedAfter(layers).map(({ name }) => name)).not.toContain('munge');
  });

  test('takes nothing along that was not named', async () => {
    await expect(resolveLock(resolving(before, slim(['libmunge2'])), lock)).rejects.toThrow(
      'removing libmunge2 in layer slim would take munge along',
    );
  });
});

test('as long as the signed indexes are the same, only they are fetched', async () => {
  const spec = image([cluster]);
  const specDir = await mkdtemp(path.join(stateDir, 'spec-'));
  const request: BuildRequest = {
    name: 'mine',
    spec,
    specDir,
    isOwnSpec: true,
    offline: false,
    scriptsDir: path.resolve('boot/initramfs'),
    stateDir,
    now: () => new Date(),
    progress,
    signal,
  };
  await writeLock(request, lock);
  const asked = before.requests.length;
  const options = { update: true, overrides: { mirrors: {}, keyrings: {} }, onlyPlan: true } as const;
  const planned = await prepareBuild(request, options);

  expect(planned).toMatchObject({ lock, lookedForUpdates: true });
  expect(before.requests.slice(asked).map((name) => path.posix.basename(name))).toEqual(Array(3).fill('InRelease'));
});
