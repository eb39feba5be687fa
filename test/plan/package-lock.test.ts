import { expect, test } from 'vitest';

import { ImageSpec } from '../../src/model/image-spec.ts';
import { PackageLock } from '../../src/model/package-lock.ts';
import { planRequests } from '../../src/plan/build-packages.ts';
import {
  checkKernelForBoards,
  keptLayers,
  lockMismatch,
  lockPackages,
  newestIndexSeconds,
  parseInstalled,
  parseOffers,
  renderPackagesIndex,
  renderRelease,
  renderStatus,
  unpackedPackages,
} from '../../src/plan/package-lock.ts';
import { sampleLock, samplePackage, sampleSpec } from '../support/sample-lock.ts';

/** Lines of apt 2.6 (Debian 12) for three packages of trixie. */
const printUris = `'http://mirror.test/debian/pool/main/g/glibc/libc6_2.41-12%2bdeb13u4_arm64.deb' libc6_2.41-12+deb13u4_arm64.deb 2483572 SHA256:8784eda966b189c777a384dac5ce009e8fc9b52d006926c5a013e7fa8aa688cc
'http://mirror.test/debian/pool/main/libc/libcap2/libcap2_2.75-10%2bdeb13u1%2bb3_arm64.deb' libcap2_1%3a2.75-10+deb13u1+b3_arm64.deb 28600 SHA256:aa84eda966b189c777a384dac5ce009e8fc9b52d006926c5a013e7fa8aa688cc
W: something that apt warns of
'http://mirror.test/debian/pool/main/t/tzdata/tzdata_2026a-0%2bdeb13u1_all.deb' tzdata_2026a-0+deb13u1_all.deb 260000 
`;

const stanzas = `Package: libc6
Source: glibc
Version: 2.41-12+deb13u4
Architecture: arm64
Description: GNU C Library: Shared libraries
 Contains the standard libraries.
Depends: libgcc-s1
Filename: pool/main/g/glibc/libc6_2.41-12+deb13u4_arm64.deb
Size: 2483572
SHA256: 8784eda966b189c777a384dac5ce009e8fc9b52d006926c5a013e7fa8aa688cc

Package: libcap2
Version: 1:2.75-10+deb13u1+b3
Architecture: arm64
Filename: pool/main/libc/libcap2/libcap2_2.75-10+deb13u1+b3_arm64.deb
Size: 28600
SHA256: aa84eda966b189c777a384dac5ce009e8fc9b52d006926c5a013e7fa8aa688cc
`;

test('offers are read with their epoch, and messages between them are not offers', () => {
  expect(parseOffers(printUris).map(({ name, version, fileName }) => [name, version, fileName])).toEqual([
    ['libc6', '2.41-12+deb13u4', 'libc6_2.41-12+deb13u4_arm64.deb'],
    ['libcap2', '1:2.75-10+deb13u1+b3', 'libcap2_1%3a2.75-10+deb13u1+b3_arm64.deb'],
    ['tzdata', '2026a-0+deb13u1', 'tzdata_2026a-0+deb13u1_all.deb'],
  ]);
});

test('a percent sign that escapes nothing stays as it is', () => {
  const [offer] = parseOffers("'http://mirror.test/a' a_1%3a2%zz%_arm64.deb 100 SHA256:00\n");

  expect(offer?.version).toBe('1:2%zz%');
});

test('a locked package has what apt needs to install it from another archive', () => {
  const [libc6, libcap2] = lockPackages(parseOffers(printUris).slice(0, 2), stanzas);

  expect(libc6).toMatchObject({
    name: 'libc6',
    sizeBytes: 2_483_572,
    sha256: expect.stringMatching(/^8784/) as string,
  });
  expect(libcap2).toMatchObject({ version: '1:2.75-10+deb13u1+b3', architecture: 'arm64' });
  expect(libc6?.control).toContain(
    'Description: GNU C Library: Shared libraries\n Contains the standard libraries.\nDepends: libgcc-s1',
  );
  expect(libc6?.control).not.toMatch(/Filename|Size|SHA256/);
});

test('an offer that the archive does not describe is an error that names it', () => {
  expect(() => lockPackages(parseOffers(printUris), stanzas)).toThrow(/tzdata 2026a-0\+deb13u1/);
});

