/** A role that boots signed, over HTTP: boot.img and boot.sig, and the token that its command line cannot carry. */
import { verify } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { makeSigningKey, rotateSigningKey } from '../../src/host/signing-key.ts';
import { planBootImage } from '../../src/plan/boot-image.ts';
import { planGeneration } from '../../src/plan/generation.ts';
import { prepareBootImages } from '../../src/serve/prepare-boot-images.ts';
import { decodeBootSig } from '../../src/wire/boot-sig.ts';
import {
  digest,
  here,
  httpBootServer,
  manifest,
  plain,
  signed,
  type HttpBootServer,
} from '../support/http-boot-server.ts';

let server: HttpBootServer;
afterEach(() => server.close());

describe('a role that boots signed', () => {
  const generation = planGeneration(here, signed);
  const plan = planBootImage(generation, manifest);
  const image = Buffer.alloc(plan.layout.sizeBytes, 'boot.img');
  let publicPem = '';
  beforeEach(async () => {
    server = await httpBootServer();
    server.world.view = signed;
    // Made already: which bytes mkfs.fat and mtools make is tested with them.
    await mkdir(server.bootImages.dir, { recursive: true });
    await writeFile(path.join(server.bootImages.dir, `${plan.id}.img`), image);
    ({ publicPem } = await makeSigningKey(path.join(server.stateDir, 'secrets'), server.log));
  });

  test.each(['', 'boot/', 'boot/10000001/', '10000001/', 'dc-a6-32-00-00-01/', 'any/http/path/', '/boot//'])(
    'has boot.sig and boot.img under %j',
    async (folder) => {
      const sig = decodeBootSig(await server.text(`${folder}boot.sig`));
      const answer = await server.get(`${folder}boot.img`);

      expect(sig).toMatchObject({ sha256: digest(image), timestampSeconds: Date.parse(manifest.builtAt) / 1000 });
      expect(verify('sha256', image, publicPem, Buffer.from(sig.rsa2048 ?? '', 'hex'))).toBe(true);
      expect([answer.headers.get('etag'), answer.headers.get('content-length')]).toEqual([
        `"${sig.sha256}"`,
        String(image.length),
      ]);
      expect(Buffer.from(await answer.arrayBuffer()).equals(image)).toBe(true);
    },
  );

  test('begins a boot with the first file that is asked for, as TFTP does, and goes on with it', async () => {
    await server.text('boot/boot.sig');
    await (await server.get('boot/boot.img')).arrayBuffer();

    await expect.poll(() => server.boots.all()).toMatchObject([{ node: 'head', files: 2 }]);
    expect(server.boots.all()).toHaveLength(1);
  });

  test('has nothing else, and nothing for the prefix of another board', async () => {
    expect(await server.text('boot/v1/files/kernel8.img')).toContain('the role controller boots signed');
    expect(await server.text('boot/v1/files/cmdline.txt')).toContain('the role controller boots signed');
    expect((await server.get('boot/9ffefdef/boot.img')).status).toBe(404);
    expect(server.lines.find((line) => line.startsWith('boot.foreign-prefix'))).toContain('9ffefdef');
    expect(server.boots.all()[0]?.missing).toMatchObject([
      { file: 'kernel8.img' },
      { file: 'cmdline.txt' },
      { file: '9ffefdef/boot.img' },
    ]);
  });

  test('is signed anew when there is a new key', async () => {
    const before = await server.text('boot.sig');
    const { key } = await rotateSigningKey(path.join(server.stateDir, 'secrets'), server.log);

    const after = decodeBootSig(await server.text('boot.sig'));

    expect(decodeBootSig(before).rsa2048).not.toBe(after.rsa2048);
    expect(verify('sha256', image, key.publicPem, Buffer.from(after.rsa2048 ?? '', 'hex'))).toBe(true);
  });

  test('is prepared before it is asked for; what no boot needs is removed', async () => {
    const old = path.join(server.bootImages.dir, `${'0'.repeat(64)}.img`);
    await writeFile(old, '');
    server.world.view = { ...signed, nodes: [here] };

    expect(await prepareBootImages({ ...server })).toBe(true);

    expect(server.lines.filter((line) => line.startsWith('boot-image.signed'))).toHaveLength(1);
    expect(server.health.parts()).toMatchObject([{ name: 'signed-boot', problems: [] }]);
    await expect(writeFile(old, '', { flag: 'wx' })).resolves.toBeUndefined();
    await writeFile(old, '');
    server.world.view = plain;
    await prepareBootImages({ ...server });
    await expect(writeFile(path.join(server.bootImages.dir, `${plan.id}.img`), '', { flag: 'wx' })).resolves.toBe(
      undefined,
    );
  });
});

