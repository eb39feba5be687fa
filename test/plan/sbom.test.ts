import { expect, test } from 'vitest';

import { parseDpkgStatus } from '../../src/plan/dpkg-status.ts';
import { listPackages, renderSbom, type SbomSource } from '../../src/plan/sbom.ts';
import { checkCycloneDx } from '../support/cyclonedx.ts';
import { sampleManifest } from '../support/sample-view.ts';

const status = `Package: perl-base
Status: install ok installed
Architecture: arm64
Source: perl (5.40.1-6)
Version: 5.40.1-6+b1
Maintainer: Niko <niko@example.org>
Homepage: https://www.perl.org/
Pre-Depends: libc6 (>= 2.35), libcrypt1 (>= 1:4.1.0)
Provides: perl-any, libfile-temp-perl
Description: minimal
 Depends: this is text

Package: libc6
Status: install ok installed
Architecture: arm64
Source: glibc
Version: 2.41-12
Depends: libgcc-s1 | missing, libcrypt1:any

Package: libcrypt1
Status: install ok installed
Architecture: arm64
Version: 1:4.4.38-1
Depends: perl-any | perl-base, libc6

Package: gone
Status: deinstall ok config-files
Architecture: arm64
Version: 1
`;

const packages = [
  { name: 'perl-base', version: '5.40.1-6+b1', architecture: 'arm64' },
  { name: 'libcrypt1', version: '1:4.4.38-1', architecture: 'arm64' },
  { name: 'libc6', version: '2.41-12', architecture: 'arm64' },
];

const source = (changes: Partial<SbomSource> = {}): SbomSource => ({
  manifest: sampleManifest({ packages }),
  installed: parseDpkgStatus(status),
  licences: new Map([
    ['perl-base', ['Artistic or GPL-1+', 'GPL-2+']],
    ['libc6', ['LGPL-2.1+', 'Expat']],
  ]),
  osRelease: 'PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\nVERSION_ID="13"\nID=debian\n',
  locked: [
    { name: 'libc6', version: '2.41-12', architecture: 'arm64', sha256: 'c'.repeat(64) },
    { name: 'libcrypt1', version: '1:4.4.99-1', architecture: 'arm64', sha256: 'd'.repeat(64) },
  ],
  program: { name: 'pi-image', version: '1.0.0' },
  ...changes,
});

interface Bom {
  readonly serialNumber: string;
  readonly components: { readonly 'bom-ref': string; readonly purl: string }[];
  readonly dependencies: { readonly ref: string; readonly dependsOn: string[] }[];
}
const bomOf = (changes: Partial<SbomSource> = {}) => renderSbom(source(changes)) as unknown as Bom;

test('lists what the manifest says, with source package, address and the digest of that very version', () => {
  expect(listPackages(source())).toEqual([
    {
      name: 'libc6',
      version: '2.41-12',
      architecture: 'arm64',
      source: 'glibc 2.41-12',
      purl: 'pkg:deb/debian/libc6@2.41-12?arch=arm64&distro=debian-13',
      sha256: 'c'.repeat(64),
      licences: ['LGPL-2.1+', 'Expat'],
    },
    {
      name: 'libcrypt1',
      version: '1:4.4.38-1',
      architecture: 'arm64',
      source: 'libcrypt1 1:4.4.38-1',
      purl: 'pkg:deb/debian/libcrypt1@1:4.4.38-1?arch=arm64&distro=debian-13',
      sha256: undefined,
      licences: [],
    },
    {
      name: 'perl-base',
      version: '5.40.1-6+b1',
      architecture: 'arm64',
      source: 'perl 5.40.1-6',
      purl: 'pkg:deb/debian/perl-base@5.40.1-6%2Bb1?arch=arm64&distro=debian-13',
      sha256: undefined,
      licences: ['Artistic or GPL-1+', 'GPL-2+'],
    },
  ]);
});

test('says what needs what: alternatives, provided names, nothing that is not there', () => {
  const [all, ...rest] = bomOf().dependencies;
  expect(all).toEqual({
    ref: 'debian-lite@20261121.1',
    dependsOn: ['libc6:arm64=2.41-12', 'libcrypt1:arm64=1:4.4.38-1', 'perl-base:arm64=5.40.1-6+b1'],
  });
  expect(Object.fromEntries(rest.map(({ ref, dependsOn }) => [ref.replace(/:.*/, ''), dependsOn]))).toEqual({
    libc6: ['libcrypt1:arm64=1:4.4.38-1'],
    libcrypt1: ['libc6:arm64=2.41-12', 'perl-base:arm64=5.40.1-6+b1'],
    'perl-base': ['libc6:arm64=2.41-12', 'libcrypt1:arm64=1:4.4.38-1'],
  });
});

test('is CycloneDX 1.6 whose references are all there', () => {
  const bom = bomOf();
  const refs = new Set(['debian-lite@20261121.1', ...bom.components.map((each) => each['bom-ref'])]);
  expect(bom).toMatchObject({ bomFormat: 'CycloneDX', specVersion: '1.6', version: 1 });
  expect(bom.serialNumber).toMatch(/^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  for (const { ref, dependsOn } of bom.dependencies)
    for (const each of [ref, ...dependsOn]) expect(refs).toContain(each);
  expect(bom.components.find(({ purl }) => purl.includes('perl-base'))).toEqual({
    type: 'library',
    'bom-ref': 'perl-base:arm64=5.40.1-6+b1',
    publisher: 'Niko <niko@example.org>',
    name: 'perl-base',
    version: '5.40.1-6+b1',
    licenses: [{ license: { name: 'Artistic or GPL-1+' } }, { license: { id: 'GPL-2.0-or-later' } }],
    purl: 'pkg:deb/debian/perl-base@5.40.1-6%2Bb1?arch=arm64&distro=debian-13',
    externalReferences: [{ type: 'website', url: 'https://www.perl.org/' }],
    properties: [
      { name: 'pi-image:architecture', value: 'arm64' },
      { name: 'pi-image:source', value: 'perl 5.40.1-6' },
    ],
  });
});

test('is what the official schema wants', async () => {
  expect(await checkCycloneDx(bomOf())).toEqual([]);
  const { components, ...rest } = bomOf();
  const broken = components.map((component) => Object.assign({}, component, { type: 'package' }));
  expect(await checkCycloneDx({ ...rest, components: broken })).toHaveLength(3);
});

test('is the same for the same version whatever the order, and another for another', () => {
  const same = bomOf({
    manifest: sampleManifest({ packages: packages.toReversed() }),
    installed: parseDpkgStatus(status).toReversed(),
  });
  expect(JSON.stringify(same)).toBe(JSON.stringify(bomOf()));
  const other = bomOf({ manifest: sampleManifest({ packages: packages.slice(1) }) });
  expect(other.serialNumber).not.toBe(bomOf().serialNumber);
});

test('a root that is not Debian lists what the manifest has, and no more', () => {
  const bom = bomOf({ installed: [], osRelease: '', locked: [] });
  expect(bom.components.map(({ purl }) => purl)[0]).toBe('pkg:deb/debian/libc6@2.41-12?arch=arm64');
  expect(bom.dependencies).toHaveLength(1);
});
