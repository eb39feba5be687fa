/** Container images as docker, podman and registries have them, made with tar from what a script puts into a folder. */
import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { gzipSync } from 'node:zlib';

import { run } from '../../src/host/process.ts';

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

export type Packing = 'tar' | 'gzip' | 'zstd';

export interface MadeLayer {
  readonly tar: Buffer;
  readonly packed: Buffer;
  readonly packing: Packing;
}

/**
 * @param script for sh -eu, run in an empty folder
 * @param options members: what tar takes of it, everything unless given; dropped: taken out of the archive again, so that
 *   a hard link to it leads to nothing in there
 */
export async function makeLayer(
  dir: string,
  script: string,
  options: {
    readonly packing?: Packing;
    readonly members?: readonly string[];
    readonly dropped?: string;
    readonly signal: AbortSignal;
  },
): Promise<MadeLayer> {
  const { packing = 'gzip', members = ['.'], dropped, signal } = options;
  const folder = path.join(dir, 'layer');
  const file = path.join(dir, 'layer.tar');
  await mkdir(folder);
  await run(['sh', '-euc', script], { cwd: folder, signal });
  const keep = ['--format=posix', '--xattrs', '--xattrs-include=*', '--numeric-owner', '--sort=name'];
  await run(['tar', '--create', ...keep, '--directory', folder, '--file', file, ...members], { signal });
  if (dropped !== undefined) await run(['tar', '--delete', '--file', file, dropped], { signal });
  const tar = await readFile(file);
  if (packing === 'zstd') await run(['zstd', '-q', '-f', file, '-o', `${file}.zst`], { signal });
  const packed = packing === 'tar' ? tar : packing === 'gzip' ? gzipSync(tar) : await readFile(`${file}.zst`);
  await rm(folder, { recursive: true });
  await rm(file);
  return { tar, packed, packing };
}

const mediaTypes: Readonly<Record<Packing, string>> = {
  tar: 'application/vnd.oci.image.layer.v1.tar',
  gzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  zstd: 'application/vnd.oci.image.layer.v1.tar+zstd',
};

export interface MadeImage {
  /** By digest, without `sha256:`. */
  readonly blobs: ReadonlyMap<string, Buffer>;
  readonly manifestDigest: string;
  readonly indexDigest: string;
  readonly configDigest: string;
}

/** An index with an image for arm64, one for amd64 that is not there, and an attestation. */
export function makeOciImage(layers: readonly MadeLayer[], architecture = 'arm64'): MadeImage {
  const blobs = new Map<string, Buffer>();
  const add = (content: Buffer) => {
    const digest = sha256(content);
    blobs.set(digest, content);
    return { digest: `sha256:${digest}`, size: content.byteLength };
  };
  const json = (value: unknown) => add(Buffer.from(JSON.stringify(value)));
  const config = json({
    architecture,
    os: 'linux',
    config: {},
    rootfs: { type: 'layers', diff_ids: layers.map(({ tar }) => `sha256:${sha256(tar)}`) },
  });
  const manifest = json({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', ...config },
    layers: layers.map(({ packed, packing }) => ({ mediaType: mediaTypes[packing], ...add(packed) })),
  });
  const index = json({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: [
      { ...manifest, digest: `sha256:${'0'.repeat(64)}`, platform: { os: 'linux', architecture: 'amd64' } },
      { ...manifest, platform: { os: 'linux', architecture, variant: 'v8' } },
      { ...manifest, digest: `sha256:${'1'.repeat(64)}`, platform: { os: 'unknown', architecture: 'unknown' } },
    ],
  });
  const hex = (digest: string) => digest.slice('sha256:'.length);
  return {
    blobs,
    manifestDigest: hex(manifest.digest),
    indexDigest: hex(index.digest),
    configDigest: hex(config.digest),
  };
}

export async function writeLayout(folder: string, { blobs, indexDigest }: MadeImage): Promise<void> {
  await mkdir(path.join(folder, 'blobs/sha256'), { recursive: true });
  for (const [digest, content] of blobs) await writeFile(path.join(folder, 'blobs/sha256', digest), content);
  await writeFile(path.join(folder, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  const manifests = [
    { mediaType: 'application/vnd.oci.image.index.v1+json', digest: `sha256:${indexDigest}`, size: 1 },
  ];
  await writeFile(path.join(folder, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }));
}

/** As "docker save" wrote before version 25: a folder for each layer, and a list. */
export async function writeDockerArchive(
  file: string,
  layers: readonly MadeLayer[],
  { blobs, configDigest }: MadeImage,
  signal: AbortSignal,
): Promise<void> {
  const folder = `${file}.d`;
  const names: string[] = [];
  for (const { tar } of layers) {
    const name = sha256(tar);
    await mkdir(path.join(folder, name), { recursive: true });
    await writeFile(path.join(folder, name, 'layer.tar'), tar);
    names.push(`${name}/layer.tar`);
  }
  await writeFile(path.join(folder, `${configDigest}.json`), blobs.get(configDigest) ?? '');
  const list = [{ Config: `${configDigest}.json`, RepoTags: ['demo:latest'], Layers: names }];
  await writeFile(path.join(folder, 'manifest.json'), JSON.stringify(list));
  await run(
    ['tar', '--create', '--directory', folder, '--file', file, ...names, `${configDigest}.json`, 'manifest.json'],
    {
      signal,
    },
  );
  await rm(folder, { recursive: true });
}

export interface Registry {
  /** `127.0.0.1:port` */
  readonly host: string;
  readonly asked: string[];
  /** Everybody gets a token, and needs it. */
  wantsToken: boolean;
  readonly close: () => Promise<void>;
}

const token = 'a-token-for-everybody';

/** Serves one image as `demo/pi`; blobs come from another place, as big registries have it. */
export async function startRegistry({ blobs }: Pick<MadeImage, 'blobs'>): Promise<Registry> {
  const registry = { asked: [] as string[], wantsToken: false };
  const server = createServer((request, response) => {
    const { url = '', method = '', headers } = request;
    registry.asked.push(`${method} ${url}`);
    const isKnown = url.startsWith('/store/') || headers.authorization === `Bearer ${token}`;
    if (url.startsWith('/token')) response.end(JSON.stringify({ token }));
    else if (registry.wantsToken && !isKnown) response.writeHead(401, challengeOf(request)).end();
    else answer(request, response, blobs);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return Object.assign(registry, { host: `127.0.0.1:${(server.address() as AddressInfo).port}`, close });
}

function challengeOf({ headers }: IncomingMessage): Record<string, string> {
  const fields = `service="demo",scope="repository:demo/pi:pull"`;
  return { 'www-authenticate': `Bearer realm="http://${headers.host}/token",${fields}` };
}

function answer({ url, headers }: IncomingMessage, response: ServerResponse, blobs: MadeImage['blobs']): void {
  const [, kind, digest = ''] =
    /^\/(?:v2\/demo\/pi\/)?(manifests|blobs|store)\/sha256:([0-9a-f]{64})$/.exec(url ?? '') ?? [];
  const content = blobs.get(digest);
  if (content === undefined) return void response.writeHead(404).end();
  if (kind === 'blobs') return void response.writeHead(307, { location: `/store/sha256:${digest}` }).end();
  const isRefused = kind === 'manifests' && headers.accept?.includes('image.index.v1+json') !== true;
  if (isRefused) return void response.writeHead(406).end();
  response.writeHead(200, { 'content-length': content.byteLength }).end(content);
}
