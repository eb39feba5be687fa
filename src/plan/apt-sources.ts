/** The apt sources that a base brings along: sources.list lines and deb822 stanzas, as one list. */
import type { ArchiveSource } from '../model/package-lock.ts';

/** Where a key lies that is the base's own. */
const inImage = 'image:';

/** @returns its path in the base; undefined for a file of this machine */
export function keyringInImage(keyring: string): string | undefined {
  return keyring.startsWith(inImage) ? keyring.slice(inImage.length) : undefined;
}

/** Keys that are tried where a source names none: the ones of Debian and of Raspberry Pi OS. */
const usualKeyrings: Readonly<Record<ArchiveSource['source'], readonly string[]>> = {
  debian: ['/usr/share/keyrings/debian-archive-keyring.pgp', '/usr/share/keyrings/debian-archive-keyring.gpg'],
  raspberrypi: [
    '/usr/share/keyrings/raspberrypi-archive-keyring.pgp',
    '/usr/share/keyrings/raspberrypi-archive-keyring.gpg',
    '/etc/apt/trusted.gpg.d/raspberrypi-archive-stable.gpg',
  ],
};

export interface SourceFile {
  readonly name: string;
  readonly text: string;
}

interface Entry {
  readonly uri: string;
  readonly suites: readonly string[];
  readonly components: readonly string[];
  readonly signedBy: string | undefined;
}

/** @param hasFile whether the base has a file @returns sources of binary packages, each with a key that is there */
export function parseAptSources(files: readonly SourceFile[], hasFile: (file: string) => boolean): ArchiveSource[] {
  const entries = files.flatMap(({ name, text }) => (name.endsWith('.sources') ? parseDeb822(text) : parseLines(text)));
  return entries.flatMap(({ uri, suites, components, signedBy }) => {
    const source = /raspberrypi|raspbian/.test(uri) ? 'raspberrypi' : 'debian';
    const keyring = signedBy ?? usualKeyrings[source].find(hasFile);
    if (keyring === undefined || components.length === 0) return [];
    return [{ source, uri, suites: [...suites], components: [...components], keyring: `${inImage}${keyring}` }];
  });
}

function parseLines(text: string): Entry[] {
  return text.split('\n').flatMap((line) => {
    const match = /^\s*deb\s+(?:\[([^\]]*)\]\s+)?(https?:\S+)\s+(\S+)\s+([^#]*)/.exec(line);
    if (match === null) return [];
    const [, options = '', uri = '', suite = '', components = ''] = match;
    const signedBy = /(?:^|\s)signed-by=(\/\S+)/.exec(options)?.[1];
    return [{ uri, suites: [suite], components: words(components), signedBy }];
  });
}

function parseDeb822(text: string): Entry[] {
  return text.split(/\n\s*\n/).flatMap((stanza) => {
    const lines = stanza.split('\n').filter((line) => !line.startsWith('#'));
    const unfolded = lines.join('\n').replaceAll(/\n[ \t]+/g, ' ');
    const field = (name: string) => new RegExp(`^${name}:[ \t]*(.*)$`, 'im').exec(unfolded)?.[1]?.trim() ?? '';
    if (!words(field('Types')).includes('deb') || /^no$/i.test(field('Enabled'))) return [];
    const signedBy = field('Signed-By').startsWith('/') ? field('Signed-By') : undefined;
    const [suites, components] = [words(field('Suites')), words(field('Components'))];
    return words(field('URIs')).map((uri) => ({ uri, suites, components, signedBy }));
  });
}

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}
