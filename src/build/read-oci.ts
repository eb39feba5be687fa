/** Finds the image for arm64 in a layout, an archive or a registry, and checks every document against its digest. */
import { readFile, realpath, stat } from 'node:fs/promises';
import path from 'node:path';

import { parseJson, type Schema } from '../host/json-file.ts';
import { isDownloaded } from '../host/download.ts';
import { pull } from '../host/oci-registry.ts';
import { readThrough } from '../host/pipe.ts';
import { ConfigError } from '../model/errors.ts';
import { DockerArchive, OciConfig, OciDocument, OciIndex, type OciDescriptor, type OciManifest } from '../model/oci.ts';
import { sha256 } from '../plan/canonical-json.ts';
import { chooseManifest, parseRegistryPlace, requireOurs, tokenAddress } from '../plan/oci.ts';
import { offlineError, sourcesDir, type BaseContext } from './unpack-context.ts';

/** The content of a document by its digest (`sha256:…`); undefined when it is not there. */
type ReadDocument = (digest: string) => Promise<Buffer | undefined>;

/** Reads a file of a layout or archive by its name. */
type ReadMember = (name: string) => Promise<Buffer | undefined>;

interface OciLayer {
  /** Of its file in a layout or archive. */
  readonly name: string;
  /** Hex, of the file; an archive of docker's own does not say it. */
  readonly digest: string | undefined;
  /** Hex, of what is packed in it. */
  readonly contentDigest: string;
}

export interface OciImage {
  /** Hex: of the manifest, or of the configuration where an archive has none. */
  readonly digest: string;
  /** The lowest first. */
  readonly layers: readonly OciLayer[];
}

const blobName = (digest: string) => `blobs/sha256/${hex(digest)}`;
const hex = (digest: string) => digest.replace(/^sha256:/, '');

export function folderMembers(folder: string): ReadMember {
  return async (name) => {
    const base = await realpath(folder);
    const file = await realpath(path.join(base, name)).catch(() => undefined);
    // What an archive links to elsewhere is no part of it.
    if (file?.startsWith(`${base}/`) !== true || !(await stat(file)).isFile()) return undefined;
    return readFile(file);
  };
}

