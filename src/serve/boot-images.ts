/** <state>/boot/signed/: boot.img and boot.sig, made once per content and kept under its hash. */
import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import path from 'node:path';

import { writeFileAtomically } from '../host/atomic-file.ts';
import { makeFatImage } from '../host/fat-image.ts';
import type { SigningKey } from '../host/signing-key.ts';
import { ConfigError, WireError } from '../model/errors.ts';
import type { Generation } from '../model/generation.ts';
import type { Log } from '../model/log.ts';
import type { ImageManifest } from '../model/manifest.ts';
import { planBootImage, type BootImagePlan } from '../plan/boot-image.ts';
import { sha256 } from '../plan/canonical-json.ts';
import { decodeBootSig, encodeBootSig, type BootSig } from '../wire/boot-sig.ts';

interface SignedFile {
  /** Name in `BootImages.dir`. */
  readonly name: string;
  readonly sizeBytes: number;
  readonly sha256: string;
}

export interface SignedImage {
  readonly image: SignedFile;
  readonly signature: SignedFile;
}

export interface BootImages {
  readonly dir: string;
  /** Made when it is asked for the first time; whoever asks meanwhile waits for the same. @throws PiImageError */
  readonly of: (generation: Generation, manifest: ImageManifest) => Promise<SignedImage>;
  /** Removes what none of these plans needs. */
  readonly keepOnly: (plans: readonly BootImagePlan[]) => Promise<void>;
}

export interface BootImagesDeps {
  /** <state>/boot/signed */
  readonly dir: string;
  /** <state>/exports/images */
  readonly imagesDir: string;
  /** Read each time: the owner may have made another. */
  readonly readKey: () => Promise<SigningKey | undefined>;
  readonly log: Log;
  readonly signal: AbortSignal;
}

export function createBootImages(deps: BootImagesDeps): BootImages {
  const { dir, readKey } = deps;
  const making = new Map<string, Promise<SignedImage>>();
  return {
    dir,
    of: async (generation, manifest) => {
      const plan = planBootImage(generation, manifest);
      const key = await readKey();
      if (key === undefined) throw noKey(generation.role);
      const name = `${plan.id}.${key.id}`;
      const made = making.get(name) ?? makeSigned(plan, key, deps);
      making.set(name, made);
      made.catch(() => making.delete(name));
      return made;
    },
    keepOnly: async (plans) => {
      const ids = new Set(plans.map(({ id }) => id));
      for (const name of making.keys()) if (!ids.has(idOf(name))) making.delete(name);
      const names = await readdir(dir).catch(() => []);
      // What was asked for since then is kept too.
      const used = new Set([...ids, ...[...making.keys()].map(idOf)]);
      const old = names.filter((name) => /^[0-9a-f]{64}\./.test(name) && !used.has(idOf(name)));
      for (const name of old) await rm(path.join(dir, name), { force: true });
    },
  };
}

const idOf = (name: string) => name.slice(0, name.indexOf('.'));

function noKey(role: string): ConfigError {
  return new ConfigError(`the role ${role} boots signed, and there is no key to sign with`, {
    hint: 'Run "pi-image secret make bootSigning", and put its public half into the boards.',
  });
}

async function makeSigned(plan: BootImagePlan, key: SigningKey, deps: BootImagesDeps): Promise<SignedImage> {
  const { dir, log } = deps;
  const image = path.join(dir, `${plan.id}.img`);
  const signature = path.join(dir, `${plan.id}.${key.id}.sig`);
  await mkdir(dir, { recursive: true });
  const known = await readKnown(image, signature);
  if (known !== undefined) return signedImage(image, signature, known);
  if ((await sizeOf(image)) === undefined) {
    const { name, version } = plan.image;
    await makeFatImage(image, fatSpec(plan, path.join(deps.imagesDir, name, version, 'boot')), deps.signal);
    log.info('boot-image.made', { image: `${name}@${version}`, id: plan.id, bytes: plan.layout.sizeBytes });
  }
  const { sha256: digest, rsa2048 } = await key.sign(image);
  const text = encodeBootSig({ sha256: digest, timestampSeconds: plan.epochSeconds, rsa2048 });
  await writeFileAtomically(signature, text);
  log.info('boot-image.signed', { id: plan.id, key: key.id });
  return signedImage(image, signature, { digest, text, sizeBytes: (await sizeOf(image)) ?? 0 });
}

function fatSpec({ files, layout, epochSeconds }: BootImagePlan, bootDir: string) {
  const sources = files.map((file) =>
    file.kind === 'text' ? file : { path: file.path, source: path.join(bootDir, file.path) },
  );
  return { ...layout, epochSeconds, files: sources };
}

interface Known {
  readonly digest: string;
  /** Of boot.sig. */
  readonly text: string;
  /** Of boot.img. */
  readonly sizeBytes: number;
}

function signedImage(image: string, signature: string, { digest, text, sizeBytes }: Known): SignedImage {
  return {
    image: { name: path.basename(image), sizeBytes, sha256: digest },
    signature: { name: path.basename(signature), sizeBytes: Buffer.byteLength(text), sha256: sha256(text) },
  };
}

/** What an earlier run of the service has made. */
async function readKnown(image: string, signature: string): Promise<Known | undefined> {
  const sizeBytes = await sizeOf(image);
  const text = await readFile(signature, 'utf8').catch(() => undefined);
  const sig = text === undefined ? undefined : tryDecode(text);
  if (sizeBytes === undefined || text === undefined || sig === undefined) return undefined;
  return { digest: sig.sha256, text, sizeBytes };
}

function tryDecode(text: string): BootSig | undefined {
  try {
    return decodeBootSig(text);
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}

async function sizeOf(file: string): Promise<number | undefined> {
  return stat(file).then(
    ({ size }) => size,
    () => undefined,
  );
}
