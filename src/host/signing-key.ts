/** The key that signs boot.img: RSA-2048, made once, in the secrets directory. Its private half leaves no program but this. */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  createSign,
  generateKeyPair,
  type KeyObject,
} from 'node:crypto';
import { createReadStream } from 'node:fs';
import { link } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

import { HostError } from '../model/errors.ts';
import type { Log } from '../model/log.ts';
import { writeFileAtomically } from './atomic-file.ts';
import { createSecretFile, giveToFolderOwner, keepFolderPrivate, readSecretFile } from './secret-files.ts';

export interface SigningKey {
  /** First digits of the SHA-256 of the public key: says which key it is, and nothing about it. */
  readonly id: string;
  /** SubjectPublicKeyInfo, as openssl and rpi-eeprom-config read it. */
  readonly publicPem: string;
  /** Reads the file once. */
  readonly sign: (file: string) => Promise<FileSignature>;
}

interface FileSignature {
  readonly sha256: string;
  readonly sizeBytes: number;
  /** RSA, PKCS #1 v1.5 over SHA-256, in hex. */
  readonly rsa2048: string;
}

/** What the loaders in the EEPROMs of Pi 4 and 5 verify, and nothing longer. */
const modulusLength = 2048;

/** In the secrets directory. */
export const signingKeyFile = (secretsDir: string) => path.join(secretsDir, 'boot-signing', 'private.pem');

/** @returns undefined when none has been made */
export async function readSigningKey(secretsDir: string, log: Log): Promise<SigningKey | undefined> {
  const pem = await readSecretFile(signingKeyFile(secretsDir), log);
  return pem === undefined ? undefined : signingKey(pem, signingKeyFile(secretsDir));
}

/** One that is there stays: boards trust it. */
export async function makeSigningKey(secretsDir: string, log: Log): Promise<SigningKey> {
  const file = signingKeyFile(secretsDir);
  await keepFolderPrivate(secretsDir, log);
  await keepFolderPrivate(path.dirname(file), log);
  const pem = (await readSecretFile(file, log)) ?? (await createSecretFile(file, await newKey(), log));
  return signingKey(pem, file);
}

/** The old one is kept beside the new one, under its id. @returns the new one, and the id of the old one */
export async function rotateSigningKey(
  secretsDir: string,
  log: Log,
): Promise<{ readonly key: SigningKey; readonly previous: string | undefined }> {
  const old = await readSigningKey(secretsDir, log);
  if (old === undefined) return { key: await makeSigningKey(secretsDir, log), previous: undefined };
  const file = signingKeyFile(secretsDir);
  const kept = path.join(path.dirname(file), `previous-${old.id}.pem`);
  await link(file, kept).catch(unlessThere);
  const pem = await newKey();
  await writeFileAtomically(file, pem, 0o600);
  await giveToFolderOwner(file);
  return { key: signingKey(pem, file), previous: old.id };
}

/** A rotation that was cut off is repeated. */
function unlessThere(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error;
}

async function newKey(): Promise<Uint8Array> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength });
  return Buffer.from(privateKey.export({ type: 'pkcs8', format: 'pem' }));
}

function signingKey(pem: Uint8Array, file: string): SigningKey {
  const privateKey = parsePrivateKey(pem, file);
  const publicKey = createPublicKey(privateKey);
  const der = publicKey.export({ type: 'spki', format: 'der' });
  return {
    id: createHash('sha256').update(der).digest('hex').slice(0, 16),
    publicPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    sign: (signed) => signFile(signed, privateKey),
  };
}

function parsePrivateKey(pem: Uint8Array, file: string): KeyObject {
  const hint =
    'Put your RSA key of 2048 bits there as PEM, without a password; or move the file away and make a new key.';
  try {
    const key = createPrivateKey(Buffer.from(pem));
    if (key.asymmetricKeyType === 'rsa' && key.asymmetricKeyDetails?.modulusLength === modulusLength) return key;
  } catch (error) {
    throw new HostError(`${file} holds no private key`, { cause: error, hint });
  }
  throw new HostError(`${file} holds a key that boards cannot verify: it must be RSA with ${modulusLength} bits`, {
    hint,
  });
}

async function signFile(file: string, key: KeyObject): Promise<FileSignature> {
  const hash = createHash('sha256');
  const signer = createSign('sha256');
  let sizeBytes = 0;
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
    hash.update(chunk);
    signer.update(chunk);
    sizeBytes += chunk.byteLength;
  }
  return { sha256: hash.digest('hex'), sizeBytes, rsa2048: signer.sign(key, 'hex') };
}