test('a signed role without a key is a problem with its cure, also for whoever asks', async () => {
  server = await httpBootServer();
  server.world.view = signed;

  expect(await prepareBootImages({ ...server })).toBe(false);

  const [part] = server.health.parts();
  expect(part?.problems.join()).toMatch(/^the role controller boots signed.*"pi-image secret make bootSigning"/);
  const answer = await server.get('boot/boot.sig');
  expect([answer.status, await answer.text()]).toEqual([
    500,
    'the role controller boots signed, and there is no key to sign with\n',
  ]);
});

test('no other role has a boot.img', async () => {
  server = await httpBootServer();

  const answer = await server.get('boot/boot.sig');

  expect([answer.status, await answer.text()]).toEqual([404, 'its role has no "boot: signed"\n']);
  await prepareBootImages({ ...server });
  expect(server.health.parts()).toEqual([]);
});

describe('the token of a signed boot', () => {
  const nonce = '0f3a3b1e-5b7c-4a70-9a51-3c8f4f6f2d11';
  const who = { serial: '10000001', mac: 'dc:a6:32:00:00:01', nonce };
  const ask = async (fields: Record<string, string>) => {
    const body = new URLSearchParams(fields);
    const answer = await fetch(`http://127.0.0.1:${server.port}/boot/v1/token`, { method: 'POST', body });
    return `${answer.status} ${(await answer.text()).trim()}`;
  };
  beforeEach(async () => {
    server = await httpBootServer();
    server.world.view = signed;
  });
  const begin = async () => {
    await server.boots.arrive(here, 'dc:a6:32:00:00:01', 'discover');
    return server.boots.all().at(-1)?.token ?? 'none';
  };

  test('is told once, again to the same nonce, and to nobody else', async () => {
    const token = await begin();

    expect(await ask(who)).toBe(`200 ${token}`);
    expect(await ask(who)).toBe(`200 ${token}`);
    expect(await ask({ ...who, nonce: nonce.replace('0', '1') })).toMatch(/^403 somebody has asked/);
    expect(server.lines.join('\n')).not.toContain(token);
    expect(server.lines.filter((line) => line.startsWith('boot.token-given'))).toHaveLength(2);
    expect(server.lines.filter((line) => line.startsWith('boot.token-refused'))).toHaveLength(1);
  });

  test('goes to one of two that ask at once', async () => {
    await begin();
    const all = await Promise.all(
      ['1', '2', '3', '4'].map((digit) => ask({ ...who, nonce: nonce.replace('0', digit) })),
    );

    expect(all.filter((answer) => answer.startsWith('200 '))).toHaveLength(1);
  });

  test('works for the overlay and for reports, and ends with them', async () => {
    const token = await begin();
    await ask(who);
    const authorization = `Bearer ${token}`;
    const body = new URLSearchParams({ phase: 'failed', detail: 'x' });
    const url = `http://127.0.0.1:${server.port}/boot/v1/phase`;
    expect((await fetch(url, { method: 'POST', body, headers: { authorization } })).status).toBe(204);

    expect(await ask(who)).toMatch(/^403 no boot of 127\.0\.0\.1 is under way/);
  });

  test('is not told late, without a boot, or to a boot that has it on its command line', async () => {
    expect(await ask(who)).toMatch(/^403 no boot of 127\.0\.0\.1/);
    await begin();
    server.world.nowMs += 600_000;
    expect(await ask(who)).toMatch(/^403 the token of this boot has expired/);

    server.world.view = plain;
    await begin();
    expect(await ask(who)).toMatch(/^403 the boot of head has its token on its command line/);
  });

  test.each<[string, Record<string, string>]>([
    ['nothing', {}],
    ['no nonce', { serial: '10000001', mac: 'dc:a6:32:00:00:01' }],
    ['a short nonce', { ...who, nonce: 'abc' }],
    ['no MAC', { ...who, mac: '' }],
    ['a serial of 16 digits', { ...who, serial: '1000000010000001' }],
  ])('needs more than %s', async (_, fields) => {
    await begin();

    expect(await ask(fields)).toMatch(/^400 serial \(8 hex digits or nothing\), mac and nonce/);
  });
});
