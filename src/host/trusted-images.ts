/** Which versions may nodes boot? Those whose manifest is signed with a key that is trusted here. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { describeError } from '../model/describe-error.ts';
import { HostError } from '../model/errors.ts';
import type { Log } from '../model/log.ts';
import type { ImageManifest } from '../model/manifest.ts';
import { writeFileAtomically } from './atomic-file.ts';
import { areAllSigned, makeImageKey, readCheckSignature, rememberAllSigned, type CheckSignature } from './image-key.ts';
import { imagesDir, listImages, manifestFileName, readStore, signatureFileName } from './image-store.ts';
import { ifMissing } from './missing.ts';

interface TrustedImages {
  /** As of `listImages`, without those that are not trusted. */
  readonly images: Map<string, ImageManifest[]>;
  /** One sentence for each that is not. */
  readonly problems: readonly string[];
}

export async function listTrustedImages(stateDir: string): Promise<TrustedImages> {
  const check = await readCheckSignature(stateDir);
  const stored = await readStore(imagesDir(stateDir));
  const images = new Map<string, ImageManifest[]>();
  const problems = stored.damaged.map((version) => notOffered(version, version.problem));
  for (const [name, versions] of stored.images) {
    const trusted: ImageManifest[] = [];
    for (const manifest of versions) {
      const problem = await problemOf(folderOf(stateDir, manifest), check);
      if (problem === undefined) trusted.push(manifest);
      else problems.push(notOffered(manifest, problem));
    }
    if (trusted.length > 0) images.set(name, trusted);
  }
  return { images, problems };
}

type VersionName = Pick<ImageManifest, 'name' | 'version'>;

const notOffered = ({ name, version }: VersionName, problem: string) =>
  `${name}@${version} is not offered to nodes: ${problem}`;

async function problemOf(folder: string, check: CheckSignature): Promise<string | undefined> {
  try {
    const { text, signature } = await readSigned(folder);
    return check(text, signature);
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    return describeError(error);
  }
}

const folderOf = (stateDir: string, { name, version }: VersionName) => path.join(imagesDir(stateDir), name, version);

interface SignedText {
  readonly text: string;
  readonly signature: Uint8Array | undefined;
}

/** @throws HostError when one of the two is there and cannot be read */
export async function readSigned(folder: string): Promise<SignedText> {
  try {
    const text = await readFile(path.join(folder, manifestFileName), 'utf8');
    const signature = await readFile(path.join(folder, signatureFileName)).catch(ifMissing(undefined));
    return { text, signature };
  } catch (error) {
    throw new HostError(`the signed manifest of ${folder} cannot be read`, {
      cause: error,
      hint: 'Make the version anew with "pi-image build NAME --again".',
    });
  }
}

/** Whoever calls this vouches for the version. */
export async function signVersion(stateDir: string, version: VersionName, log: Log): Promise<void> {
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
    const image = `${version.name}@${version.version}`;
    try {
      if ((await readSigned(folderOf(stateDir, version))).signature !== undefined) continue;
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
