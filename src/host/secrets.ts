/** The secrets directory: every secret of the cluster, made when it is first asked for and kept from then on. */
import { randomBytes } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';

import type { SecretSpec } from '../model/cluster.ts';
import { ConfigError } from '../model/errors.ts';
import type { Log } from '../model/log.ts';
import type { SecretValues } from '../model/secret-values.ts';
import { createSecretFile, keepFolderPrivate, readSecretFile } from './secret-files.ts';
import { openSshKeys, type SshNode, type StorageKey } from './ssh-keys.ts';

export interface Secrets {
  /** A secret of cluster.yaml. */
  clusterSecret(name: string, spec: SecretSpec): Promise<Uint8Array>;
  /** sshHostKey, sshHostCertificate, sshUserKey and sshUserCertificate of one node, and sshCaPublicKey. */
  nodeSecrets(node: SshNode): Promise<SecretValues>;
  /** Those of `names` that the cluster file or pi-image knows; the others are left out. */
  valuesFor(
    node: SshNode,
    names: readonly string[],
    specs: Readonly<Record<string, SecretSpec>>,
  ): Promise<SecretValues>;
  /** One line, as it stands in known_hosts files. */
  sshCaPublicKey(): Promise<string>;
  /** What root on this machine uses to reach root on the nodes. */
  storageKey(): Promise<StorageKey>;
}

export interface SecretsOptions {
  readonly log?: Log;
  readonly signal?: AbortSignal;
}

const silent: Log = { info: () => undefined, warn: () => undefined };

/** An overlay carries every secret at every boot; a larger file is not what was meant. */
const largestSecretBytes = 64 * 1024;

export async function openSecrets(dir: string, options: SecretsOptions = {}): Promise<Secrets> {
  const { log = silent } = options;
  const clusterDir = path.join(dir, 'cluster');
  await keepFolderPrivate(dir, log);
  await keepFolderPrivate(clusterDir, log);
  const ssh = await openSshKeys(path.join(dir, 'ssh'), { log, signal: options.signal });

  async function clusterSecret(name: string, spec: SecretSpec): Promise<Uint8Array> {
    if ('file' in spec) return readOwnersSecret(name, spec.file, log);
    const file = path.join(clusterDir, name);
    return (await readSecretFile(file, log)) ?? createSecretFile(file, randomBytes(spec.generateBytes), log);
  }

  return {
    clusterSecret,
    nodeSecrets: (node) => ssh.nodeSecrets(node),
    sshCaPublicKey: () => ssh.caPublicKey(),
    storageKey: () => ssh.storageKey(),
    valuesFor: async (node, names, specs) => {
      const declared = names.flatMap((name) => (specs[name] === undefined ? [] : [{ name, spec: specs[name] }]));
      const own = await Promise.all(
        declared.map(async ({ name, spec }) => [name, await clusterSecret(name, spec)] as const),
      );
      const isBuiltInAsked = names.some((name) => specs[name] === undefined);
      const builtIn = isBuiltInAsked ? Object.entries(await ssh.nodeSecrets(node)) : [];
      return Object.fromEntries([...builtIn.filter(([name]) => names.includes(name)), ...own]);
    },
  };
}

/** A file that the owner of the cluster keeps elsewhere: read each time, never changed. */
async function readOwnersSecret(name: string, file: string, log: Log): Promise<Uint8Array> {
  try {
    const { mode, size } = await stat(file);
    if ((mode & 0o004) !== 0) log.warn('secrets.file-readable-by-all', { secret: name, file });
    if (size > 0 && size <= largestSecretBytes) return await readFile(file);
  } catch (error) {
    throw new ConfigError(`the secret ${name} cannot be read from ${file}`, {
      cause: error,
      hint: `Make the file and let the service read it, or write "${name}: { generateBytes: 128 }" under secrets: in cluster.yaml.`,
    });
  }
  throw new ConfigError(`the secret ${name} in ${file} is empty or larger than ${largestSecretBytes} bytes`, {
    hint: 'Name the file that holds nothing but the secret.',
  });
}
