/** Which package archives an image is made from, and where this machine finds them. Debian's mirror is the machine's own. */
import { boardNames, type BoardName } from '../model/board.ts';
import { ConfigError } from '../model/errors.ts';
import type { AptBase } from '../model/image-base.ts';
import type { ImageSpec } from '../model/image-spec.ts';
import type { ArchiveSource } from '../model/package-lock.ts';

/** Fields of `apt-get indextargets` that `findDebianMirrors` reads, one target a line. */
export const indexTargetFormat = '$(REPO_URI)|$(RELEASE)|$(ORIGIN)|$(COMPONENT)';

/** Debian's own signing keys; the package of Debian 12 already holds those of trixie. */
export const debianKeyring = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** The Raspberry Pi archive has no mirrors that a machine would name, so its address is ours to know. */
const raspberryPiArchive = 'https://archive.raspberrypi.com/debian/';
const raspberryPiKeyring = '/usr/share/keyrings/raspberrypi-archive-keyring.pgp';

/** Addresses and key files that were given on the command line. */
export interface SourceOverrides {
  readonly mirrors: Readonly<Record<string, string>>;
  readonly keyrings: Readonly<Record<string, string>>;
}

/** What `mirrors` and `keyrings` may name. */
export const overridable = ['debian', 'debian-security', 'raspberrypi'] as const;

interface DebianMirrors {
  readonly debian: string;
  readonly security: string;
}

interface IndexTarget {
  readonly uri: string;
  readonly release: string;
  readonly origin: string;
}

/**
 * Debian's mirror and the one of its security fixes among the machine's apt sources.
 * Before the first `apt-get update` apt does not know an archive's origin; then a mirror is one that also serves `<suite>-updates`.
 */
export function findDebianMirrors(indexTargets: string, overrides: SourceOverrides['mirrors'] = {}): DebianMirrors {
  const targets = parseTargets(indexTargets).filter(({ origin }) => origin === 'Debian' || origin === '');
  const debian = overrides['debian'] ?? targets.find((target) => isMainSuite(target, targets))?.uri;
  const security = overrides['debian-security'] ?? targets.find(({ release }) => isSecurity(release))?.uri;
  if (debian !== undefined && security !== undefined) return { debian, security };
  throw new ConfigError(
    `the apt sources of this machine name no mirror of Debian${debian === undefined ? '' : "'s security fixes"}`,
    {
      hint:
        debian === undefined
          ? 'Add one to /etc/apt/sources.list, or give --mirror debian=URL --mirror debian-security=URL.'
          : 'Add the -security suite to /etc/apt/sources.list, or give --mirror debian-security=URL.',
    },
  );
}

function parseTargets(text: string): IndexTarget[] {
  return text
    .split('\n')
    .map((line) => line.split('|'))
    .filter(([, , , component]) => component === 'main')
    .map(([uri = '', release = '', origin = '']) => ({ uri, release, origin }));
}

function isMainSuite({ uri, release }: IndexTarget, all: readonly IndexTarget[]): boolean {
  return all.some((other) => other.uri === uri && other.release === `${release}-updates`);
}

/** `bookworm-security`, and `buster/updates` of old. */
function isSecurity(release: string): boolean {
  return /^[a-z]+(?:-security|\/updates)$/.test(release);
}

/** What decides which kernel an image gets. */
export type KernelAsked = Pick<ImageSpec, 'boards' | 'kernel'>;

/** @param given.indexTargets what apt says about this machine's sources, in `indexTargetFormat` */
export function planSources(
  apt: AptBase,
  asked: KernelAsked,
  given: { readonly indexTargets: string; readonly overrides: SourceOverrides },
): ArchiveSource[] {
  const sources = apt.sources.flatMap((source) =>
    source === 'debian' ? debianArchives(apt, asked, given) : [raspberryPiSource(apt, given.overrides)],
  );
  refusePasswords(sources);
  return sources;
}

