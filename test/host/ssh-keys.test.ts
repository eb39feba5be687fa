import { execFileSync } from 'node:child_process';
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { openSshKeys, type SshKeys } from '../../src/host/ssh-keys.ts';
import type { SecretValues } from '../../src/model/secret-values.ts';
import { isMissing } from '../support/programs.ts';

let dir: string;
let keys: SshKeys;

const silent = { info: () => undefined, warn: () => undefined };
const node = { name: 'node01', address: '10.42.0.11' };

beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'pi-image-ssh-'));
  keys = await openSshKeys(dir, { log: silent });
});

afterEach(() => rm(dir, { recursive: true, force: true }));

const program = 'ssh-keygen';
const keygen = (...args: string[]) => execFileSync(program, args, { encoding: 'utf8' });

/** What ssh-keygen says of one of our secrets. */
async function show(bytes: Uint8Array | undefined, ...args: string[]): Promise<string> {
  const file = path.join(dir, 'shown');
  await writeFile(file, bytes ?? '', { mode: 0o600 });
  return keygen(...args, '-f', file);
}

const text = (values: SecretValues) =>
  Object.fromEntries(Object.entries(values).map(([name, bytes]) => [name, Buffer.from(bytes).toString()]));

describe.skipIf(isMissing(program))('keys made by ssh-keygen', () => {
  test('a node gets a host key and a root key, each with a certificate of the one authority', async () => {
    const values = await keys.nodeSecrets(node);

    const authority = keygen('-l', '-f', path.join(dir, 'ca/ca.pub')).split(' ')[1];
    const host = await show(values['sshHostCertificate'], '-L');
    expect(host).toContain('ssh-ed25519-cert-v01@openssh.com host certificate');
    expect(host).toContain(`Signing CA: ED25519 ${authority}`);
    expect(host).toMatch(/Valid: forever\n\s+Principals: \n\s+node01\n\s+10\.42\.0\.11\n/);
    const user = await show(values['sshUserCertificate'], '-L');
    expect(user).toContain('user certificate');
    expect(user).toMatch(/Key ID: "root@node01"/);
    expect(user).toMatch(/Valid: forever\n\s+Principals: \n\s+root\n/);
    const fingerprintIn = (certificate: string) => /Public key: ED25519-CERT (\S+)/.exec(certificate)?.[1];
    expect(await show(values['sshHostKey'], '-l')).toContain(String(fingerprintIn(host)));
    expect(await show(values['sshUserKey'], '-l')).toContain(String(fingerprintIn(user)));
    expect(text(values)['sshCaPublicKey']).toBe(await keys.caPublicKey());
  });

  test('nothing that it made itself is told to have been readable for others', async () => {
    const told: string[] = [];
    const own = await openSshKeys(path.join(dir, 'own'), {
      log: { ...silent, warn: (event) => void told.push(event) },
    });
    await own.nodeSecrets(node);

    expect(told).toEqual([]);
  });

  test('keys stay the same for ever, and for all who ask at once', async () => {
    const others = await Promise.all([1, 2, 3].map(() => openSshKeys(dir, { log: silent })));

    const all = await Promise.all([keys, ...others, keys].map((store) => store.nodeSecrets(node)));

    expect(new Set(all.map((values) => JSON.stringify(text(values)))).size).toBe(1);
    expect(await readdir(dir)).toEqual(['ca', 'nodes']);
    expect(await readdir(path.join(dir, 'nodes'))).toEqual(['node01']);
    expect((await readdir(path.join(dir, 'nodes/node01'))).filter((file) => file.includes('.new'))).toEqual([]);
  });

  test('another address gives another certificate for the same key', async () => {
    const before = await keys.nodeSecrets(node);
    const after = await keys.nodeSecrets({ ...node, address: '10.42.0.99' });

    expect(text(after)['sshHostKey']).toBe(text(before)['sshHostKey']);
    expect(await show(after['sshHostCertificate'], '-L')).toContain('10.42.0.99');
    expect(text(after)['sshUserCertificate']).toBe(text(before)['sshUserCertificate']);
  });

  test('two nodes share nothing but the authority', async () => {
    const one = text(await keys.nodeSecrets(node));
    const two = text(await keys.nodeSecrets({ name: 'node02', address: '10.42.0.12' }));

    expect(Object.keys(one).filter((name) => one[name] === two[name])).toEqual(['sshCaPublicKey']);
  });

  test('a new authority signs all certificates anew', async () => {
    const before = text(await keys.nodeSecrets(node));
    await rm(path.join(dir, 'ca'), { recursive: true });
    const after = text(await keys.nodeSecrets(node));

    expect(after['sshHostKey']).toBe(before['sshHostKey']);
    expect(after['sshCaPublicKey']).not.toBe(before['sshCaPublicKey']);
    expect(after['sshHostCertificate']).not.toBe(before['sshHostCertificate']);
  });

  test('no private key can be read by others', async () => {
    await keys.nodeSecrets(node);
    await keys.storageKey();

    const files = (await readdir(dir, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
    const modes = await Promise.all(
      files.map(async (file) => {
        const name = path.join(file.parentPath, file.name);
        const isPrivate = (await readFile(name, 'utf8')).includes('PRIVATE KEY');
        return isPrivate ? ((await stat(name)).mode & 0o777).toString(8) : undefined;
      }),
    );

    expect(modes.filter((mode) => mode !== undefined)).toEqual(['600', '600', '600', '600']);
  });

  test('the storage node has a key that ssh can use without a question', async () => {
    const storage = await keys.storageKey();

    expect(keygen('-L', '-f', storage.certificate)).toContain('Key ID: "root@storage"');
    expect(await readFile(storage.knownHosts, 'utf8')).toBe(`@cert-authority * ${await keys.caPublicKey()}\n`);
    expect(storage.sshArguments.slice(0, 4)).toEqual([
      '-i',
      storage.privateKey,
      '-o',
      `CertificateFile=${storage.certificate}`,
    ]);
    expect(await keys.storageKey()).toEqual(storage);
  });

  test('a key file that lost its content is an error with the cure', async () => {
    await keys.nodeSecrets(node);
    const file = path.join(dir, 'nodes/node01/host');
    await chmod(file, 0o600);
    await writeFile(file, '');

    await expect(keys.nodeSecrets(node)).rejects.toThrow(`${file} is missing or empty`);
  });
});
