/** A signed boot against the real service: a board's HTTP mode, the initramfs' own shell code, and curl. */
import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { request } from '../../src/cli/api-client.ts';
import type { Argv } from '../../src/host/process.ts';
import { makeSigningKey } from '../../src/host/signing-key.ts';
import { sampleManifest } from '../support/sample-view.ts';
import { boardAddress, boardMac, ServeFixture, storageAddress } from '../support/serve-fixture.ts';

const initramfsLib = path.resolve(import.meta.dirname, '../../boot/initramfs/lib');
const serial = '9ffefdef';
const node01 = { name: 'node01', mac: boardMac, serial, board: 'pi4', address: boardAddress, role: 'compute' };
const http = `http://${storageAddress}`;

const contents: Readonly<Record<string, Buffer>> = {
  'kernel8.img': Buffer.alloc(9_000_000, 'kernel'),
  initramfs8: Buffer.alloc(2_400_001, 'initramfs'),
  'start4.elf': Buffer.alloc(2_256_800, 'start4'),
  'fixup4.dat': Buffer.alloc(5436, 'fixup4'),
  'bcm2711-rpi-4-b.dtb': Buffer.alloc(39_882, 'tree'),
  'overlays/README': Buffer.from('read me\n'),
};

const log = { info: () => undefined, warn: () => undefined };

let site: ServeFixture;
beforeEach(async () => {
  site = new ServeFixture();
  await site.open();
  const roles = { compute: { image: 'small', boot: 'signed', overlays: ['base'] } };
  await site.writeCluster({ roles });
  await publish();
  await site.apply([node01]);
  const { publicPem: pem } = await makeSigningKey(path.join(site.dir, 'state', 'secrets'), log);
  await writeFile(publicPem(), pem);
}, 60_000);
afterEach(() => site.close());

const publicPem = () => path.join(site.dir, 'public.pem');
const out = (...parts: readonly string[]) => path.join(site.dir, 'board', ...parts);
const curl = (...args: readonly string[]) => site.onBoard('curl', '-sS', ...args);
const status = (...args: readonly string[]) => curl('-o', '/dev/null', '-w', '%{http_code}', ...args);

/** With files of the sizes that a Pi 4 has. */
async function publish(): Promise<void> {
  const folder = path.join(site.dir, 'state', 'exports', 'images', 'small', '20261121.1');
  await mkdir(path.join(folder, 'boot', 'overlays'), { recursive: true });
  const bootFiles: Record<string, { sha256: string; sizeBytes: number }> = {};
  for (const [name, bytes] of Object.entries(contents)) {
    await writeFile(path.join(folder, 'boot', name), bytes);
    bootFiles[name] = { sha256: createHash('sha256').update(bytes).digest('hex'), sizeBytes: bytes.byteLength };
  }
  const manifest = sampleManifest({ name: 'small', version: '20261121.1', bootFiles });
  await writeFile(path.join(folder, 'manifest.json'), JSON.stringify(manifest));
}

function firmware(): Argv {
  const who = ['--board', 'pi4', '--mac', boardMac, '--serial', serial, '--revision', '13644053'];
  const eeprom = ['--eeprom', '2026-08-04', '--http-url', `${http}/boot`, '--http-key', publicPem()];
  return site.argv('rack', 'firmware', ...who, ...eeprom, '--out', out(), '--interface', 'end0');
}

/** The initramfs' functions in busybox' shell, on the card of the board. @returns stdout */
async function initramfs(script: string): Promise<string> {
  await mkdir(out('work'), { recursive: true });
  await writeFile(out('serial'), `10000000${serial}\0`);
  const facts =
    `work=${out('work')} server=${storageAddress} http_port=80 boot=signed card=end0 address=${boardAddress} token='' ` +
    `serial_file=${out('serial')}`;
  // The static busybox of Debian 12 for amd64 crashes on -T, the first two words after -q.
  const harmless =
    'to_kernel_log() { echo "$2"; }; restart() { exit 7; }; sleep() { :; }; ' +
    'wget() { shift 3; busybox wget -q "$@"; }';
  const sources = ['log', 'storage-node', 'identity'].map((name) => `. ${initramfsLib}/${name}.sh`);
  return site.onBoard('busybox', 'sh', '-c', [...sources, facts, harmless, script].join('\n'));
}

const node = async () => {
  const answer = await request(site.socket, 'GET', '/nodes/node01');
  return answer.kind === 'answer' ? (answer.body as { status: { state: string } }) : undefined;
};

