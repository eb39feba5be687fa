/** What an image's /var/lib/dpkg/status tells of its packages beyond their versions. */

export interface InstalledPackage {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  /** The source package that it was built from, and that one's version. */
  readonly source: { readonly name: string; readonly version: string };
  readonly maintainer: string | undefined;
  readonly homepage: string | undefined;
  /** Alternatives of each thing that it needs, without versions: `a | b` is one entry of two. */
  readonly needs: readonly (readonly string[])[];
  readonly provides: readonly string[];
}

/** By name and architecture. */
export function parseDpkgStatus(status: string): InstalledPackage[] {
  return status
    .split(/\n{2,}/)
    .map((stanza) => readFields(stanza))
    .filter((fields) => fields.get('Status')?.endsWith(' installed') === true)
    .map((fields) => describe(fields))
    .toSorted((a, b) => (orderKey(a) < orderKey(b) ? -1 : 1));
}

const orderKey = ({ name, architecture }: InstalledPackage) => `${name} ${architecture}`;

function readFields(stanza: string): ReadonlyMap<string, string> {
  const fields = stanza.trim().split(/\n(?=\S)/);
  return new Map(
    fields.map((text) => {
      const colon = text.indexOf(':');
      return [text.slice(0, colon), text.slice(colon + 1).trim()] as const;
    }),
  );
}

function describe(fields: ReadonlyMap<string, string>): InstalledPackage {
  const name = fields.get('Package') ?? '';
  const version = fields.get('Version') ?? '';
  // `Source: glibc (2.41-12)`: without a version it is the package's own, without the field it is the package itself.
  const [, sourceName = name, sourceVersion = version] =
    /^(\S+)(?:\s+\(([^)]+)\))?$/.exec(fields.get('Source') ?? name) ?? [];
  return {
    name,
    version,
    architecture: fields.get('Architecture') ?? '',
    source: { name: sourceName, version: sourceVersion },
    maintainer: fields.get('Maintainer'),
    homepage: fields.get('Homepage'),
    needs: ['Pre-Depends', 'Depends'].flatMap((field) => readRelations(fields.get(field) ?? '')),
    provides: readRelations(fields.get('Provides') ?? '').flat(),
  };
}

/** `a (>= 1), b:any | c` becomes [[a], [b, c]]. */
function readRelations(text: string): string[][] {
  return text
    .split(',')
    .map((entry) => entry.split('|').flatMap((one) => /[a-z0-9][a-z0-9+.-]*/.exec(one.trim())?.[0] ?? []))
    .filter((alternatives) => alternatives.length > 0);
}
