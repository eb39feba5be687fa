/** The API's certificate: made once, made again in time, and the owner's where there is one. */
import { X509Certificate } from 'node:crypto';
import { readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { expect, test } from 'vitest';

import { ownCertificateFiles, readCertificate } from '../../src/host/tls-certificate.ts';
import { tlsSite } from '../support/tls-site.ts';

const dayMs = 86_400_000;
const modeOf = async (file: string) => (await stat(file)).mode & 0o777;

test('it names the site, is for servers, and its key is for its owner only', async () => {
  const { dir, make } = await tlsSite();

  const { cert, pin, expiresAtMs } = await make({ addresses: ['192.168.1.5'], names: ['storage', 'pi.example.org'] });

  const shown = new X509Certificate(cert);
  expect(shown.subjectAltName).toBe('DNS:storage, DNS:pi.example.org, IP Address:192.168.1.5');
  expect(shown.subject).toBe('CN=plum');
  expect(shown.ca).toBe(false);
  expect(shown.publicKey.asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' });
  expect(pin).toMatch(/^sha256\/\/[A-Za-z0-9+/]{43}=$/);
  expect(Math.round((expiresAtMs - Date.now()) / dayMs)).toBe(397);
  const { key } = ownCertificateFiles(path.join(dir, 'secrets'));
  expect([await modeOf(key), await modeOf(path.dirname(key))]).toEqual([0o600, 0o700]);
});

test.each([
  ['a day before it has to be', 397 - 31, true],
  ['when a month is left', 397 - 29, false],
])('%s it stays (%i days later: %s), and the key always does', async (_when, days, isKept) => {
  const { make } = await tlsSite();
  const first = await make();

  const later = await make({ nowMs: Date.now() + days * dayMs });

  expect(later.cert === first.cert).toBe(isKept);
  expect([later.key, later.pin]).toEqual([first.key, first.pin]);
});

test('another name makes another one, with the same key', async () => {
  const { make, lines } = await tlsSite();
  const first = await make();

  const other = await make({ names: ['storage', 'more'] });
  const again = await make({ names: ['storage', 'more'] });

  expect(other.cert).not.toBe(first.cert);
  expect(other.pin).toBe(first.pin);
  expect(again.cert).toBe(other.cert);
  expect(lines.filter((line) => line === 'api.certificate-made').length).toBe(2);
});

test('a torn certificate is made again; a key that is none is told', async () => {
  const { dir, make } = await tlsSite();
  const { pin } = await make();
  const files = ownCertificateFiles(path.join(dir, 'secrets'));

  await writeFile(files.certificate, 'torn');
  expect((await make()).pin).toBe(pin);

  await writeFile(files.key, 'torn', { mode: 0o600 });
  await expect(make()).rejects.toThrow('key.pem holds no private key');
});

test("the owner's is taken as it is, and named where it is none", async () => {
  const { dir, make } = await tlsSite();
  const { cert, pin } = await make();
  const files = ownCertificateFiles(path.join(dir, 'secrets'));

  expect(await readCertificate(files)).toMatchObject({ cert, pin });

  const strange = path.join(dir, 'strange.pem');
  const other = await make({ secretsDir: path.join(dir, 'other') });
  await writeFile(strange, other.key);
  await expect(readCertificate({ ...files, key: strange })).rejects.toMatchObject({
    name: 'ConfigError',
    message: expect.stringContaining('are no certificate for the API'),
  });
  await expect(readCertificate({ ...files, key: path.join(dir, 'none') })).rejects.toMatchObject({
    name: 'ConfigError',
    message: expect.stringContaining('cannot read'),
  });
  expect(await readFile(files.certificate, 'utf8')).toBe(cert);
});
