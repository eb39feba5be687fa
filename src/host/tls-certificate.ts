/** Certificates of the API: the owner's, or one that is made here by openssl and made again before it ends. */
import { createPrivateKey, generateKeyPair, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

import { ConfigError, HostError } from '../model/errors.ts';
import type { Log } from '../model/log.ts';
import { writeFileAtomically } from './atomic-file.ts';
import { pinOf } from './key-pin.ts';
import { run } from './process.ts';
import { createSecretFile, keepFolderPrivate, readSecretFile } from './secret-files.ts';

export interface ServerCertificate {
  /** PEM, with the certificates between it and its issuer's root, if it has some. */
  readonly cert: string;
  readonly key: string;
  readonly expiresAtMs: number;
  /** Of the public key, as curl takes it (`--pinnedpubkey`): it stays the same when the certificate is made again. */
  readonly pin: string;
}

interface CertificateNames {
  /** Shown to people; nobody checks it. */
  readonly title: string;
  readonly names: readonly string[];
  readonly addresses: readonly string[];
}

/** Browsers refuse those that live longer. */
const livesDays = 397;
const renewBeforeMs = 30 * 86_400_000;
const opensslTimeoutMs = 30_000;

/** @throws ConfigError when the files hold no certificate with its key */
export async function readCertificate(files: { readonly certificate: string; readonly key: string }) {
  return serverCertificate(await readOwners(files.certificate), await readOwners(files.key), files.certificate);
}

/** In the secrets directory. The key is made once and stays: clients may have pinned it. */
export const ownCertificateFiles = (secretsDir: string) => ({
  certificate: path.join(secretsDir, 'api-tls', 'certificate.pem'),
  key: path.join(secretsDir, 'api-tls', 'key.pem'),
});

export interface OwnCertificate extends CertificateNames {
  readonly secretsDir: string;
  readonly nowMs: number;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** The one that is there, or a new one when it ends soon or names something else. */
export async function ownCertificate(wanted: OwnCertificate): Promise<ServerCertificate> {
  const { secretsDir, nowMs, log, signal } = wanted;
  const files = ownCertificateFiles(secretsDir);
  await keepFolderPrivate(secretsDir, log);
  await keepFolderPrivate(path.dirname(files.key), log);
  const keyBytes = (await readSecretFile(files.key, log)) ?? (await createSecretFile(files.key, await newKey(), log));
  const key = requireKey(Buffer.from(keyBytes).toString('utf8'), files.key);
  const before = await readSecretFile(files.certificate, log);
  if (before !== undefined) {
    const kept = usable(Buffer.from(before).toString('utf8'), key, wanted);
    if (kept !== undefined && kept.expiresAtMs - nowMs > renewBeforeMs) return kept;
  }
  const config = path.join(path.dirname(files.key), 'request.conf');
  await writeFileAtomically(config, requestConfig(wanted), 0o600);
  const cert = await run(
    ['openssl', 'req', '-x509', '-new', '-sha256', '-days', `${livesDays}`, '-key', files.key, '-config', config],
    { signal: AbortSignal.any([signal, AbortSignal.timeout(opensslTimeoutMs)]) },
  );
  await writeFileAtomically(files.certificate, cert, 0o600);
  log.info('api.certificate-made', { names: [...wanted.names, ...wanted.addresses].join(',') });
  return serverCertificate(cert, key, files.certificate);
}

/** undefined: it is none, or one of other names. */
function usable(cert: string, key: string, { names, addresses }: CertificateNames): ServerCertificate | undefined {
  try {
    const found = serverCertificate(cert, key, '');
    const { subjectAltName = '' } = new X509Certificate(cert);
    const wanted = [...names.map((name) => `DNS:${name}`), ...addresses.map((address) => `IP Address:${address}`)];
    return subjectAltName === wanted.join(', ') ? found : undefined;
  } catch (error) {
    if (error instanceof ConfigError) return undefined;
    throw error;
  }
}

function serverCertificate(cert: string, key: string, file: string): ServerCertificate {
  try {
    // The first of the file is the server's.
    const first = new X509Certificate(cert);
    if (!first.checkPrivateKey(createPrivateKey(key))) throw new Error('the key is that of another certificate');
    return { cert, key, expiresAtMs: Date.parse(first.validTo), pin: pinOf(first) };
  } catch (error) {
    throw new ConfigError(`${file} and its key are no certificate for the API`, {
      cause: error,
      hint: 'Name PEM files under api.certificate and api.key in cluster.yaml, the key without a password.',
    });
  }
}

async function readOwners(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new ConfigError(`cannot read ${file} for the API`, {
      cause: error,
      hint: 'Make it readable, or leave api.certificate and api.key away: then the service makes its own.',
    });
  }
}

function requireKey(pem: string, file: string): string {
  try {
    createPrivateKey(pem);
    return pem;
  } catch (error) {
    throw new HostError(`${file} holds no private key`, {
      cause: error,
      hint: 'Move it away: a new one is made, and clients have to be told its fingerprint.',
    });
  }
}

async function newKey(): Promise<Uint8Array> {
  const { privateKey } = await promisify(generateKeyPair)('ec', { namedCurve: 'prime256v1' });
  return Buffer.from(privateKey.export({ type: 'pkcs8', format: 'pem' }));
}

/** Names and addresses were checked: none of them can break out of its line. */
function requestConfig({ title, names, addresses }: CertificateNames): string {
  const alternatives = [...names.map((name) => `DNS:${name}`), ...addresses.map((address) => `IP:${address}`)];
  return [
    '[req]',
    'prompt = no',
    'distinguished_name = name',
    'x509_extensions = extensions',
    '[name]',
    `CN = ${title}`,
    '[extensions]',
    'basicConstraints = critical,CA:FALSE',
    'keyUsage = critical,digitalSignature',
    'extendedKeyUsage = serverAuth',
    'subjectKeyIdentifier = hash',
    `subjectAltName = ${alternatives.join(',')}`,
    '',
  ].join('\n');
}
