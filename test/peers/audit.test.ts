/** "image audit" with apt itself against a small signed archive: what is behind, what is not, and what it says when it cannot know. */
import { afterEach, expect, test } from 'vitest';

import type { PackageLock } from '../../src/model/package-lock.ts';
import { emptySite, type TestSite } from '../support/command-line.ts';
import { sampleLock } from '../support/sample-lock.ts';
import { sampleManifest } from '../support/sample-view.ts';
import { makeSignedArchive, type ArchivePackage, type SignedArchive } from '../support/signed-archive.ts';

const components = ['main'];
const installed = [
  { name: 'libssl3t64', version: '3.5.1-1+deb13u1', architecture: 'arm64' },
  { name: 'openssl', version: '3.5.1-1+deb13u1', architecture: 'arm64' },
  { name: 'linux-image-6.12.57+deb13-arm64', version: '6.12.57-1', architecture: 'arm64' },
  { name: 'linux-image-arm64', version: '6.12.57-1', architecture: 'arm64' },
  { name: 'xz-utils', version: '5.8.1-1', architecture: 'arm64' },
];

const archives: SignedArchive[] = [];
afterEach(async () => {
  for (const archive of archives.splice(0)) await archive.remove();
});

/** A site with one version, whose lock says that its security fixes come from here. */
async function siteWith(fixes: readonly ArchivePackage[], suites = ['trixie-security']) {
  const archive = await makeSignedArchive(suites, components, fixes);
  archives.push(archive);
  const from = { source: 'debian' as const, uri: archive.url, components, keyring: archive.keyring };
  const sources = [
    { ...from, suites: ['trixie', 'trixie-updates'], uri: 'http://192.0.2.1/debian/' },
    { ...from, suites },
  ];
  const lock: PackageLock = { ...sampleLock(), sources };
  const site = await emptySite();
  const manifest = sampleManifest({ packages: installed });
  await site.write('state/exports/images/debian-lite/20261121.1/manifest.json', JSON.stringify(manifest));
  await site.write('state/locks/debian-lite.json', JSON.stringify(lock));
  return { site, archive };
}

const audit = (site: TestSite, ...more: string[]) => site.run('image', 'audit', 'debian-lite', ...more);

const fixes: ArchivePackage[] = [
  { name: 'openssl', version: '3.5.1-1+deb13u10' },
  { name: 'libssl3t64', version: '3.5.1-1+deb13u10' },
  { name: 'linux-image-arm64', version: '6.12.63-1' },
  { name: 'xz-utils', version: '5.8.1-1~deb13u1' },
  { name: 'bind9', version: '9' },
];

test('names each package that is behind with the version that has the fix, and ends with 1', async () => {
  const { site, archive } = await siteWith(fixes);

  const { code, out, err } = await audit(site);

  expect(out.split('\n').map((line) => line.trim().split(/ {2,}/))).toEqual([
    ['PACKAGE', 'INSTALLED', 'FIXED IN'],
    ['libssl3t64', '3.5.1-1+deb13u1', '3.5.1-1+deb13u10'],
    ['linux-image-arm64', '6.12.57-1', '6.12.63-1'],
    ['openssl', '3.5.1-1+deb13u1', '3.5.1-1+deb13u10'],
    [''],
  ]);
  expect(err).toContain('debian-lite@20261121.1 is behind trixie-security: 3 of 5 packages\n');
  expect(err).toContain('hint: Run "pi-image build debian-lite --update"');
  expect(code).toBe(1);
  expect(archive.requests.some((path) => path.startsWith('/pool'))).toBe(false);

  const told = await audit(site, '-o', 'json');
  expect([told.code, JSON.parse(told.out)]).toMatchObject([
    1,
    {
      image: 'debian-lite@20261121.1',
      suites: ['trixie-security'],
      packages: 5,
      behind: [{}, {}, { name: 'openssl' }],
    },
  ]);
});

test('ends with 0 when nothing is', async () => {
  const { site } = await siteWith([{ name: 'openssl', version: '3.5.1-1+deb13u1' }]);

  expect(await audit(site)).toEqual({ code: 0, out: 'nothing is behind\n', err: '' });
});

test.each<[string, (archive: SignedArchive) => Promise<void>, RegExp]>([
  ['is not reached', (archive) => archive.stop(), /cannot reach the package archive at 127\.0\.0\.1:\d+\n/],
  ['has an index that nobody has signed', (archive) => archive.damage('InRelease'), /is not signed|apt failed/],
])('an archive that %s is no reason to say that nothing is behind', async (_name, spoil, says) => {
  const { site, archive } = await siteWith([]);
  // What it fetched before is no answer either.
  expect((await audit(site)).code).toBe(0);
  await spoil(archive);

  const { code, out, err } = await audit(site);

  expect([code, out]).toEqual([1, '']);
  expect(err).toMatch(says);
});

test('nor is one whose packages are not what it has signed', async () => {
  const { site, archive } = await siteWith(fixes);
  await archive.damage('Packages');

  expect(await audit(site)).toMatchObject({ code: 1, out: '', err: expect.stringContaining('apt failed') as string });
});

test('an image that was imported cannot be audited', async () => {
  const { site } = await siteWith([]);
  const manifest = sampleManifest({ name: 'other', version: '1' });
  await site.write('state/exports/images/other/1/manifest.json', JSON.stringify(manifest));

  const { code, err } = await site.run('image', 'audit', 'other');

  expect([code, err]).toEqual([1, expect.stringContaining('nobody knows which archives other is from')]);
});

test('nor can one whose archives have no security suite', async () => {
  const { site } = await siteWith([], ['trixie-backports']);

  expect(await audit(site)).toMatchObject({
    code: 1,
    err: expect.stringMatching(
      /^pi-image: the archives of debian-lite have no security suite\n {2}hint: Its lock has: .* trixie-backports\. Add .* "pi-image build debian-lite --anew"\.\n$/,
    ) as string,
  });
});
