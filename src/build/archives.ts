/** The package archives of an image: which they are, apt over them, and whether they have anything new. */
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import path from 'node:path';

import { ArchiveError } from '../host/apt-error.ts';
import { downloadFiles, openApt, readIndexTargets, updateLists, type PrivateApt } from '../host/apt.ts';
import { writeFileAtomically } from '../host/atomic-file.ts';
import { sha256OfFile } from '../host/deb-store.ts';
import type { RunOptions } from '../host/process.ts';
import { ConfigError, HostError } from '../model/errors.ts';
import type { ImageSpec } from '../model/image-spec.ts';
import type { ArchiveIndex, ArchiveSource } from '../model/package-lock.ts';
import { keyringInImage, parseAptSources, type SourceFile } from '../plan/apt-sources.ts';
import {
  indexTargetFormat,
  indexUris,
  planBaseSources,
  planSources,
  renderSourcesList,
  type SourceOverrides,
} from '../plan/build-sources.ts';
import { canonicalJson, sha256 } from '../plan/canonical-json.ts';
import { listFiles } from '../host/tree.ts';
import { buildPaths } from './running-build.ts';

export interface SourcesRequest {
  readonly spec: ImageSpec;
  readonly overrides: SourceOverrides;
  /** Root of a base that is not made of packages. */
  readonly baseRoot: string | undefined;
  readonly signal: AbortSignal;
}

/** Debian's are this machine's mirrors; a base of another kind brings its own. */
export async function findSources({ spec, overrides, baseRoot, signal }: SourcesRequest): Promise<ArchiveSource[]> {
  const { base } = spec;
  const sources =
    'apt' in base
      ? planSources(base.apt, spec, { indexTargets: await readTargets(overrides, signal), overrides })
      : planBaseSources(await sourcesOfBase(baseRoot ?? ''), overrides);
  await requireKeyrings(sources);
  return sources;
}

async function readTargets({ mirrors }: SourceOverrides, signal: AbortSignal): Promise<string> {
  const isGiven = mirrors['debian'] !== undefined && mirrors['debian-security'] !== undefined;
  return isGiven ? '' : readIndexTargets(indexTargetFormat, signal);
}

/** Those on this machine. */
async function requireKeyrings(sources: readonly ArchiveSource[]): Promise<void> {
  for (const { source, keyring } of sources) {
    if (keyringInImage(keyring) !== undefined) continue;
    if ((await stat(keyring).catch(() => undefined)) !== undefined) continue;
    throw new HostError(`the signing key of the ${source} archive is not there: ${keyring}`, {
      hint: `Run "apt install ${source}-archive-keyring", or give the file: --keyring ${source}=FILE.`,
    });
  }
}

async function sourcesOfBase(root: string): Promise<ArchiveSource[]> {
  const names = await listFiles(root, ['etc/apt/sources.list.d']);
  const files: SourceFile[] = [];
  for (const name of ['etc/apt/sources.list', ...names.filter((each) => /\.(?:list|sources)$/.test(each))]) {
    const text = await readFile(path.join(root, name), 'utf8').catch(() => undefined);
    if (text !== undefined) files.push({ name, text });
  }
  const keys = await listFiles(root, ['usr/share/keyrings', 'etc/apt/trusted.gpg.d', 'etc/apt/keyrings']);
  const there = new Set(keys.map((file) => `/${file}`));
  const sources = parseAptSources(files, (file) => there.has(file));
  if (sources.length > 0) return sources;
  throw new ConfigError('the base names no package archive whose key it has', {
    hint: 'It needs files in /etc/apt/sources.list.d, and the keys that they name under Signed-By.',
  });
}

/** Also for downloads from a lock: there its sources count, not what the machine says today. */
export async function openAptFor(
  stateDir: string,
  sources: readonly ArchiveSource[],
  { baseRoot, signal }: { readonly baseRoot: string | undefined; readonly signal: AbortSignal },
): Promise<PrivateApt> {
  const placed = sources.map((source) => {
    const inside = keyringInImage(source.keyring);
    return inside === undefined ? source : { ...source, keyring: path.join(baseRoot ?? '', inside) };
  });
  const list = renderSourcesList(placed);
  const folder = buildPaths(stateDir).apt;
  const apt = await openApt(path.join(folder, sha256(list).slice(0, 16)), list, signal);
  await forgetUnused(folder, apt);
  return apt;
}

const keptDays = 30;

/** Lists of sources that no image has any more: 100 MB each. */
async function forgetUnused(folder: string, { config }: PrivateApt): Promise<void> {
  const { mtimeMs: nowMs } = await stat(config);
  for (const name of (await readdir(folder)).filter((each) => /^[0-9a-f]{16}$/.test(each))) {
    // Written whenever it is used; one that has none yet is in the making.
    const usedMs = (await stat(path.join(folder, name, 'apt.conf')).catch(() => undefined))?.mtimeMs ?? nowMs;
    if (nowMs - usedMs > keptDays * 86_400_000) await rm(path.join(folder, name), { recursive: true, force: true });
  }
}

/** Brings apt's lists up to date, which costs nothing when they are. @returns undefined for archives without InRelease */
export async function refreshLists(
  apt: PrivateApt,
  sources: readonly ArchiveSource[],
  options: RunOptions,
): Promise<ArchiveIndex[] | undefined> {
  const indexes = await readIndexes(apt, sources, options);
  const stamp = path.join(apt.dir, 'indexes.json');
  const text = `${canonicalJson(indexes ?? [])}\n`;
  if (indexes !== undefined && (await readFile(stamp, 'utf8').catch(() => '')) === text) return indexes;
  await rm(stamp, { force: true });
  await updateLists(apt, options);
  await writeFileAtomically(stamp, text);
  return indexes;
}

/** What the archives' signed indexes are right now. A fraction of a second for all of them; apt is not asked. */
export async function readIndexes(
  apt: PrivateApt,
  sources: readonly ArchiveSource[],
  options: RunOptions,
): Promise<ArchiveIndex[] | undefined> {
  const uris = indexUris(sources);
  const files = uris.map((uri, index) => ({ uri, target: path.join(apt.dir, `index-${index}`), sha256: undefined }));
  try {
    for (const { target } of files) await rm(target, { force: true });
    await downloadFiles(apt, files, options);
    return await Promise.all(files.map(async ({ uri, target }) => ({ uri, sha256: await sha256OfFile(target) })));
  } catch (error) {
    // One that has no InRelease is apt's to judge; one that cannot be reached stays so.
    if (options.signal.aborted || error instanceof ArchiveError || !(error instanceof HostError)) throw error;
    return undefined;
  }
}

/** Says which archive could not be reached in the user's words, and what else can be built. */
export async function explainArchive<T>(sources: readonly ArchiveSource[], work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const isRaspberryPi =
      error instanceof ArchiveError &&
      sources.some(({ source, uri }) => source === 'raspberrypi' && new URL(uri).host === error.host);
    if (!isRaspberryPi) throw error;
    throw new HostError(`the Raspberry Pi archive cannot be used: ${error.message}`, {
      cause: error.cause,
      hint: "Build debian-lite, which needs only Debian's archive; or name another address with --mirror raspberrypi=URL.",
    });
  }
}
