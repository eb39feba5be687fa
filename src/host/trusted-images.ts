/** Which versions may nodes boot? Those whose manifest is signed with a key that is trusted here. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { describeError } from '../model/describe-error.ts';
import { HostError } from '../model/errors.ts';
import type { Log } from '../model/log.ts';
import type { ImageManifest } from '../model/manifest.ts';
import { writeFileAtomically } from './atomic-file.ts';
import { areAllSigned, makeImageKey, readCheckSignature, rememberAllSigned } from './image-key.ts';
import { imagesDir, listImages, manifestFileName, signatureFileName } from './image-store.ts';

interface TrustedImages {
  /** As of `listImages`, without those that are not trusted. */
  readonly images: Map<string, ImageManifest[]>;
  /** One sentence for each that is not. */
  readonly problems: readonly string[];
}

export async function listTrustedImages(stateDir: string): Promise<TrustedImages> {
  const check = await readCheckSignature(stateDir);
  const images = new Map<string, ImageManifest[]>();
  const problems: string[] = [];
  for (const [name, versions] of await listImages(imagesDir(stateDir))) {
    const trusted: ImageManifest[] = [];
    for (const manifest of versions) {
      const { text, signature } = await readSigned(folderOf(stateDir, manifest));
      const problem = check(text, signature);
      if (problem === undefined) trusted.push(manifest);
      else problems.push(`${name}@${manifest.version} is not offered to nodes: ${problem}`);
    }
    if (trusted.length > 0) images.set(name, trusted);
  }
  return { images, problems };
}

const folderOf = (stateDir: string, { name, version }: Pick<ImageManifest, 'name' | 'version'>) =>
  path.join(imagesDir(stateDir), name, version);

interface SignedText {
  readonly text: string;
  readonly signature: Uint8Array | undefined;
}

export async function readSigned(folder: string): Promise<SignedText> {
  const text = await readFile(path.join(folder, manifestFileName), 'utf8');
  const signature = await readFile(path.join(folder, signatureFileName)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  return { text, signature };
}

/** Whoever calls this vouches for the version. */
export async function signVersion(
  stateDir: string,
  version: Pick<ImageManifest, 'name' | 'version'>,
  log: Log,
): Promise<void> {
  const folder = folderOf(stateDir, version);
  const key = await makeImageKey(stateDir, log);
  const { text } = await readSigned(folder);
  await writeFileAtomically(path.join(folder, signatureFileName), key.sign(text), 0o644);
}

/**
 * Versions from before there was a key are signed once, all of them. From then on one without a signature is not trusted.
 * A store that cannot be written, because it is full or another one's, stays as it is until the next start.
 */
export async function signOlderVersions(stateDir: string, log: Log): Promise<void> {
  if (await areAllSigned(stateDir)) return;
  for (const version of [...(await listImages(imagesDir(stateDir))).values()].flat()) {
    if ((await readSigned(folderOf(stateDir, version))).signature !== undefined) continue;
    const image = `${version.name}@${version.version}`;
    try {
      await signVersion(stateDir, version, log);
    } catch (error) {
      if (!(error instanceof HostError)) throw error;
      log.warn('image.unsigned', { image, reason: describeError(error) });
      return;
    }
    log.info('image.signed', { image, reason: 'it was published before versions were signed' });
  }
  await rememberAllSigned(stateDir);
}
