/** Other people's TFTP clients fetch from our server, byte for byte. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { run, type Argv } from '../../src/host/process.ts';
import type { TftpContent } from '../../src/serve/tftp.ts';
import { toNetascii } from '../../src/wire/tftp-netascii.ts';
import { serving, type TestServer } from '../serve/tftp-client.ts';

/** By name; `wrapped` has more blocks of 512 bytes than 16 bits can count. */
const contents: Readonly<Record<string, Buffer>> = {
  empty: Buffer.alloc(0),
  'one-byte': randomBytes(1),
  'whole-blocks': randomBytes(512 * 1468),
  wrapped: randomBytes(66_000 * 512 + 17),
};

let folder = '';
const texts: Record<string, TftpContent> = {};
let server: TestServer;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'pi-image-peers-'));
  const files: Record<string, TftpContent> = {};
  for (const [name, bytes] of Object.entries(contents)) {
    const file = path.join(folder, name);
    await writeFile(file, bytes);
    files[name] = { kind: 'file', path: file, sizeBytes: bytes.byteLength };
  }
  const all: Record<string, TftpContent> = { ...files, secret: { kind: 'refused', reason: 'not for you' } };
  const missing: TftpContent = { kind: 'missing', reason: 'no such file' };
  server = await serving({}, { find: (name) => Promise.resolve(all[name] ?? texts[name] ?? missing) });
});
afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true });
});

interface Client {
  readonly name: string;
  readonly argv: (port: string, file: string, out: string) => Argv;
}

const here = '127.0.0.1';
const curl =
  (...options: string[]): Client['argv'] =>
  (port, file, out) => ['curl', '-sS', ...options, '-o', out, `tftp://${here}:${port}/${file}`];
const atftp =
  (...options: string[]): Client['argv'] =>
  (port, file, out) => [
    'atftp',
    ...options.flatMap((option) => ['--option', option]),
    '-g',
    '-r',
    file,
    '-l',
    out,
    here,
    port,
  ];

const clients: readonly Client[] = [
  { name: 'curl', argv: curl() },
  { name: 'curl without options', argv: curl('--tftp-no-options') },
  { name: 'curl with blocks of 1468', argv: curl('--tftp-blksize', '1468') },
  { name: 'curl that asks for more than an Ethernet frame', argv: curl('--tftp-blksize', '8192') },
  { name: 'tftp-hpa', argv: (port, file, out) => ['tftp', '-m', 'binary', here, port, '-c', 'get', file, out] },
  { name: 'atftp', argv: atftp() },
  { name: 'atftp with every option', argv: atftp('tsize 0', 'blksize 1468', 'timeout 2', 'windowsize 16') },
  { name: 'busybox tftp', argv: (port, file, out) => ['busybox', 'tftp', '-g', '-r', file, '-l', out, here, port] },
  {
    name: 'busybox tftp with blocks of 1468',
    argv: (port, file, out) => ['busybox', 'tftp', '-b', '1468', '-g', '-r', file, '-l', out, here, port],
  },
];

describe.each(clients)('$name', ({ argv }) => {
  test.each(Object.keys(contents))('fetches %s', async (name) => {
    const out = path.join(folder, 'out');
    await rm(out, { force: true });

    await run(argv(String(server.port), name, out), { signal: AbortSignal.timeout(100_000) });

    expect((await readFile(out)).equals(contents[name] ?? randomBytes(1))).toBe(true);
  });
});

/** What a text becomes in netascii, and back again on this system, is the text. */
describe('in netascii', () => {
  const text = Buffer.from('first line\nsecond\r\n\rend\n'.repeat(30_000));
  test.each([
    ['tftp-hpa', (port: string, out: string): Argv => ['tftp', '-m', 'netascii', here, port, '-c', 'get', 'text', out]],
    [
      'curl',
      (port: string, out: string): Argv => ['curl', '-sS', '-o', out, `tftp://${here}:${port}/text;mode=netascii`],
    ],
  ])('%s gets a text', async (name, argv) => {
    const out = path.join(folder, 'out');
    const file = path.join(folder, 'text');
    await writeFile(file, text);
    texts['text'] = { kind: 'file', path: file, sizeBytes: text.byteLength };

    await run(argv(String(server.port), out), { signal: AbortSignal.timeout(20_000) });

    // curl leaves the translation to whoever reads the file.
    const expected = name === 'curl' ? Buffer.from(toNetascii(text)) : text;
    expect((await readFile(out)).equals(expected)).toBe(true);
  });
});

describe('curl is told', () => {
  test.each([
    ['that a file is missing', 'nowhere', [], 'exit code 68'],
    ['that a file is refused', 'secret', [], 'exit code 69'],
    ['that nothing may be written', 'upload', ['-T', '/etc/hostname'], 'exit code 69'],
  ])('%s', async (_name, file, options, sentence) => {
    const url = `tftp://${here}:${server.port}/${file}`;
    await expect(run(['curl', '-sS', ...options, url], { signal: AbortSignal.timeout(10_000) })).rejects.toThrow(
      sentence,
    );
  });
});

/** The part of tftp2 that reads; it counts no further than 65535 and knows no options. */
interface Tftp2 {
  (
    host: string,
    port: number,
  ): {
    read(file: string, push: (bytes: Buffer) => void, done: () => void): Promise<void>;
    close(): void;
  };
}

const require = createRequire(import.meta.url);
const tftp2 = require('tftp2') as Tftp2;

describe('tftp2', () => {
  test.each(['empty', 'one-byte', 'whole-blocks'])('fetches %s', async (name) => {
    const client = tftp2(here, server.port);
    const blocks: Buffer[] = [];

    await client.read(
      name,
      (bytes) => blocks.push(Buffer.from(bytes)),
      () => undefined,
    );
    client.close();

    expect(Buffer.concat(blocks).equals(contents[name] ?? randomBytes(1))).toBe(true);
  });
});
