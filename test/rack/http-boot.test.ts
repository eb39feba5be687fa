/** A board's HTTP mode against small servers that do it right and wrong; the real service is asked in test/peers. */
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { afterEach, expect, test } from 'vitest';

import type { MacAddress } from '../../src/model/mac.ts';
import type { RackBoard } from '../../src/model/rack-spec.ts';
import type { Serial } from '../../src/model/serial.ts';
import type { FirmwareEvent } from '../../src/rack/firmware-event.ts';
import { bootOverHttp } from '../../src/rack/http-boot.ts';
import { fetchHttp } from '../../src/rack/http-fetch.ts';
import { encodeBootSig } from '../../src/wire/boot-sig.ts';
import { fatImage } from '../support/fat-image.ts';

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const publicPem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;

const image = fatImage({
  'CONFIG.TXT': 'kernel=kernel8.img\ninitramfs initrd followkernel\ndevice_tree=tree.dtb\n',
  'CMDLINE.TXT': 'pi_image.boot=signed quiet\n',
  'KERNEL8.IMG': 'the kernel',
  INITRD: 'the initramfs',
  'START4.ELF': 'start4',
  'FIXUP4.DAT': 'fixup4',
  'TREE.DTB': 'tree',
});
const treeless = fatImage({ 'CONFIG.TXT': 'kernel=kernel8.img\n' });

function sigOf(bytes: Uint8Array, key = privateKey): string {
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return encodeBootSig({ sha256, timestampSeconds: 1, rsa2048: sign('sha256', bytes, key).toString('hex') });
}

let server: Server | undefined;
afterEach(() => server?.close());

async function serve(listener: RequestListener): Promise<string> {
  server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/boot`;
}

interface Served {
  readonly sig: string | undefined;
  readonly img: Uint8Array;
}

async function boot({ sig, img }: Served, board: RackBoard = 'pi4', eeprom = '2026-08-04') {
  const asked: string[] = [];
  const events: FirmwareEvent[] = [];
  const url = await serve((request, response) => {
    asked.push(`${request.method} ${request.url} ${request.headers['user-agent']} ${request.headers.connection}`);
    const body = request.url === '/boot/boot.sig' ? sig : img;
    if (body === undefined) response.writeHead(404).end();
    else response.writeHead(200, { 'content-length': body.length }).end(body);
  });
  const who = {
    board,
    mac: 'dc:a6:32:12:34:56' as MacAddress,
    serial: '1aa2bb31' as Serial,
    revision: 0xd03115,
    eeprom,
  };
  const result = await bootOverHttp({
    who,
    http: { url, publicPem },
    emit: (event) => events.push(event),
    keep: () => Promise.resolve(),
    signal: AbortSignal.timeout(20_000),
  });
  return { asked, events, result };
}

test('a Pi 4 asks for boot.sig, then boot.img, and starts what is in it', async () => {
  const { asked, events, result } = await boot({ sig: sigOf(image), img: image });

  expect(asked).toEqual([
    'GET /boot/boot.sig rpiboot/1.0 (d03115; version:2026-08-04) close',
    'GET /boot/boot.img rpiboot/1.0 (d03115; version:2026-08-04) close',
  ]);
  expect(result).toMatchObject({ kind: 'start', commandLine: 'pi_image.boot=signed quiet' });
  if (result.kind === 'start') expect(Buffer.from(result.kernel).toString()).toBe('the kernel');
  expect(events.map(({ event }) => event)).toEqual(['file', 'file', 'start']);
});

test.each<[string, Served, string]>([
  ['no boot.sig', { sig: undefined, img: image }, 'there is no boot.sig'],
  ['no signature', { sig: sigOf(image).replace(/rsa2048.*\n/, ''), img: image }, 'boot.sig is not signed'],
  ['another key', { sig: sigOf(image, stranger), img: image }, 'boot.sig was not signed with the key in this EEPROM'],
  ['another boot.img', { sig: sigOf(image), img: treeless }, 'boot.img is not what boot.sig describes'],
  ['no boot.sig at all', { sig: 'hello', img: image }, 'boot.sig does not begin with a SHA-256 digest'],
  ['no FAT', { sig: sigOf(Buffer.alloc(5000)), img: Buffer.alloc(5000) }, 'no FAT boot sector'],
  ['no start4.elf in it', { sig: sigOf(treeless), img: treeless }, 'neither start4.elf nor start.elf is there'],
])('%s is not started', async (_, served, reason) => {
  expect((await boot(served)).result).toEqual({ kind: 'stuck', reason });
});

test.each<[RackBoard, string]>([
  ['pi3', '2026-08-04'],
  ['pi4', '2022-01-25'],
])('a %s with the loader of %s asks for nothing', async (board, eeprom) => {
  const { asked, result } = await boot({ sig: sigOf(image), img: image }, board, eeprom);

  expect(asked).toEqual([]);
  expect(result).toEqual({ kind: 'stuck', reason: 'this loader cannot boot over HTTP' });
});

test('a transfer that breaks off goes on from there', async () => {
  const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 251));
  const ranges: (string | undefined)[] = [];
  const url = await serve((request, response) => {
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    ranges.push(request.headers.range);
    response.writeHead(from > 0 ? 206 : 200, { 'content-length': bytes.length - from });
    if (ranges.length > 2) response.end(bytes.subarray(from));
    else response.write(bytes.subarray(from, from + 100_000), () => response.destroy());
  });

  const result = await fetchHttp({ url, agent: 'x', signal: AbortSignal.timeout(10_000) });

  expect(result.kind === 'loaded' && Buffer.from(result.bytes).equals(bytes)).toBe(true);
  expect(ranges).toEqual([undefined, 'bytes=100000-', 'bytes=200000-']);
});

test.each<[string, RequestListener, string]>([
  ['an error', (_, response) => void response.writeHead(403).end(), 'the server answers 403'],
  ['a redirect', (_, response) => void response.writeHead(302, { location: '/x' }).end(), 'the server answers 302'],
  ['a body in chunks', (_, response) => void response.write('x', () => response.end()), 'no Content-Length'],
])('%s is no file', async (_, listener, reason) => {
  const url = await serve(listener);

  const result = await fetchHttp({ url, agent: 'x', signal: AbortSignal.timeout(10_000) });

  expect(result).toEqual({ kind: 'missing', reason: expect.stringContaining(reason) });
});
