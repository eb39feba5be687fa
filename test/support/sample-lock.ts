/** A small image spec and lock for tests of planning a build. */
import type { ImageSpec } from '../../src/model/image-spec.ts';
import { ImageSpec as ImageSpecSchema } from '../../src/model/image-spec.ts';
import type { LockedPackage, PackageLock } from '../../src/model/package-lock.ts';
import { planRequests, requestDigest } from '../../src/plan/build-packages.ts';
import { sha256 } from '../../src/plan/canonical-json.ts';

export const sampleSpec: ImageSpec = ImageSpecSchema.parse({
  base: { apt: { suite: 'trixie' } },
  layers: [
    { name: 'cluster', packages: ['munge'] },
    { name: 'site', files: 'files/', run: ['./setup.sh'] },
  ],
  boards: ['pi4', 'uefi'],
});

export function samplePackage(name: string, version = '1.0-1'): LockedPackage {
  return {
    name,
    version,
    architecture: 'arm64',
    sha256: sha256(`${name} ${version}`),
    sizeBytes: 1000,
    uri: `http://mirror.test/debian/pool/${name}_${version}_arm64.deb`,
    fileName: `${name}_${version.replace(':', '%3a')}_arm64.deb`,
    control: `Package: ${name}\nVersion: ${version}\nArchitecture: arm64`,
  };
}

export function sampleLock(spec: ImageSpec = sampleSpec): PackageLock {
  const layers = planRequests(spec).map(({ name, digest }) => ({
    name,
    request: digest,
    packages: [samplePackage(`${name}-package`)],
  }));
  return {
    format: 1,
    request: requestDigest(spec),
    resolvedAt: '2026-11-21T08:00:00.000Z',
    epochSeconds: 1_795_000_000,
    sources: [
      {
        source: 'debian',
        uri: 'http://mirror.test/debian/',
        suites: ['trixie'],
        components: ['main'],
        keyring: '/usr/share/keyrings/debian-archive-keyring.gpg',
      },
    ],
    layers,
    busybox: samplePackage('busybox-static'),
    ...(spec.boards.includes('uefi') && { ipxe: samplePackage('ipxe') }),
  };
}
