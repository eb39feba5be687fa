/** Which packages of a version are older than what an archive's security suite offers? */
import type { ImageManifest } from '../model/manifest.ts';
import type { ArchiveSource } from '../model/package-lock.ts';
import { compareDebianVersions } from './debian-version.ts';

export interface PackageBehind {
  readonly name: string;
  readonly architecture: string;
  readonly installed: string;
  readonly fixed: string;
}

/** The same archives with their security suites alone; none where they have none. */
export function securitySources(sources: readonly ArchiveSource[]): ArchiveSource[] {
  return sources
    .map((source) => ({ ...source, suites: source.suites.filter((suite) => /-security$|\/updates$/.test(suite)) }))
    .filter(({ suites }) => suites.length > 0);
}

/** @param offered what the suites have, possibly several versions of one package */
export function findBehind(
  installed: ImageManifest['packages'],
  offered: readonly { readonly name: string; readonly version: string }[],
): PackageBehind[] {
  const newest = new Map<string, string>();
  for (const { name, version } of offered) {
    const known = newest.get(name);
    if (known === undefined || compareDebianVersions(known, version) < 0) newest.set(name, version);
  }
  return installed
    .flatMap(({ name, version, architecture }) => {
      const fixed = newest.get(name);
      if (fixed === undefined || compareDebianVersions(version, fixed) >= 0) return [];
      return [{ name, architecture, installed: version, fixed }];
    })
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** @param stanzas what `apt-cache dumpavail` prints */
export function parseAvailable(stanzas: string): { name: string; version: string }[] {
  return stanzas.split(/\n{2,}/).flatMap((stanza) => {
    const name = /^Package: (\S+)$/m.exec(stanza)?.[1];
    const version = /^Version: (\S+)$/m.exec(stanza)?.[1];
    return name === undefined || version === undefined ? [] : [{ name, version }];
  });
}
