import { execFileSync } from 'node:child_process';
import { createHash, createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { makeSigningKey, readSigningKey, rotateSigningKey, signingKeyFile } from '../../src/host/signing-key.ts';
import { isMissing } from '../support/programs.ts';

const log = { info: () => undefined, warn: () => undefined };
let dir = '';
let image = '';
beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'signing-key-'));
  image = path.join(dir, 'boot.img');
  await writeFile(image, Buffer.alloc(3_000_000, 'kernel'));
});
afterEach(() => rm(dir, { recursive: true }));

const secrets = () => path.join(dir, 'secrets');
const signatureOf = async () => (await readSigningKey(secrets(), log))?.sign(image);

test('there is none until it is made, and then it stays', async () => {
  expect(await readSigningKey(secrets(), log)).toBeUndefined();

  const made = await makeSigningKey(secrets(), log);

  expect((await makeSigningKey(secrets(), log)).id).toBe(made.id);
  expect((await readSigningKey(secrets(), log))?.publicPem).toBe(made.publicPem);
});

test('two processes that make it at once have one', async () => {
  const made = await Promise.all([1, 2, 3].map(() => makeSigningKey(secrets(), log)));

  expect(new Set(made.map(({ id }) => id)).size).toBe(1);
});

test('its private half is readable by its owner only, and by no other way than signing', async () => {
  const key = await makeSigningKey(secrets(), log);

  expect((await stat(signingKeyFile(secrets()))).mode & 0o777).toBe(0o600);
  expect((await stat(path.dirname(signingKeyFile(secrets())))).mode & 0o777).toBe(0o700);
  expect(Object.values(key).join()).not.toContain('PRIVATE');
});

test.skipIf(isMissing('openssl'))(
  'a signature is RSA-2048 with PKCS #1 v1.5 over SHA-256, as node:crypto and openssl verify it',
  async () => {
    const { publicPem } = await makeSigningKey(secrets(), log);
    const signed = await signatureOf();
    const signature = Buffer.from(signed?.rsa2048 ?? '', 'hex');
    await writeFile(path.join(dir, 'public.pem'), publicPem);
    await writeFile(path.join(dir, 'signature'), signature);

    expect(createPublicKey(publicPem).asymmetricKeyDetails).toMatchObject({
      modulusLength: 2048,
      publicExponent: 65537n,
    });
    expect(signature).toHaveLength(256);
    expect(verify('sha256', await readFile(image), publicPem, signature)).toBe(true);
    const openssl = ['dgst', '-sha256', '-verify', `${dir}/public.pem`, '-signature', `${dir}/signature`, image];
    expect(execFileSync('openssl', openssl, { encoding: 'utf8' })).toBe('Verified OK\n');
    const digest = createHash('sha256').update(await readFile(image));
    expect(signed).toMatchObject({ sha256: digest.digest('hex'), sizeBytes: 3_000_000 });
  },
);

test('equal files have equal signatures', async () => {
  await makeSigningKey(secrets(), log);

  expect(await signatureOf()).toEqual(await signatureOf());
});

test('after a rotation another key signs, and the old one is kept', async () => {
  const old = await makeSigningKey(secrets(), log);

  const { key, previous } = await rotateSigningKey(secrets(), log);

  expect(key.id).not.toBe(old.id);
  expect(previous).toBe(old.id);
  expect((await readSigningKey(secrets(), log))?.id).toBe(key.id);
  const folder = path.dirname(signingKeyFile(secrets()));
  expect((await readdir(folder)).toSorted()).toEqual([`previous-${old.id}.pem`, 'private.pem'].toSorted());
  for (const name of await readdir(folder)) expect((await stat(path.join(folder, name))).mode & 0o777).toBe(0o600);
});

test.each<[string, string, string]>([
  ['no key', 'hello', 'holds no private key'],
  ['a key of 3072 bits', pemOf('rsa', 3072), 'it must be RSA with 2048 bits'],
  ['a key of another kind', pemOf('ed25519'), 'it must be RSA with 2048 bits'],
])('%s is refused with what to do', async (_, pem, message) => {
  await mkdir(path.dirname(signingKeyFile(secrets())), { recursive: true });
  await writeFile(signingKeyFile(secrets()), pem, { mode: 0o600 });

  await expect(readSigningKey(secrets(), log)).rejects.toMatchObject({
    message: expect.stringContaining(message),
    hint: expect.stringContaining('RSA key of 2048 bits'),
  });
});

function pemOf(kind: 'rsa' | 'ed25519', modulusLength = 2048): string {
  const { privateKey } =
    kind === 'rsa' ? generateKeyPairSync('rsa', { modulusLength }) : generateKeyPairSync('ed25519');
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}
