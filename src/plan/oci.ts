/** Decisions about container images: which of several, where a registry keeps it, and what a layer takes away. */
import { ConfigError } from '../model/errors.ts';
import type { OciConfig, OciDescriptor } from '../model/oci.ts';

const wanted = { os: 'linux', architecture: 'arm64' } as const;

/** @param what names the image in errors @throws ConfigError when none is for us, or several are */
export function chooseManifest(manifests: readonly OciDescriptor[], what: string): OciDescriptor {
  const fitting = manifests.filter(({ platform }) => platform === undefined || isOurs(platform));
  // One that says what it is for goes before one that does not.
  const named = fitting.filter(({ platform }) => platform !== undefined);
  const candidates = named.length > 0 ? named : fitting;
  const [chosen] = candidates;
  const digests = new Set(candidates.map(({ digest }) => digest));
  if (chosen !== undefined && digests.size === 1) return chosen;
  if (chosen !== undefined) {
    throw new ConfigError(`${what} holds ${digests.size} images for arm64`, {
      hint: 'Save the one that you mean alone.',
    });
  }
  const others = manifests.flatMap(({ platform }) =>
    platform === undefined ? [] : [`${platform.os}/${platform.architecture}`],
  );
  throw new ConfigError(`${what} has no image for arm64, only for ${[...new Set(others)].join(', ') || 'nothing'}`, {
    hint: 'Save or build it with "--platform linux/arm64".',
  });
}

function isOurs({ os, architecture, variant }: NonNullable<OciDescriptor['platform']>): boolean {
  return os === wanted.os && architecture === wanted.architecture && (variant === undefined || variant === 'v8');
}

export function requireOurs({ os, architecture }: OciConfig, what: string): void {
  if (os === wanted.os && architecture === wanted.architecture) return;
  throw new ConfigError(`${what} is an image for ${os}/${architecture}, and nodes are arm64`, {
    hint: 'Save or build it with "--platform linux/arm64".',
  });
}

export interface RegistryPlace {
  readonly host: string;
  readonly repository: string;
  /** With its `sha256:`. */
  readonly digest: string;
  /** Of the repository, up to and without `/manifests` and `/blobs`. */
  readonly url: string;
}

/** `ghcr.io/owner/name:tag@sha256:…`; the tag is for people. */
export function parseRegistryPlace(reference: string): RegistryPlace {
  const [, given = '', name = '', digest = ''] =
    /^([^/]+)\/([^@]+?)(?::[\w][\w.-]*)?@(sha256:[0-9a-f]{64})$/.exec(reference) ?? [];
  // Docker's own registry goes by another name than it answers to, and its official images lie in a folder.
  const isDocker = given === 'docker.io';
  const host = isDocker ? 'registry-1.docker.io' : given;
  const repository = isDocker && !name.includes('/') ? `library/${name}` : name;
  const scheme = isLoopback(host) ? 'http' : 'https';
  return { host, repository, digest, url: `${scheme}://${host}/v2/${repository}` };
}

/** As docker does it: a registry on the machine itself has no certificate. */
function isLoopback(host: string): boolean {
  return /^(?:localhost|127\.\d+\.\d+\.\d+)(?::\d+)?$/.test(host);
}

/** `Bearer realm="https://auth…",service="…",scope="…"` of a 401 (RFC 6750); undefined when it wants a password. */
export function tokenAddress(challenge: string): string | undefined {
  const [, scheme = '', rest = ''] = /^\s*(\w+)\s+(.*)$/s.exec(challenge) ?? [];
  if (scheme.toLowerCase() !== 'bearer') return undefined;
  const fields = new Map([...rest.matchAll(/(\w+)="([^"]*)"/g)].map(([, name = '', value = '']) => [name, value]));
  const realm = fields.get('realm');
  if (realm === undefined || !URL.canParse(realm)) return undefined;
  const url = new URL(realm);
  for (const name of ['service', 'scope']) {
    const value = fields.get(name);
    if (value !== undefined) url.searchParams.set(name, value);
  }
  return url.href;
}

export interface LayerEntry {
  readonly path: string;
  readonly isFolder: boolean;
}

export interface LayerRemovals {
  /** Gone with all that is in them, before the layer comes. Paths relative to the root. */
  readonly paths: readonly string[];
  /** Nothing of the layers below is left. */
  readonly everything: boolean;
}

const whiteout = '.wh.';
const opaque = '.wh..wh..opq';

/** Names by which a layer says what of the layers below is not there any more (OCI image specification, layer.md). */
export function planRemovals(entries: readonly LayerEntry[]): LayerRemovals {
  const places = entries.map(({ path }) => cleanPath(path)).map(splitPath);
  const emptied = places.filter(({ name }) => name === opaque).map(({ folder }) => folder);
  const hidden = places.flatMap(({ folder, name }) => {
    // Other names with two prefixes are aufs' own.
    if (!name.startsWith(whiteout) || name.startsWith(`${whiteout}${whiteout}`)) return [];
    const gone = name.slice(whiteout.length);
    return ['', '.', '..'].includes(gone) ? [] : [folder === '' ? gone : `${folder}/${gone}`];
  });
  // A folder that is emptied comes again, with its attributes, in the layer itself.
  return { paths: [...emptied.filter((folder) => folder !== ''), ...hidden], everything: emptied.includes('') };
}

function splitPath(path: string): { folder: string; name: string } {
  const slash = path.lastIndexOf('/');
  return { folder: path.slice(0, Math.max(0, slash)), name: path.slice(slash + 1) };
}

/** `./usr/bin/` -> `usr/bin`; a way upwards is no way. */
export function cleanPath(path: string): string {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (!parts.includes('..')) return parts.join('/');
  throw new ConfigError(`a layer of the image names ${path}, which lies outside of it`, {
    hint: 'Do not use this image: it was made to harm.',
  });
}

/** One line of `tar --list --quoting-style=escape`. */
export function parseTarName(line: string): LayerEntry {
  const path = line.replaceAll(/\\([0-7]{3}|.)/g, (_, code: string) => escapes[code] ?? unescaped(code));
  return { path: Buffer.from(path, 'latin1').toString('utf8'), isFolder: path.endsWith('/') };
}

const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', a: '\u0007', b: '\b', f: '\f', v: '\v' };

function unescaped(code: string): string {
  return /^[0-7]{3}$/.test(code) ? String.fromCodePoint(Number.parseInt(code, 8)) : code;
}
