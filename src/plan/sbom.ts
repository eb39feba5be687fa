/** What a version is made of, for people and for scanners: CycloneDX 1.6. The same version and lock give the same text. */
import type { ImageManifest } from '../model/manifest.ts';
import type { LockedPackage } from '../model/package-lock.ts';
import { canonicalJson, sha256 } from './canonical-json.ts';
import type { InstalledPackage } from './dpkg-status.ts';
import { licenceOf } from './licences.ts';

export interface SbomSource {
  readonly manifest: ImageManifest;
  /** Of its root; empty where it is not Debian's. */
  readonly installed: readonly InstalledPackage[];
  /** Package -> short names of its licences, as far as its copyright file is for programs. */
  readonly licences: ReadonlyMap<string, readonly string[]>;
  /** Text of its /etc/os-release. */
  readonly osRelease: string;
  /** Of the image's lock, which may be newer than the version: what it does not name has no digest. */
  readonly locked: readonly Pick<LockedPackage, 'name' | 'version' | 'architecture' | 'sha256'>[];
  readonly program: { readonly name: string; readonly version: string };
}

export interface ListedPackage {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  /** `glibc 2.41-12`; undefined: the root does not say. */
  readonly source: string | undefined;
  readonly purl: string;
  /** Of its .deb. */
  readonly sha256: string | undefined;
  /** Debian's short names; empty: it says so to people only. */
  readonly licences: readonly string[];
}

/** What the manifest says is there, which its signature covers; the root only says more about it. */
export function listPackages({ manifest, installed, osRelease, locked, licences }: SbomSource): ListedPackage[] {
  const known = new Map(installed.map((each) => [idOf(each), each]));
  const digests = new Map(locked.map((each) => [idOf(each), each.sha256]));
  const distribution = readDistribution(osRelease);
  return manifest.packages
    .map((each) => {
      const source = known.get(idOf(each))?.source;
      return {
        ...each,
        source: source && `${source.name} ${source.version}`,
        purl: purlOf(each, distribution),
        sha256: digests.get(idOf(each)),
        licences: licences.get(each.name) ?? [],
      };
    })
    .toSorted((a, b) => (idOf(a) < idOf(b) ? -1 : 1));
}

type PackageId = Pick<LockedPackage, 'name' | 'version' | 'architecture'>;

/** Also the `bom-ref`. */
const idOf = ({ name, version, architecture }: PackageId) => `${name}:${architecture}=${version}`;

interface Distribution {
  readonly id: string;
  readonly release: string;
}

function readDistribution(osRelease: string): Distribution {
  const value = (name: string) => new RegExp(`^${name}="?([^"\n]*)"?$`, 'm').exec(osRelease)?.[1] ?? '';
  return { id: value('ID').toLowerCase() || 'debian', release: value('VERSION_ID') };
}

const escape = (text: string) => encodeURIComponent(text).replaceAll('%3A', ':');

/** As the package-url specification has it for `deb`: `+` is escaped, `:` and `~` are not. */
function purlOf({ name, version, architecture }: PackageId, { id, release }: Distribution): string {
  const distro = release === '' ? '' : `&distro=${escape(`${id}-${release}`)}`;
  return `pkg:deb/${escape(id)}/${escape(name)}@${escape(version)}?arch=${escape(architecture)}${distro}`;
}

export function renderSbom(source: SbomSource): object {
  const { manifest, installed, osRelease, program } = source;
  const known = new Map(installed.map((each) => [idOf(each), each]));
  const packages = listPackages(source);
  const { id, release } = readDistribution(osRelease);
  const subject = `${manifest.name}@${manifest.version}`;
  const bom = {
    metadata: {
      timestamp: manifest.builtAt,
      tools: { components: [{ type: 'application', ...program }] },
      component: {
        type: 'operating-system',
        'bom-ref': subject,
        name: manifest.name,
        version: manifest.version,
        properties: propertiesOf({
          'pi-image:key': manifest.key,
          'pi-image:index': manifest.index,
          'pi-image:distribution': `${id} ${release}`.trim(),
        }),
      },
    },
    components: packages.map((each) => componentOf(each, known.get(idOf(each)))),
    dependencies: [
      { ref: subject, dependsOn: packages.map((each) => idOf(each)) },
      ...dependenciesOf(packages, installed),
    ],
  };
  const serialNumber = `urn:uuid:${uuidOf(sha256(canonicalJson(bom)))}`;
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber,
    version: 1,
    ...bom,
  };
}

function componentOf(
  { name, version, architecture, source, purl, sha256: digest, licences }: ListedPackage,
  about?: InstalledPackage,
) {
  const { maintainer, homepage } = about ?? {};
  return {
    type: 'library',
    'bom-ref': idOf({ name, version, architecture }),
    ...(maintainer !== undefined && { publisher: maintainer }),
    name,
    version,
    ...(digest !== undefined && { hashes: [{ alg: 'SHA-256', content: digest }] }),
    ...(licences.length > 0 && { licenses: licences.map((each) => ({ license: licenceOf(each) })) }),
    purl,
    ...(homepage !== undefined && { externalReferences: [{ type: 'website', url: homepage }] }),
    properties: propertiesOf({ 'pi-image:architecture': architecture, 'pi-image:source': source }),
  };
}

function propertiesOf(values: Readonly<Record<string, string | undefined>>) {
  return Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [{ name, value }]));
}

/** The first alternative that is installed, or provided by what is. */
function dependenciesOf(packages: readonly PackageId[], installed: readonly InstalledPackage[]) {
  const listed = new Set(packages.map((each) => idOf(each)));
  const there = installed.filter((each) => listed.has(idOf(each))).toSorted((a, b) => (idOf(a) < idOf(b) ? -1 : 1));
  const providers = new Map<string, string>();
  for (const each of there) for (const name of each.provides) providers.set(name, providers.get(name) ?? idOf(each));
  for (const each of there) providers.set(each.name, idOf(each));
  return there.map((each) => {
    const found = each.needs.flatMap(
      (alternatives) => alternatives.map((name) => providers.get(name)).find((ref) => ref !== undefined) ?? [],
    );
    const dependsOn = [...new Set(found)].filter((ref) => ref !== idOf(each)).toSorted();
    return { ref: idOf(each), dependsOn };
  });
}

/** RFC 9562 version 8: what is in it is up to us, here a digest. */
function uuidOf(digest: string): string {
  const variant = ((Number.parseInt(digest.slice(16, 17), 16) & 3) | 8).toString(16);
  return [
    digest.slice(0, 8),
    digest.slice(8, 12),
    `8${digest.slice(13, 16)}`,
    `${variant}${digest.slice(17, 20)}`,
    digest.slice(20, 32),
  ].join('-');
}