test('a board boots over HTTP, asks for its token and has its overlay', async () => {
  const service = await site.serve();

  await site.net.run('board', firmware());

  expect(contents['kernel8.img']?.equals(await readFile(out('kernel')))).toBe(true);
  expect(contents['initramfs8']?.equals(await readFile(out('initramfs')))).toBe(true);
  expect(await readFile(out('cmdline.txt'), 'utf8')).toMatch(/pi_image\.boot=signed/);
  expect(await readFile(out('cmdline.txt'), 'utf8')).not.toMatch(/token|mac=|id=/);
  expect((await node())?.status.state).toBe('booting');

  const said = await initramfs(
    'ask_for_token; echo "id $id token ${#token}"; report kernel 7.2; get_patiently overlay.sha256 $work/sum; ' +
      'get_patiently overlay.tar $work/overlay.tar; read -r digest _ < $work/sum; ' +
      'report overlay "" "digest=$digest"; ask_for_token',
  ).catch((error: Error) => error.message);
  expect(said).toContain('failed with exit code 7');
  await service.line(/boot\.phase .*phase=overlay/);
  expect((await node())?.status.state).toBe('up');
  expect(
    createHash('sha256')
      .update(await readFile(out('work/overlay.tar')))
      .digest('hex'),
  ).toBe((await readFile(out('work/sum'), 'utf8')).slice(0, 64));
  expect(service.lines.join('\n')).toMatch(/boot\.token-given node=node01/);
  expect(service.lines.join('\n')).toMatch(/boot\.token-refused .*reason="no boot of 10\.42\.0\.11 is under way"/);
  expect(service.lines.filter((line) => line.includes('boot.begun'))).toHaveLength(1);
});

test('the token goes to the first that asks, and again to the same one', async () => {
  await site.serve();
  await site.net.run('board', firmware());
  const script = 'ask_for_token; echo "id $id"; echo "$token"';
  const nonce = `nonce_file=${out('nonce')}`;
  await writeFile(out('nonce'), `${'a'.repeat(32)}\n`);

  const first = await initramfs(`${nonce}; ${script}`);

  expect(first).toMatch(/^id 9ffefdef\n[\w-]{43}\n$/);
  expect(await initramfs(`${nonce}; ${script}`)).toBe(first);
  await expect(initramfs(script)).rejects.toThrow('exit code 7');
  const form = ['-d', `serial=${serial}&mac=${boardMac}&nonce=${'a'.repeat(32)}`, `${http}/boot/v1/token`];
  expect(await status(...form)).toBe('200');
  await site.onBoard('ip', 'address', 'add', '10.42.0.99/24', 'dev', 'end0');
  expect(await status('--interface', '10.42.0.99', ...form)).toBe('403');

  // It dies, and its firmware begins again: another boot, another token.
  await site.net.run('board', firmware());
  expect(await initramfs(script)).not.toBe(first);
});

test('a board whose EEPROM has another key starts nothing', async () => {
  await site.serve();
  await site.command('secret', 'rotate', 'bootSigning', '--yes');

  const board = site.net.start('board', firmware());

  expect(await board.line(/"stuck"/)).toContain('boot.sig was not signed with the key in this EEPROM');
  await board.stop();
});

describe('curl', () => {
  beforeEach(async () => {
    await site.serve();
    await site.onBoard('ip', 'address', 'add', `${boardAddress}/24`, 'dev', 'end0');
  }, 60_000);

  test('asks for the head, a range, and on condition', async () => {
    const head = await curl('-I', `${http}/boot/boot.img`);
    const etag = /^etag: (.*)$/im.exec(head)?.[1]?.trim() ?? 'none';
    const length = Number(/^content-length: (\d+)/im.exec(head)?.[1]);
    const whole = out('whole.img');
    await curl('--create-dirs', '-o', whole, `${http}/boot/boot.img`);
    const sig = await curl(`${http}/boot/${serial}/boot.sig`);

    expect(head).toMatch(/^HTTP\/1\.1 200 /);
    expect((await readFile(whole)).byteLength).toBe(length);
    expect(etag).toBe(`"${sig.slice(0, 64)}"`);
    expect(
      createHash('sha256')
        .update(await readFile(whole))
        .digest('hex'),
    ).toBe(sig.slice(0, 64));
    expect(await status('-H', `if-none-match: ${etag}`, `${http}/boot/boot.img`)).toBe('304');
    expect(await status('-r', '0-99', `${http}/boot/boot.img`)).toBe('206');
    expect(await status('-r', `${length}-`, `${http}/boot/boot.img`)).toBe('416');
    expect(await status('--http1.0', `${http}/boot.img`)).toBe('200');
  });

  test('goes on where a transfer broke off, and has the same bytes', async () => {
    const whole = out('whole.img');
    await curl('--create-dirs', '-o', whole, `${http}/boot/boot.img`);
    const bytes = await readFile(whole);
    await writeFile(out('part.img'), bytes.subarray(0, 5_000_000));

    await curl('-C', '-', '-o', out('part.img'), `${http}/boot/boot.img`);

    expect(bytes.equals(await readFile(out('part.img')))).toBe(true);
  });

  test('gets nothing else', async () => {
    const routes = [
      'boot/../../secrets/boot-signing/private.pem',
      'boot/boot.img/../x',
      'boot/v1/files/boot.img/',
      'boot/v1/files/kernel8.img',
      '..%2fboot.img',
    ];
    for (const route of routes) {
      const answer = await curl('--path-as-is', '-w', '\n%{http_code}', `${http}/${route}`);
      expect(answer).toMatch(/\n4\d\d$/);
      expect(answer).not.toContain('PRIVATE');
    }
  });
});
