/** The cluster's SSH certificate authority, and keys and certificates for nodes and the storage node; by ssh-keygen. */
import { createHash } from 'node:crypto';
import { chmod, copyFile, rm, stat } from 'node:fs/promises';
import path from 'node:path';

import { HostError } from '../model/errors.ts';
import type { Log } from '../model/log.ts';
import type { SecretValues } from '../model/secret-values.ts';
import { run } from './process.ts';
import {
  createSecretFile,
  createSecretFolder,
  giveToFolderOwner,
  keepFolderPrivate,
  nameOnce,
  ownerOnly,
  readSecretFile,
  uniqueSuffix,
} from './secret-files.ts';

export interface SshNode {
  readonly name: string;
  readonly address: string;
}

/** Paths, and the arguments with which `ssh` reaches root on every node without a question. */
export interface StorageKey {
  readonly privateKey: string;
  readonly certificate: string;
  readonly knownHosts: string;
  readonly sshArguments: readonly string[];
}

export interface SshKeys {
  caPublicKey(): Promise<string>;
  nodeSecrets(node: SshNode): Promise<SecretValues>;
  storageKey(): Promise<StorageKey>;
}

interface SshOptions {
  readonly log: Log;
  readonly signal?: AbortSignal | undefined;
}

/** A board without a clock may start in any year: a certificate that ends or begins would lock it out. */
const validity = 'always:forever';

const keygenTimeoutMs = 30_000;

export async function openSshKeys(dir: string, options: SshOptions): Promise<SshKeys> {
  await keepFolderPrivate(dir, options.log);
  const store = new KeyStore(dir, options);
  return {
    caPublicKey: () => store.caPublicKey(),
    nodeSecrets: (node) => nodeSecrets(store, node),
    storageKey: () => storageKey(store, dir),
  };
}

async function nodeSecrets(store: KeyStore, { name, address }: SshNode): Promise<SecretValues> {
  const identity = `nodes/${name}`;
  await store.ensureKeys(identity, { host: `${name} host key`, user: `root@${name}` });
  const host = { id: `host ${name}`, principals: [name, address], kind: 'host' } as const;
  const user = { id: `root@${name}`, principals: ['root'], kind: 'user' } as const;
  return {
    sshHostKey: await store.read(`${identity}/host`),
    sshHostCertificate: await store.read(await store.ensureCertificate(`${identity}/host`, host)),
    sshUserKey: await store.read(`${identity}/user`),
    sshUserCertificate: await store.read(await store.ensureCertificate(`${identity}/user`, user)),
    sshCaPublicKey: Buffer.from(await store.caPublicKey()),
  };
}

async function storageKey(store: KeyStore, dir: string): Promise<StorageKey> {
  await store.ensureKeys('storage', { user: 'root@storage' });
  const user = { id: 'root@storage', principals: ['root'], kind: 'user' } as const;
  const privateKey = path.join(dir, 'storage/user');
  const certificate = path.join(dir, await store.ensureCertificate('storage/user', user));
  const knownHosts = path.join(
    dir,
    await store.ensureFile('storage/known_hosts', `@cert-authority * ${await store.caPublicKey()}\n`),
  );
  const settings = {
    CertificateFile: certificate,
    UserKnownHostsFile: knownHosts,
    GlobalKnownHostsFile: '/dev/null',
    StrictHostKeyChecking: 'yes',
    IdentitiesOnly: 'yes',
    BatchMode: 'yes',
  };
  const sshArguments = [
    '-i',
    privateKey,
    ...Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]),
  ];
  return { privateKey, certificate, knownHosts, sshArguments };
}

interface CertificateSpec {
  /** Shown in sshd's log. */
  readonly id: string;
  readonly principals: readonly string[];
  readonly kind: 'host' | 'user';
}

/** Files below one folder; paths are relative to it. */
class KeyStore {
  readonly #dir: string;
  readonly #options: SshOptions;