/** An archive is not unpacked for the sake of its documents. */
export async function archiveMembers(archive: string, signal: AbortSignal): Promise<ReadMember> {
  const hint = 'It must be a tar file that "docker save" or "podman save" wrote.';
  const names = (await collect(readThrough(['tar', '--list', '--file', archive], { signal, hint })))
    .toString()
    .split('\n');
  return async (name) => {
    const member = names.find((candidate) => candidate.replace(/^\.\//, '') === name);
    if (member === undefined) return undefined;
    const argv = ['tar', '--extract', '--to-stdout', '--no-wildcards', '--file', archive, '--', member] as const;
    return collect(readThrough(argv, { signal, hint }));
  };
}

async function collect(bytes: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of bytes) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** A layout, or an archive of one; or what docker wrote before it knew layouts. @param what names it in errors */
export async function findImage(read: ReadMember, what: string): Promise<OciImage> {
  const index = await read('index.json');
  if (index !== undefined) {
    const { manifests } = parse(OciIndex, index, `index.json of ${what}`);
    const blob = (digest: string) => read(blobName(digest));
    return describe(manifests, { document: blob, blob }, what);
  }
  const list = await read('manifest.json');
  if (list === undefined) {
    throw new ConfigError(`${what} is no container image: it has neither index.json nor manifest.json`, {
      hint: 'Write one with "docker save", "podman save" or "skopeo copy … oci:FOLDER".',
    });
  }
  return describeDocker(parse(DockerArchive, list, `manifest.json of ${what}`), read, what);
}

async function describeDocker(images: DockerArchive, read: ReadMember, what: string): Promise<OciImage> {
  const [image] = images;
  if (image === undefined || images.length > 1) {
    throw new ConfigError(`${what} holds ${images.length} images`, { hint: 'Save the one that you mean alone.' });
  }
  const text = await read(image.Config);
  if (text === undefined) throw lacks(what, image.Config);
  const config = readConfig(text, image.Layers.length, what);
  const layers = image.Layers.map((name, index) => ({
    name,
    digest: undefined,
    contentDigest: hex(config.rootfs.diff_ids[index] ?? ''),
  }));
  return { digest: sha256(text), layers };
}

export function findInRegistry(reference: string, context: BaseContext): Promise<OciImage> {
  const { digest } = parseRegistryPlace(reference);
  const read = (kind: 'manifests' | 'blobs') => async (wanted: string) =>
    readFile(await pullFrom(reference, wanted, { kind, context }));
  return describe([{ mediaType: '', digest }], { document: read('manifests'), blob: read('blobs') }, reference);
}

/** @returns the file */
export async function pullFrom(
  reference: string,
  digest: string,
  { kind, context }: { readonly kind: 'manifests' | 'blobs'; readonly context: BaseContext },
): Promise<string> {
  const { url } = parseRegistryPlace(reference);
  const place = { folder: sourcesDir(context), sha256: hex(digest) };
  if (context.offline && !(await isDownloaded(place))) throw offlineError(`${reference.replace(/@.*/, '')} ${digest}`);
  const onBytes = (done: number, total: number | undefined) => {
    const of = total === undefined ? '' : ` of ${Math.ceil(total / 1e6)}`;
    context.progress.detail(`downloading ${Math.floor(done / 1e6)}${of} MB of ${kind}`);
  };
  return pull({ ...place, url, kind, onBytes, signal: context.signal }, tokenAddress);
}

interface Readers {
  readonly document: ReadDocument;
  readonly blob: ReadDocument;
}

/** Down from a choice of images, which may hold choices, to the one for us. */
async function describe(
  manifests: readonly OciDescriptor[],
  readers: Readers,
  what: string,
  depth = 0,
): Promise<OciImage> {
  const { digest } = chooseManifest(manifests, what);
  const document = parse(
    OciDocument,
    await readChecked(readers.document, digest, what),
    `manifest ${digest} of ${what}`,
  );
  if ('layers' in document) return describeManifest(digest, document, readers.blob, what);
  if (depth === deepest) throw new ConfigError(`${what} is an index of an index of an index`);
  return describe(document.manifests, readers, what, depth + 1);
}

const deepest = 3;

async function describeManifest(
  digest: string,
  manifest: OciManifest,
  blob: ReadDocument,
  what: string,
): Promise<OciImage> {
  const config = readConfig(await readChecked(blob, manifest.config.digest, what), manifest.layers.length, what);
  const layers = manifest.layers.map((layer, index) => ({
    name: blobName(layer.digest),
    digest: hex(layer.digest),
    contentDigest: hex(config.rootfs.diff_ids[index] ?? ''),
  }));
  return { digest: hex(digest), layers };
}

function readConfig(text: Buffer, layers: number, what: string): OciConfig {
  const config = parse(OciConfig, text, `the configuration of ${what}`);
  requireOurs(config, what);
  const { diff_ids: digests } = config.rootfs;
  if (digests.length === layers) return config;
  throw new ConfigError(`${what} has ${layers} layers, and its configuration names ${digests.length}`, {
    hint: 'The image is damaged: save it again.',
  });
}

async function readChecked(read: ReadDocument, digest: string, what: string): Promise<Buffer> {
  const text = await read(digest);
  if (text === undefined) throw lacks(what, digest);
  if (sha256(text) === hex(digest)) return text;
  throw new ConfigError(`${digest} of ${what} is damaged: its sha256 is ${sha256(text)}`, { hint: 'Save it again.' });
}

function lacks(what: string, name: string): ConfigError {
  return new ConfigError(`${what} lacks ${name}`, { hint: 'Save it again, with "--platform linux/arm64".' });
}

function parse<T>(schema: Schema<T>, text: Buffer, what: string): T {
  const hint = 'Save the image again.';
  return parseJson(text.toString('utf8'), schema, ({ at, message, cause }) =>
    at === undefined
      ? new ConfigError(`${what} is not JSON`, { cause, hint })
      : new ConfigError(`${what} is not as expected: ${at}: ${message}`, { hint }),
  );
}
