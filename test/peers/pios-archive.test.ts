/** apt itself against a small signed archive in the place of Raspberry Pi's: what pios-lite is made of, and how it fails. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { BuildProgress } from '../../src/build/progress.ts';
import { explainArchive, openAptFor } from '../../src/build/archives.ts';
import { resolveLock, type ResolveRequest } from '../../src/build/resolve-lock.ts';
import { readImageSpec } from '../../src/host/config-files.ts';
import { fetchDebs, missingDebs } from '../../src/host/deb-store.ts';
import { ImageSpec } from '../../src/model/image-spec.ts';
import type { PackageLock } from '../../src/model/package-lock.ts';
import { planRequests } from '../../src/plan/build-packages.ts';
import { lockedPackages } from '../../src/plan/package-lock.ts';
import { piImage } from '../support/pi-image.ts';
import { makeSignedArchive, type ArchivePackage, type SignedArchive } from '../support/signed-archive.ts';

const project = path.resolve(import.meta.dirname, '../..');
const { signal } = new AbortController();
const nothing = () => undefined;
const progress: BuildProgress = { step: nothing, detail: nothing, note: nothing, output: nothing };

let stateDir: string;
let debian: SignedArchive;
let raspberryPi: SignedArchive;
let request: ResolveRequest;

const release = '6.12.47+rpt-rpi-v8';

beforeAll(async () => {
  stateDir = await mkdtemp(path.join(tmpdir(), 'pios-archive-'));
  const { spec } = await readImageSpec([project], 'pios-lite');
  const names = planRequests(spec).flatMap(({ packages }) => packages.filter((name) => !name.startsWith('?')));
  const isTheirs = (name: string) => /^linux-image-rpi|^raspberrypi/.test(name);
  const plain = names.filter((name) => !isTheirs(name)).map((name): ArchivePackage => ({ name, version: '1.0-1' }));
  const essential = ['base-files', 'base-passwd'].map((name) => ({
    name,
    version: '13.8',
    fields: ['Essential: yes', 'Priority: required'],
  }));
  const suites = ['trixie', 'trixie-updates', 'trixie-security'];
  const busybox = { name: 'busybox-static', version: '1:1.37.0-6' };
  debian = await makeSignedArchive(suites, ['main', 'non-free-firmware'], [...plain, ...essential, busybox]);
  raspberryPi = await makeSignedArchive(
    ['trixie'],
    ['main'],
    [
      { name: 'linux-image-rpi-v8', version: '1:6.12.47-1+rpt1', fields: [`Depends: linux-image-${release}`] },
      { name: `linux-image-${release}`, version: '1:6.12.47-1+rpt1' },
      { name: 'linux-image-rpi-2712', version: '1:6.12.47-1+rpt1' },
      { name: 'raspi-firmware', version: '1:1.20250915-1' },
      { name: 'raspberrypi-archive-keyring', version: '2025.1+rpt1' },
    ],
  );
  request = {
    spec,
    base: undefined,
    baseRoot: undefined,
    stateDir,
    overrides: overrides(),
    now: () => new Date(),
    progress,
    signal,
  };
});
afterAll(async () => {
  await debian.remove();
  await raspberryPi.remove();
  await rm(stateDir, { recursive: true });
});

function overrides(keyring = raspberryPi.keyring) {
  return {
    mirrors: { debian: debian.url, 'debian-security': debian.url, raspberrypi: raspberryPi.url },
    keyrings: { debian: debian.keyring, raspberrypi: keyring },
  };
}

describe('with both archives', () => {
  let lock: PackageLock;
  beforeAll(async () => {
    lock = await resolveLock(request, undefined);
  });

  test('kernels come from Raspberry Pi, and so does what both have in a later version there', () => {
    const theirs = lockedPackages(lock).filter(({ uri }) => uri.includes(raspberryPi.host));
    expect(theirs.map(({ name }) => name)).toEqual([
      `linux-image-${release}`,
      'linux-image-rpi-2712',
      'linux-image-rpi-v8',
      'raspberrypi-archive-keyring',
      'raspi-firmware',
    ]);
  });

  test('the essential packages are in, each layer only adds, and the index dates it', () => {
    const [base, cluster] = lock.layers.map(({ packages }) => packages.map(({ name }) => name));
    expect(base).toEqual(expect.arrayContaining(['base-files', 'base-passwd', 'systemd', 'apt']));
    expect(cluster).toEqual(expect.arrayContaining(['slurmd', 'munge']));
    expect(cluster?.filter((name) => base?.includes(name))).toEqual([]);
    expect(lock.epochSeconds).toBe(Date.parse('2026-11-21T08:00:00Z') / 1000);
  });

  test('an answer is asked for once: unchanged layers keep their packages without it', async () => {
    const again = await resolveLock(request, lock);
    expect(again.layers).toEqual(lock.layers);
  });

  test('packages are fetched into the store, epochs and all, and only once', async () => {
    const store = path.join(stateDir, 'debs');
    const wanted = lockedPackages(lock);
    const apt = await openAptFor(stateDir, lock.sources, { baseRoot: undefined, signal });
    await fetchDebs(apt, store, await missingDebs(store, wanted), { signal });

    expect(await missingDebs(store, wanted)).toEqual([]);
    expect((await readdir(store)).filter((name) => name.includes('2712'))).toEqual([
      'linux-image-rpi-2712_1%3a6.12.47-1+rpt1_arm64.deb',
    ]);
    expect(await readFile(path.join(store, 'munge_1.0-1_arm64.deb'), 'utf8')).toContain('the bytes of munge 1.0-1');
  });

  test('bytes that are not those of the index are refused and not kept', async () => {
    const store = path.join(stateDir, 'other-debs');
    await debian.damage('busybox-static_1:1.37.0-6_arm64.deb');
    const apt = await openAptFor(stateDir, lock.sources, { baseRoot: undefined, signal });
    await expect(fetchDebs(apt, store, [lock.busybox], { signal })).rejects.toThrow(/Hash Sum mismatch/i);
    expect(await missingDebs(store, [lock.busybox])).toHaveLength(1);
  });
});

test('an archive that is signed with another key is refused', async () => {
  const wrongKey = { ...request, overrides: overrides(debian.keyring) };
  await expect(resolveLock(wrongKey, undefined)).rejects.toThrow(
    /Raspberry Pi archive cannot be used: .* is not signed by a key that we trust/,
  );
});

test('a key file that is not there is an error that names it and its package', async () => {
  const noKey = { ...request, overrides: overrides('/nowhere/pi.gpg') };
  await expect(resolveLock(noKey, undefined)).rejects.toMatchObject({
    message: 'the signing key of the raspberrypi archive is not there: /nowhere/pi.gpg',
    hint: expect.stringContaining('raspberrypi-archive-keyring') as string,
  });
});

test('a package that no archive has is named, with the layer that asks for it', async () => {
  const spec = ImageSpec.parse({ ...request.spec, layers: [{ name: 'cluster', packages: ['slrumd'] }] });
  await expect(resolveLock({ ...request, spec }, undefined)).rejects.toMatchObject({
    message: expect.stringContaining('slrumd') as string,
    hint: 'Look at the packages of cluster in image.yaml.',
  });
});

test('an archive that cannot be reached is one sentence that names debian-lite', async () => {
  await raspberryPi.stop();
  const flags = Object.entries(overrides().mirrors).flatMap(([source, url]) => ['--mirror', `${source}=${url}`]);
  const keys = Object.entries(overrides().keyrings).flatMap(([source, file]) => ['--keyring', `${source}=${file}`]);

  const { code, stderr } = await piImage(['--state', stateDir, 'build', 'pios-lite', '--plan', ...flags, ...keys]);

  expect(stderr).toContain(
    `pi-image: the Raspberry Pi archive cannot be used: cannot reach the package archive at ${raspberryPi.host}\n`,
  );
  expect(stderr).toMatch(/hint: Build debian-lite/);
  expect(code).toBe(1);
  await expect(explainArchive([], Promise.reject(new Error('other')))).rejects.toThrow('other');
});
