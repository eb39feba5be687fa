/** From apt's answers to a lock, and from a lock to the small archive that mmdebstrap and apt install from. */
import { ConfigError } from '../model/errors.ts';
import type { ResolvedBase } from '../model/image-base.ts';
import type { LockedLayer, LockedPackage, PackageLock } from '../model/package-lock.ts';
import type { ImageSpec } from '../model/image-spec.ts';
import { ipxePackage, needsIpxe, requestDigest, type PackageRequest } from './build-packages.ts';
import { sha256 } from './canonical-json.ts';

/** A package that apt would fetch: one line of `apt-get --print-uris`. */
export interface OfferedPackage {
  readonly uri: string;
  /** As apt names the file in its cache: `libcap2_1%3a2.75-10_arm64.deb`. */
  readonly fileName: string;
  readonly name: string;
  readonly version: string;
}

/** `'URI' file size hash`, other lines are messages. */
export function parseOffers(printUris: string): OfferedPackage[] {
  return printUris.split('\n').flatMap((line) => {
    const match = /^'([^']+)' (([^_ ]+)_([^_ ]+)_[a-z0-9]+\.deb) \d+ /.exec(line);
    if (match === null) return [];
    const [, uri = '', fileName = '', name = '', version = ''] = match;
    return [{ uri, fileName, name, version: withoutEscapes(version) }];
  });
}

