/** Reads a published version again and compares every byte and attribute with what was published. */
import { statSync, type Stats } from 'node:fs';
import path from 'node:path';

import { indexFileName, readTreeIndex } from '../host/index-file.ts';
import type { CheckSignature } from '../host/image-key.ts';
import { indexTree, sha256OfPlace } from '../host/index-tree.ts';
import { verifySquash } from '../host/squashfs.ts';
import { readSigned } from '../host/trusted-images.ts';
import { describeError } from '../model/describe-error.ts';
import { HostError } from '../model/errors.ts';
import type { ImageManifest } from '../model/manifest.ts';
import { compareBoot } from '../plan/verify-boot.ts';
import { compareWithIndex } from '../plan/verify-tree.ts';
import { readBoot } from './read-boot.ts';

export interface Verified {
  readonly image: string;
  /** One sentence each; empty when all is as it was published. */
  readonly problems: readonly string[];
  /** What could not be checked. */
  readonly notes: readonly string[];
  readonly files: number;
}

export interface VerifyOptions {
  readonly signal: AbortSignal;
  readonly checkSignature?: CheckSignature;
  /** Where squashfs files of versions lie; undefined: they are not looked at. */
  readonly squashDir?: string;
}

/** Versions share files: what was read once is not read again. */
export function imageVerifier(
  imagesDir: string,
  options: VerifyOptions,
): (manifest: ImageManifest) => Promise<Verified> {
  const digests = new Map<number, string>();
  return async (manifest) => {
    const image = `${manifest.name}@${manifest.version}`;
    const folder = path.join(imagesDir, manifest.name, manifest.version);
    try {
      const tree = await verifyTree(manifest, folder, { digests, signal: options.signal });
      const problems = [
        ...tree.problems,
        ...(await verifyBoot(manifest, folder, imagesDir)),
        ...(await verifySignature(folder, options)),
        ...(options.squashDir === undefined ? [] : await verifySquash(options.squashDir, manifest)),
      ];
      return { ...tree, image, problems };
    } catch (error) {
      // An index that cannot be read is what was looked for.
      if (!(error instanceof HostError) || options.signal.aborted) throw error;
      return { image, problems: [describeError(error)], notes: [], files: 0 };
    }
  };
}

async function verifyTree(
  manifest: ImageManifest,
  folder: string,
  { digests, signal }: { digests: Map<number, string>; signal: AbortSignal },
): Promise<Omit<Verified, 'image'>> {
  if (manifest.index === undefined) {
    return {
      problems: [],
      notes: ['it was published before there were indexes: its tree cannot be checked'],
      files: 0,
    };
  }
  const index = await readTreeIndex(path.join(folder, indexFileName), manifest.index);
  if (index === undefined) return { problems: [`${indexFileName} is missing`], notes: [], files: 0 };
  const root = path.join(folder, 'root');
  const known = (file: string, { ino, nlink }: Stats) => {
    const sha256 = digests.get(ino) ?? sha256OfPlace(path.join(root, file));
    if (nlink > 1) digests.set(ino, sha256);
    return sha256;
  };
  const { entries } = await indexTree(root, { signal, known });
  return { problems: compareWithIndex(index.entries, entries), notes: [], files: entries.length };
}

async function verifyBoot({ bootFiles }: ImageManifest, folder: string, imagesDir: string): Promise<string[]> {
  return compareBoot(bootFiles, await readBoot(folder), statSync(imagesDir));
}

async function verifySignature(folder: string, { checkSignature }: VerifyOptions): Promise<string[]> {
  if (checkSignature === undefined) return [];
  const { text, signature } = await readSigned(folder);
  const problem = checkSignature(text, signature);
  return problem === undefined ? [] : [problem];
}
