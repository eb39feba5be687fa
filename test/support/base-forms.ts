/** The base of a tiny image in other forms than a folder: as a tar file, a card by its address, a container image of a registry. */
import { createHash } from 'node:crypto';
import { mkdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';

import { run } from '../../src/host/process.ts';
import { makeCardImage, sampleBootFiles } from './card-image.ts';
import { startFileServer } from './file-server.ts';
import { makeOciImage, startRegistry } from './oci-image.ts';
import type { PackBase } from './tiny-image.ts';

const signal = AbortSignal.timeout(3_600_000);

export interface BaseForm {
  readonly pack: PackBase;
  readonly close: () => Promise<void>;
}

/** @param name of the file beside image.yaml; its end says how it is packed */
const packTar = async (folder: string, name: string): Promise<string> => {
  const file = path.join(folder, name);
  const keep = ['--xattrs', '--xattrs-include=*', '--numeric-owner', '--format=posix', '--auto-compress'];
  await run(['tar', '--create', ...keep, '--file', file, '-C', path.join(folder, 'base'), '.'], { signal });
  return file;
};

export function tarForm(): Promise<BaseForm> {
  const pack: PackBase = async (folder) => {
    await packTar(folder, 'base.tar.zst');
    return { root: 'base.tar.zst' };
  };
  return Promise.resolve({ pack, close: () => Promise.resolve() });
}

export async function cardForm(): Promise<BaseForm> {
  const server = await startFileServer({});
  const pack: PackBase = async (folder) => {
    const dir = path.join(folder, 'card');
    await mkdir(dir);
    const content = { root: path.join(folder, 'base'), rootBytes: 40 << 20, bootFiles: sampleBootFiles };
    const card = await makeCardImage(dir, content, signal);
    await run(['xz', '-1', '-T2', card], { signal });
    const packed = await readFile(`${card}.xz`);
    await rm(dir, { recursive: true });
    server.files.set('/card.img.xz', packed);
    return { image: { url: `${server.url}/card.img.xz`, sha256: createHash('sha256').update(packed).digest('hex') } };
  };
  return { pack, close: server.close };
}

export async function containerForm(): Promise<BaseForm> {
  const blobs = new Map<string, Buffer>();
  const registry = await startRegistry({ blobs });
  const pack: PackBase = async (folder) => {
    const file = await packTar(folder, 'layer.tar');
    const tar = await readFile(file);
    await rm(file);
    const image = makeOciImage([{ tar, packed: tar, packing: 'tar' }]);
    for (const [digest, content] of image.blobs) blobs.set(digest, content);
    return { oci: { registry: `${registry.host}/demo/pi@sha256:${image.indexDigest}` } };
  };
  return { pack, close: registry.close };
}