/** apt escapes what must not stand in a file's name. decodeURIComponent would throw at a lone %. */
function withoutEscapes(version: string): string {
  return version.replaceAll(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/** Fields that say where a package lies in its archive; the lock says it in its own way. */
const placeFields = new Set(['Filename', 'Size', 'MD5sum', 'SHA1', 'SHA256', 'SHA512', 'Description-md5', 'Status']);

/** @param stanzas what `apt-cache show name=version…` prints */
export function lockPackages(offers: readonly OfferedPackage[], stanzas: string): LockedPackage[] {
  const byId = new Map(parseStanzas(stanzas).map((stanza) => [`${stanza.name}=${stanza.version}`, stanza]));
  return offers
    .map(({ uri, fileName, name, version }) => {
      const stanza = byId.get(`${name}=${version}`);
      if (stanza === undefined) throw new ConfigError(`the archive offers ${name} ${version} but does not describe it`);
      return { ...stanza, uri, fileName };
    })
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function parseStanzas(text: string): Omit<LockedPackage, 'uri' | 'fileName'>[] {
  return text
    .split(/\n{2,}/)
    .filter((stanza) => stanza.trim() !== '')
    .map((stanza) => {
      const fields = splitFields(stanza);
      const value = (name: string) => fields.find((field) => field.name === name)?.value ?? '';
      return {
        name: value('Package'),
        version: value('Version'),
        architecture: value('Architecture'),
        sha256: value('SHA256'),
        sizeBytes: Number(value('Size')),
        control: fields
          .filter(({ name }) => !placeFields.has(name))
          .map(({ text: line }) => line)
          .join('\n'),
      };
    });
}

/** @param status text of /var/lib/dpkg/status @returns what is installed, as manifests list it */
export function parseInstalled(status: string): Pick<LockedPackage, 'name' | 'version' | 'architecture'>[] {
  return status
    .split(/\n{2,}/)
    .filter((stanza) => /^Status: .* installed$/m.test(stanza))
    .flatMap((stanza) => parseStanzas(stanza))
    .map(({ name, version, architecture }) => ({ name, version, architecture }));
}

interface ControlField {
  readonly name: string;
  readonly value: string;
  /** With the lines that continue it. */
  readonly text: string;
}

function splitFields(stanza: string): ControlField[] {
  return stanza
    .trim()
    .split(/\n(?=\S)/)
    .map((text) => {
      const colon = text.indexOf(':');
      return { name: text.slice(0, colon), value: text.slice(colon + 1).trim(), text };
    });
}

/** What is installed once these layers are there. A later version replaces an earlier. */
export function installedAfter(layers: readonly Pick<LockedLayer, 'packages' | 'removes'>[]): LockedPackage[] {
  const installed = new Map<string, LockedPackage>();
  for (const { packages, removes = [] } of layers) {
    for (const name of removes) installed.delete(name);
    for (const locked of packages) installed.set(locked.name, locked);
  }
  return [...installed.values()];
}

/**
 * /var/lib/dpkg/status as it is once these layers are there: what the next one is resolved against.
 * @param below the status of a base that is not made of packages
 */
export function renderStatus(layers: readonly Pick<LockedLayer, 'packages' | 'removes'>[], below = ''): string {
  const stanzas = new Map(statusStanzas(below));
  for (const { packages, removes = [] } of layers) {
    for (const name of removes) stanzas.delete(name);
    for (const { name, control } of packages) {
      stanzas.set(name, control.replace(/^(Package: .*)$/m, '$1\nStatus: install ok installed'));
    }
  }
  return [...stanzas.values()].map((stanza) => `${stanza}\n`).join('\n');
}

function statusStanzas(status: string): [name: string, stanza: string][] {
  return status.split(/\n{2,}/).flatMap((stanza): [string, string][] => {
    const name = /^Package: (.+)$/m.exec(stanza)?.[1];
    return name === undefined ? [] : [[name, stanza.trimEnd()]];
  });
}

/** The suite of the archive that holds exactly what is locked. */
export const lockedSuite = 'locked';

/** Its Packages file. The debs lie in archives/ under the names that apt gives them. */
export function renderPackagesIndex(packages: readonly LockedPackage[]): string {
  return packages
    .map(
      ({ control, fileName, sizeBytes, sha256: digest }) =>
        `${control}\nFilename: archives/${fileName}\nSize: ${sizeBytes}\nSHA256: ${digest}\n`,
    )
    .join('\n');
}

export function renderRelease(index: string, indexPath: string, epochSeconds: number): string {
  return [
    'Origin: pi-image',
    `Suite: ${lockedSuite}`,
    `Codename: ${lockedSuite}`,
    `Date: ${new Date(epochSeconds * 1000).toUTCString().replace('GMT', '+0000')}`,
    'Architectures: arm64',
    'Components: main',
    'SHA256:',
    ` ${sha256(index)} ${Buffer.byteLength(index)} ${indexPath}`,
    '',
  ].join('\n');
}

export function lockedPackages(lock: PackageLock): LockedPackage[] {
  return lock.layers.flatMap(({ packages }) => packages);
}

/** Those that are not installed: single files of theirs are taken. */
export function unpackedPackages({ busybox, ipxe }: PackageLock): LockedPackage[] {
  return ipxe === undefined ? [busybox] : [busybox, ipxe];
}

/** Why a lock does not answer what an image asks for now; undefined when it does. */
export function lockMismatch(lock: PackageLock | undefined, spec: ImageSpec, base?: ResolvedBase): string | undefined {
  if (lock === undefined) return 'there is no package lock yet';
  if (lock.base?.digest !== base?.digest) return 'its base is another one';
  if (needsIpxe(spec) && lock.ipxe === undefined)
    return `${ipxePackage}, which machines with UEFI load, is not in the lock`;
  if (lock.request === requestDigest(spec, base)) return undefined;
  return 'the packages, boards or sources in image.yaml changed';
}

/** The first layers of a lock that still ask for the same: they keep their packages, and with them their cached results. */
export function keptLayers(lock: PackageLock | undefined, requests: readonly PackageRequest[]): LockedLayer[] {
  const layers = lock?.layers ?? [];
  const changed = requests.findIndex(({ name, digest }, index) => {
    const layer = layers[index];
    return layer?.name !== name || layer.request !== digest;
  });
  return layers.slice(0, changed === -1 ? requests.length : changed);
}

/** The `Date:` of InRelease files; the newest says how fresh the archive is. */
export function newestIndexSeconds(releases: readonly string[]): number {
  const dates = releases.flatMap((text) => {
    const value = /^Date: (.+)$/m.exec(text)?.[1];
    const ms = value === undefined ? Number.NaN : Date.parse(value);
    return Number.isNaN(ms) ? [] : [Math.floor(ms / 1000)];
  });
  return Math.max(0, ...dates);
}

/** Kernel 6.12 cannot reach the network of a Pi 5; an image that says pi5 must not be made with it. */
export function checkKernelForBoards(lock: PackageLock, { base, boards }: ImageSpec): void {
  if (!boards.includes('pi5') || !('apt' in base) || base.apt.sources.includes('raspberrypi')) return;
  const old = installedAfter(lock.layers).find(({ name }) => /^linux-image-6\.12\.\d+\+deb\d+-arm64$/.test(name));
  if (old === undefined) return;
  throw new ConfigError(`${old.name} has no driver for the Pi 5's network, and image.yaml lists pi5 among the boards`, {
    hint: `Do not pin linux-image-arm64: the kernel of ${base.apt.suite}-backports has it. Or take pi5 out of boards.`,
  });
}