test('the local archive points at the names that apt gives to files', () => {
  const index = renderPackagesIndex([samplePackage('libcap2', '1:2.75')]);
  expect(index).toContain('Filename: archives/libcap2_1%3a2.75_arm64.deb\nSize: 1000\nSHA256: ');
  const release = renderRelease(index, 'main/binary-arm64/Packages', 1_795_000_000);
  expect(release).toContain('Date: Wed, 18 Nov 2026 11:06:40 +0000\n');
  expect(release).toContain(` ${Buffer.byteLength(index)} main/binary-arm64/Packages\n`);
});

test('the status of a layer holds the later version of a package that a layer upgrades', () => {
  const status = renderStatus([
    { packages: [samplePackage('openssl', '1'), samplePackage('munge')] },
    { packages: [samplePackage('openssl', '2')] },
  ]);
  expect(status.match(/^Package: .*\nStatus: install ok installed$/gm)).toHaveLength(2);
  expect(status).toContain('Version: 2');
  expect(parseInstalled(status)).toEqual([
    { name: 'openssl', version: '2', architecture: 'arm64' },
    { name: 'munge', version: '1.0-1', architecture: 'arm64' },
  ]);
});

test('removed packages that left files behind are not installed', () => {
  expect(parseInstalled('Package: a\nStatus: deinstall ok config-files\nVersion: 1\nArchitecture: all\n')).toEqual([]);
});

test('a lock holds until packages or sources change, not when only files do', () => {
  const lock = PackageLock.parse(sampleLock());
  const withBoard = ImageSpec.parse({ ...sampleSpec, boards: ['pi4', 'pi5'] });
  const withFiles = ImageSpec.parse({
    ...sampleSpec,
    layers: [sampleSpec.layers[0], { name: 'site', files: 'other/' }],
  });
  expect(lockMismatch(lock, sampleSpec)).toBeUndefined();
  expect(lockMismatch(lock, withFiles)).toBeUndefined();
  expect(lockMismatch(lock, ImageSpec.parse({ ...sampleSpec, layers: [sampleSpec.layers[0]] }))).toBeUndefined();
  expect(lockMismatch(lock, withBoard)).toMatch(/changed/);
  expect(lockMismatch(undefined, sampleSpec)).toMatch(/no package lock/);
});

test('a lock without iPXE answers until the image is for machines with UEFI too', () => {
  const { ipxe, ...without } = sampleLock();
  const pis = ImageSpec.parse({ ...sampleSpec, boards: ['pi4'] });
  expect(lockMismatch(without, sampleSpec)).toBe('ipxe, which machines with UEFI load, is not in the lock');
  expect(lockMismatch({ ...without, request: sampleLock(pis).request }, pis)).toBeUndefined();
  expect(unpackedPackages(without).map(({ name }) => name)).toEqual(['busybox-static']);
  expect(unpackedPackages({ ...without, ...(ipxe && { ipxe }) }).map(({ name }) => name)).toEqual([
    'busybox-static',
    'ipxe',
  ]);
});

test('layers before the first change keep their packages', () => {
  const lock = sampleLock();
  const more = ImageSpec.parse({
    ...sampleSpec,
    layers: [{ name: 'cluster', packages: ['munge', 'slurmd'] }, sampleSpec.layers[1]],
  });
  expect(keptLayers(lock, planRequests(sampleSpec)).map(({ name }) => name)).toEqual(['base', 'cluster']);
  expect(keptLayers(lock, planRequests(more)).map(({ name }) => name)).toEqual(['base']);
  expect(keptLayers(undefined, planRequests(more))).toEqual([]);
});

test('the newest index dates the image', () => {
  const releases = [
    'Origin: Debian\nDate: Sat, 15 Nov 2026 09:00:00 UTC\n',
    'Date: Thu, 19 Nov 2026 02:12:13 +0000\n',
    'no date',
  ];
  expect(newestIndexSeconds(releases)).toBe(Date.parse('2026-11-19T02:12:13Z') / 1000);
});

test.each([
  ['linux-image-6.12.117+deb13-arm64', ['pi4', 'pi5'], true],
  ['linux-image-7.2.12+deb13-arm64', ['pi4', 'pi5'], false],
  ['linux-image-6.12.117+deb13-arm64', ['pi4', 'uefi'], false],
])('%s for %s', (kernel, boards, isRefused) => {
  const spec = ImageSpec.parse({ ...sampleSpec, boards });
  const lock = {
    ...sampleLock(),
    layers: [{ name: 'base', request: '0'.repeat(64), packages: [samplePackage(kernel)] }],
  };
  const check = () => checkKernelForBoards(lock, spec);
  if (isRefused) expect(check).toThrow(/no driver for the Pi 5's network/);
  else expect(check).not.toThrow();
});
