/** From a fix in the security suite to a version that has it: audit, "build --update", audit. On the cached base of debian-lite. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { debianKeyring } from '../../src/plan/build-sources.ts';
import { buildImage, piImage } from '../support/pi-image.ts';
import { makeSampleImage, type SampleImage } from '../support/sample-image.ts';
import { makeSignedArchive, type ArchivePackage, type SignedArchive } from '../support/signed-archive.ts';

const [weak, fixed] = ['1.0-1', '1.0-1+deb13u1'];

let dir: string;
let archive: SignedArchive;
let image: SampleImage;
/** Debian's own mirror, and our archive in the place of its security suite. */
let from: string[];

beforeAll(async () => {
  await buildImage();
  dir = await mkdtemp(path.join(tmpdir(), 'updates-'));
  archive = await makeSignedArchive(['trixie-security'], ['main', 'non-free-firmware'], [await tool(weak)]);
  const keyring = path.join(dir, 'both.gpg');
  await writeFile(keyring, Buffer.concat([await readFile(debianKeyring), await readFile(archive.keyring)]));
  from = ['--mirror', `debian-security=${archive.url}`, '--keyring', `debian=${keyring}`];
  image = await makeSampleImage('updates-test');
  await image.describe('  - { name: tools, packages: [site-tool] }');
  // The lock of the cached base may be some days old: what Debian has fixed since is in the first version already.
  const { code, stderr } = await image.build('--update', ...from);
  if (code !== 0) throw new Error(stderr);
});
afterAll(async () => {
  await image.remove();
  await archive.remove();
  await rm(dir, { recursive: true });
});

/** A package that installs one file, which says its version. */
async function tool(version: string): Promise<ArchivePackage> {
  const root = path.join(dir, version);
  await mkdir(path.join(root, 'DEBIAN'), { recursive: true });
  await mkdir(path.join(root, 'usr/share/site-tool'), { recursive: true });
  const about = ['Package: site-tool', `Version: ${version}`, 'Architecture: arm64', 'Maintainer: n <n@example.org>'];
  await writeFile(path.join(root, 'DEBIAN/control'), [...about, 'Description: a tool', ''].join('\n'));
  await writeFile(path.join(root, 'usr/share/site-tool/version'), `${version}\n`);
  const file = `${root}.deb`;
  // The deb store outlives the test: a second run has to make the same bytes.
  const env = { ...process.env, SOURCE_DATE_EPOCH: '1700000000' };
  await promisify(execFile)('dpkg-deb', ['--root-owner-group', '--build', root, file], { env });
  return { name: 'site-tool', version, deb: await readFile(file) };
}

const audit = () => piImage(image.args('image', 'audit', image.name));
const installed = async () => readFile(path.join(await image.newestRoot(), 'usr/share/site-tool/version'), 'utf8');

test('while there is no fix nothing is behind, and there is nothing to update', async () => {
  expect(await audit()).toEqual({ code: 0, stdout: 'nothing is behind\n', stderr: '' });
  const versions = await image.versions();

  expect(await image.build('--update', ...from)).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^nothing to /) as string,
  });

  expect(await image.versions()).toEqual(versions);
  expect(await installed()).toBe(`${weak}\n`);
});

test('a fix is named, and becomes a layer on top of the unchanged ones', async () => {
  const before = await image.newestManifest();
  await archive.publish([await tool(fixed)]);
  const told = await audit();
  expect(told).toMatchObject({
    code: 1,
    stdout: expect.stringMatching(/\nsite-tool +1\.0-1 +1\.0-1\+deb13u1\n/) as string,
  });
  // Nothing changes by itself.
  expect((await image.build(...from)).stdout).toMatch(/^nothing to do/);

  const built = await image.build('--update', ...from);

  expect([built.code, await installed()]).toEqual([0, `${fixed}\n`]);
  const after = await image.newestManifest();
  const keys = ({ layers = [] }: typeof before) =>
    layers.flatMap(({ name, key }) => (name === 'updates' ? [] : [`${name} ${key}`]));
  expect(keys(after)).toEqual(keys(before));
  expect(after.layers?.at(-1)).toMatchObject({ name: 'updates' });
  expect(after.packages.find(({ name }) => name === 'site-tool')?.version).toBe(fixed);
  const diff = await piImage(
    image.args('image', 'diff', `${image.name}@${before.version}`, `${image.name}@${after.version}`),
  );
  expect(diff.stdout).toMatch(/^packages\n {2}~ site-tool 1\.0-1 -> 1\.0-1\+deb13u1\n/);
});

test('afterwards nothing is behind, and the same fix is not built twice', async () => {
  expect((await audit()).code).toBe(0);
  const versions = await image.versions();

  expect((await image.build('--update', ...from)).stdout).toMatch(/^nothing to /);
  expect((await image.build('--offline', ...from)).stdout).toMatch(/^nothing to /);

  expect(await image.versions()).toEqual(versions);
});
