/** Which programs of an image a machine with another processor may run as its own while packages are installed. */
import type { NativePackage, NativeProgram } from '../model/native-programs.ts';
import type { ArchiveSource, LockedPackage } from '../model/package-lock.ts';
import { keyringInImage } from './apt-sources.ts';
import { debianKeyring } from './build-sources.ts';
import { canonicalJson, sha256 } from './canonical-json.ts';

/** What is known of a package that an image has. */
export type InstalledPackage = Pick<LockedPackage, 'name' | 'version' | 'architecture'>;

/** What maintainer scripts call by the thousand. All work on files alone: what they write does not depend on the processor. */
const toolPackages = new Set([
  'bsdutils',
  'bzip2',
  'coreutils',
  'cpio',
  'dash',
  'dbus-bin',
  'debianutils',
  'diffutils',
  'dpkg',
  'findutils',
  'grep',
  'gzip',
  'hostname',
  'kmod',
  'libc-bin',
  'libcap2-bin',
  'login',
  'mawk',
  'mount',
  'munge',
  'openssh-client',
  'openssl',
  'passwd',
  'perl-base',
  'procps',
  'sed',
  'systemd',
  'sysvinit-utils',
  'tar',
  'udev',
  'util-linux',
  'xz-utils',
  'zstd',
]);

/** They say or judge which processor they run on, or belong to the libraries of the other one. */
const neverNative = new Set([
  'arch',
  'chroot',
  'dpkg-architecture',
  'i386',
  'iconv',
  'iconvconfig',
  'ischroot',
  'ld.so',
  'ldconfig',
  'ldd',
  'linux32',
  'linux64',
  'lscpu',
  'pldd',
  'setarch',
  'systemd-detect-virt',
  'uname',
  'x86_64',
]);

const xsModules = /^lib.+-perl$/;

/** Those of an image's packages of which this machine's build is worth having. Perl needs the compiled part of its modules too. */
export function nativeCandidates(packages: readonly InstalledPackage[]): InstalledPackage[] {
  return packages
    .filter(({ name, architecture }) => architecture === 'arm64' && (toolPackages.has(name) || xsModules.test(name)))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** Debian's archives among those of an image: what they have for this machine is signed by Debian, as this machine knows it. */
export function nativeSources(sources: readonly ArchiveSource[]): ArchiveSource[] {
  return sources
    .filter(({ source, components }) => source === 'debian' && components.includes('main'))
    .map(({ source, uri, suites, keyring }) => {
      const own = keyringInImage(keyring) === undefined ? keyring : debianKeyring;
      return { source, uri, suites, keyring: own, components: ['main'] };
    });
}

/** Packages that are rebuilt without a change get `+b2`, on each architecture by itself. */
export function isSameSource(one: string, other: string): boolean {
  return withoutRebuild(one) === withoutRebuild(other);
}

const withoutRebuild = (version: string) => version.replace(/\+b\d+$/, '');

/** @param file path below the root */
export function mayBeNative(file: string): boolean {
  return !neverNative.has(file.slice(file.lastIndexOf('/') + 1));
}

export interface NativeChoice {
  /** Of packages that are installed already: laid over the image's own. */
  readonly laid: readonly NativeProgram[];
  /** Of packages that are about to be installed: found first in PATH once their own are there. */
  readonly offered: readonly NativeProgram[];
}

/** Only a program of the very version that the image has stands in for it. */
export function chooseNative(
  native: readonly NativePackage[],
  packages: { readonly installed: readonly InstalledPackage[]; readonly coming: readonly InstalledPackage[] },
): NativeChoice {
  const programsOf = (wanted: readonly InstalledPackage[]) => {
    const versions = new Map(wanted.map(({ name, version }) => [name, version]));
    return native.flatMap(({ name, version, programs }) => {
      const own = versions.get(name);
      return own !== undefined && isSameSource(own, version) ? programs : [];
    });
  };
  const coming = new Set(packages.coming.map(({ name }) => name));
  return {
    laid: programsOf(packages.installed.filter(({ name }) => !coming.has(name))),
    offered: programsOf(packages.coming).filter(({ path }) => /^usr\/s?bin\//.test(path)),
  };
}

/** Part of the key under which programs are kept: other rules, other programs. */
export const nativeRulesDigest = sha256(
  canonicalJson({ format: 1, tools: [...toolPackages], never: [...neverNative], excludes: 1 }),
);
