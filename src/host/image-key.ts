/**
 * The key that signs manifests of versions: Ed25519, made at the first publish. Its private half lies in the secrets directory.
 * image-keys/ has the public half, and those of other stores whose versions are served here too.
 */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
  verify,
  type KeyObject,
} from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';

import { HostError } from '../model/errors.ts';
import type { Log } from '../model/log.ts';
import { writeFileAtomically } from './atomic-file.ts';
import { imagesDir, readStore } from './image-store.ts';
import { createSecretFile, keepFolderPrivate, nameOnce, readSecretFile, uniqueSuffix } from './secret-files.ts';
import { ifMissing } from './missing.ts';

interface ImageKey {
  /** First digits of the SHA-256 of the public key. */
  readonly id: string;
  readonly sign: (manifest: string) => Uint8Array;
}

/** Says what is wrong with the signature of a manifest; undefined: nothing. */
export type CheckSignature = (manifest: string, signature: Uint8Array | undefined) => string | undefined;

export const imageKeyFile = (stateDir: string) => path.join(stateDir, 'secrets', 'image-signing', 'private.pem');
const publicDir = (stateDir: string) => path.join(stateDir, 'image-keys');

/** There from the moment on when every version has been signed, in a new store from the first: others without a signature are not ours. */
const allSignedFile = (stateDir: string) => path.join(publicDir(stateDir), 'all-signed');

/** One that is there stays. */
export async function makeImageKey(stateDir: string, log: Log): Promise<ImageKey> {
  const file = imageKeyFile(stateDir);
  await keepFolderPrivate(path.join(stateDir, 'secrets'), log);
  await keepFolderPrivate(path.dirname(file), log);
  const pem = (await readSecretFile(file, log)) ?? (await makeFirstKey(stateDir, file, log));
  const privateKey = parseKey(file, () => createPrivateKey(Buffer.from(pem)));
  const publicKey = createPublicKey(privateKey);
  const id = idOf(publicKey);
  await trustKey(stateDir, id, publicKey.export({ type: 'spki', format: 'pem' }).toString());
  return { id, sign: (manifest) => sign(null, Buffer.from(manifest), privateKey) };
}

/** Where there is no version yet, each will be signed from the first on. */
async function makeFirstKey(stateDir: string, file: string, log: Log): Promise<Uint8Array> {
  const { images, damaged } = await readStore(imagesDir(stateDir));
  if (images.size === 0 && damaged.length === 0) await rememberAllSigned(stateDir);
  return createSecretFile(file, newKey(), log);
}

function newKey(): Uint8Array {
  return Buffer.from(generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }));
}

function idOf(key: KeyObject): string {
  return createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('hex')
    .slice(0, 16);
}

function parseKey(file: string, parse: () => KeyObject): KeyObject {
  const hint =
    'Bring it back from a backup, or move it away; then sign versions that you trust with "pi-image image sign".';
  try {
    const key = parse();
    if (key.asymmetricKeyType === 'ed25519') return key;
  } catch (error) {
    throw new HostError(`${file} holds no key`, { cause: error, hint });
  }
  throw new HostError(`${file} holds a key of another kind than Ed25519`, { hint });
}

async function trustKey(stateDir: string, id: string, pem: string): Promise<void> {
  const folder = publicDir(stateDir);
  const file = path.join(folder, `${id}.pem`);
  const there = await readIfThere(file);
  if (there === pem) return;
  if (there !== undefined) return writeFileAtomically(file, pem, 0o644);
  // Another process may do the same right now.
  const mine = path.join(folder, `.${id}.${uniqueSuffix()}`);
  await writeFileAtomically(mine, pem, 0o644);
  await nameOnce(mine, file);
}

/** For a service that serves the versions of another store: it trusts what that one trusts, and what it will sign. */
export async function trustKeysOf(lenderStateDir: string, stateDir: string, log: Log): Promise<void> {
  if ((await readPublic(lenderStateDir)).length === 0) await makeImageKey(lenderStateDir, log);
  for (const { id, pem } of await readPublic(lenderStateDir)) await trustKey(stateDir, id, pem);
}

export async function readCheckSignature(stateDir: string): Promise<CheckSignature> {
  const keys = await readPublic(stateDir);
  const mustBeSigned = await areAllSigned(stateDir);
  return (manifest, signature) => {
    if (signature === undefined) return mustBeSigned ? 'its manifest is not signed' : undefined;
    const isOurs = keys.some(({ key }) => verify(null, Buffer.from(manifest), key, signature));
    return isOurs ? undefined : 'its manifest is not what was signed, or another store has signed it';
  };
}

export async function areAllSigned(stateDir: string): Promise<boolean> {
  return (await readIfThere(allSignedFile(stateDir))) !== undefined;
}

export async function rememberAllSigned(stateDir: string): Promise<void> {
  const file = allSignedFile(stateDir);
  // Another process may do the same right now.
  const mine = path.join(publicDir(stateDir), `.all-signed.${uniqueSuffix()}`);
  await writeFileAtomically(mine, 'Versions without a signature are not offered to nodes.\n', 0o644);
  await nameOnce(mine, file);
}

async function readPublic(stateDir: string): Promise<{ id: string; pem: string; key: KeyObject }[]> {
  const folder = publicDir(stateDir);
  const names = await readdir(folder).catch(ifMissing([]));
  const files = names.filter((name) => /^[0-9a-f]+\.pem$/.test(name)).map((name) => path.join(folder, name));
  return Promise.all(
    files.map(async (file) => {
      const pem = await readFile(file, 'utf8');
      return { id: path.basename(file, '.pem'), pem, key: parseKey(file, () => createPublicKey(pem)) };
    }),
  );
}

function readIfThere(file: string): Promise<string | undefined> {
  return readFile(file, 'utf8').catch(ifMissing(undefined));
}