  constructor(dir: string, options: SshOptions) {
    this.#dir = dir;
    this.#options = options;
  }

  async read(file: string): Promise<Uint8Array> {
    const found = await readSecretFile(this.#path(file), this.#options.log);
    if (found !== undefined && found.byteLength > 0) return found;
    throw new HostError(`${this.#path(file)} is missing or empty`, {
      hint: `Remove ${path.dirname(this.#path(file))}: its keys are made again, and nodes get them at their next boot.`,
    });
  }

  async caPublicKey(): Promise<string> {
    await this.ensureKeys('ca', { ca: 'pi-image SSH CA' });
    return Buffer.from(await this.read('ca/ca.pub'))
      .toString('utf8')
      .trim();
  }

  /** Makes the folder with one key pair for each name; a folder that is there stays as it is. */
  async ensureKeys(folder: string, comments: Readonly<Record<string, string>>): Promise<void> {
    const names = Object.keys(comments);
    const found = await Promise.all(names.map((name) => this.#has(`${folder}/${name}`)));
    if (found.every(Boolean)) return;
    await keepFolderPrivate(path.dirname(this.#path(folder)), this.#options.log);
    await createSecretFolder(this.#path(folder), async (temporary) => {
      for (const name of names) {
        const file = path.join(temporary, name);
        await this.#keygen(['-q', '-t', 'ed25519', '-N', '', '-C', comments[name] ?? name, '-f', file]);
        await chmod(`${file}.pub`, ownerOnly.file);
      }
    });
  }

  /** @returns the certificate's file; another name, address or authority gives another file */
  async ensureCertificate(key: string, spec: CertificateSpec): Promise<string> {
    const content = [await this.caPublicKey(), spec.kind, spec.id, ...spec.principals].join('\n');
    const certificate = `${key}-${shortHash(content)}-cert.pub`;
    if (await this.#has(certificate)) return certificate;
    const work = this.#path(`${key}.${uniqueSuffix()}`);
    try {
      await copyFile(this.#path(`${key}.pub`), `${work}.pub`);
      const principals = spec.principals.join(',');
      const kind = spec.kind === 'host' ? ['-h'] : [];
      const authority = ['-q', '-s', this.#path('ca/ca'), '-I', spec.id, '-n', principals, '-V', validity];
      await this.#keygen([...authority, ...kind, `${work}.pub`]);
      // What others can read looks like an accident to whoever reads it next, and is told.
      await chmod(`${work}-cert.pub`, ownerOnly.file);
      await giveToFolderOwner(`${work}-cert.pub`);
      await nameOnce(`${work}-cert.pub`, this.#path(certificate));
    } finally {
      await Promise.all([`${work}.pub`, `${work}-cert.pub`].map((file) => rm(file, { force: true })));
    }
    return certificate;
  }

  /** @returns the file that holds `content`: its name ends in the content's hash */
  async ensureFile(name: string, content: string): Promise<string> {
    const file = `${name}-${shortHash(content)}`;
    if (!(await this.#has(file))) await createSecretFile(this.#path(file), Buffer.from(content), this.#options.log);
    return file;
  }

  #path(file: string): string {
    return path.join(this.#dir, file);
  }

  async #has(file: string): Promise<boolean> {
    try {
      await stat(this.#path(file));
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
      throw new HostError(`cannot read ${this.#path(file)}`, {
        cause: error,
        hint: 'Run this as the owner of that folder.',
      });
    }
  }

  async #keygen(args: readonly string[]): Promise<void> {
    const { signal } = this.#options;
    const deadline = AbortSignal.timeout(keygenTimeoutMs);
    await run(['ssh-keygen', ...args], {
      signal: signal === undefined ? deadline : AbortSignal.any([signal, deadline]),
    });
  }
}

function shortHash(content: string): string {
  return createHash('sha256').update(content).digest('hex').slice(0, 16);
}