/** What a base brings along, with the addresses and key files that were given. What others than Debian sign stays as it is. */
export function planBaseSources(
  sources: readonly ArchiveSource[],
  { mirrors, keyrings }: SourceOverrides,
): ArchiveSource[] {
  const planned = sources.map((each) => {
    const name = overrideName(each);
    if (name === undefined) return each;
    return { ...each, uri: mirrors[name] ?? each.uri, keyring: keyrings[each.source] ?? each.keyring };
  });
  refusePasswords(planned);
  return planned;
}

function overrideName({ source, suites, keyring }: ArchiveSource): (typeof overridable)[number] | undefined {
  if (source === 'raspberrypi') return source;
  if (!/\/debian-archive-[^/]*$/.test(keyring)) return undefined;
  return suites.every(isSecurity) ? 'debian-security' : source;
}

function refusePasswords(sources: readonly ArchiveSource[]): void {
  for (const { source, uri } of sources) refusePassword(source, uri);
}

/** It would lie in the lock, which is kept in git, and in the image, which everyone on the boot network can read. */
function refusePassword(source: string, uri: string): void {
  if (!/^[a-z+]+:\/\/[^/]*@/i.test(uri)) return;
  throw new ConfigError(`the address of the ${source} archive has a user or a password in it`, {
    hint: 'Write them into /etc/apt/auth.conf.d/, where builds find them too (man apt_auth.conf), and take them out of the address.',
  });
}

function debianArchives(
  apt: AptBase,
  asked: KernelAsked,
  { indexTargets, overrides }: { indexTargets: string; overrides: SourceOverrides },
): ArchiveSource[] {
  const { suite } = apt;
  const { debian, security } = findDebianMirrors(indexTargets, overrides.mirrors);
  const suites = [suite, `${suite}-updates`, ...(needsBackports(apt, asked) ? [`${suite}-backports`] : [])];
  const components = ['main', 'non-free-firmware'];
  const keyring = overrides.keyrings['debian'] ?? debianKeyring;
  return [
    { source: 'debian', uri: debian, suites, components, keyring },
    { source: 'debian', uri: security, suites: [`${suite}-security`], components, keyring },
  ];
}

function raspberryPiSource({ suite }: AptBase, { mirrors, keyrings }: SourceOverrides): ArchiveSource {
  return {
    source: 'raspberrypi',
    uri: mirrors['raspberrypi'] ?? raspberryPiArchive,
    suites: [suite],
    components: ['main'],
    keyring: keyrings['raspberrypi'] ?? raspberryPiKeyring,
  };
}

/** Debian's kernel of trixie has no driver for the Pi 5's south bridge, and with it none for its network. */
export function needsBackports({ suite, sources }: AptBase, { boards, kernel }: KernelAsked): boolean {
  if (kernel.package !== undefined) return kernel.package.endsWith(`/${suite}-backports`);
  return !sources.includes('raspberrypi') && boards.includes('pi5');
}

/** Boards that are booted by the Raspberry Pi's own firmware. */
export function firmwareBoards(boards: readonly BoardName[]): BoardName[] {
  return boardNames.filter((board) => board !== 'uefi' && boards.includes(board));
}

/** The lines of sources.list for a private apt on this machine. */
export function renderSourcesList(sources: readonly ArchiveSource[]): string {
  return sources
    .flatMap(({ uri, suites, components, keyring }) =>
      suites.map((suite) => `deb [signed-by=${keyring}] ${uri} ${suite} ${components.join(' ')}\n`),
    )
    .join('');
}

/** A deb822 file for the image itself, so that apt works on a node as on any Debian machine. */
export function renderImageSources(sources: readonly ArchiveSource[]): string {
  return sources
    .map(({ source, uri, suites, components }) =>
      [
        'Types: deb',
        `URIs: ${uri}`,
        `Suites: ${suites.join(' ')}`,
        `Components: ${components.join(' ')}`,
        `Signed-By: ${source === 'debian' ? debianKeyring : raspberryPiKeyring}`,
        '',
      ].join('\n'),
    )
    .join('\n');
}

/** Where the signed index of each suite lies. */
export function indexUris(sources: readonly ArchiveSource[]): string[] {
  return sources.flatMap(({ uri, suites }) =>
    suites.map((suite) => `${uri.replace(/\/?$/, '/')}dists/${suite}/InRelease`),
  );
}
