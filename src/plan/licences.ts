/** Which licences does a package name in its copyright file? In Debian's machine-readable format: other texts are for people. */

const machineReadable = /^Format:\s*https?:\/\/www\.debian\.org\/doc\/packaging-manuals\/copyright-format\//m;

/** Each short name once, in their order. @param text of /usr/share/doc/<package>/copyright */
export function parseLicences(text: string): string[] {
  if (!machineReadable.test(text.slice(0, 4096))) return [];
  const names = [...text.matchAll(/^License:[ \t]*(\S[^\n]*)$/gim)].map(([, name = '']) => name.trim());
  return [...new Set(names)].toSorted();
}

/** What SPDX calls these of Debian's short names. */
const spdxIds = new Map([
  ['Expat', 'MIT'],
  ['BSD-2-clause', 'BSD-2-Clause'],
  ['BSD-3-clause', 'BSD-3-Clause'],
  ['BSD-4-clause', 'BSD-4-Clause'],
  ['BSD-4-clause-UC', 'BSD-4-Clause-UC'],
  ['zlib', 'Zlib'],
]);

/** Debian writes them as SPDX does. */
const sameInSpdx = new Set(
  'Apache-2.0 Artistic-2.0 BSL-1.0 CC0-1.0 FSFAP FSFUL FSFULLR ISC MIT MPL-1.1 MPL-2.0 OFL-1.1 PSF-2.0 Unlicense Zlib'.split(
    ' ',
  ),
);

/** `GPL-2+`, `LGPL-2.1` */
const gnu = /^(A?GPL|LGPL)-(\d)(?:\.(\d))?(\+?)$/;

export type Licence = { readonly id: string } | { readonly name: string };

/** An SPDX id where the short name has one; alternatives and exceptions stay as they are written. */
export function licenceOf(shortName: string): Licence {
  const [, family, major, minor = '0', plus] = gnu.exec(shortName) ?? [];
  if (family !== undefined) return { id: `${family}-${major}.${minor}-${plus === '+' ? 'or-later' : 'only'}` };
  const id = sameInSpdx.has(shortName) ? shortName : spdxIds.get(shortName);
  return id === undefined ? { name: shortName } : { id };
}
