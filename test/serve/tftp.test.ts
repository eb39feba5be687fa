/** The real server on a free port, against datagrams that are sent and looked at one by one. */
import { randomBytes } from 'node:crypto';

import { describe, expect, test } from 'vitest';

import type { TftpContent } from '../../src/serve/tftp.ts';
import { fetchFile, inWords, read, text, type Fate } from './tftp-client.ts';
import { fastResend, setUp } from './tftp-setup.ts';

const { start, newClient, newFile } = setUp();

describe('a file arrives', () => {
  const sizes = [0, 1, 511, 512, 1468 * 4, 1_300_000];
  const ways: [string, Record<string, string>][] = [
    ['without options', {}],
    ['as a Pi 3 asks', { tsize: '0' }],
    ['as a Pi 4 asks', { tsize: '0', blksize: '1468' }],
    ['in windows', { blksize: '1468', windowsize: '16' }],
  ];

  test.each(ways)('%s', async (_name, options) => {
    const contents = sizes.map((size) => randomBytes(size));
    const files = await Promise.all(contents.map((bytes, index) => newFile(`way${index}`, bytes)));
    const entries = files.map((file, index) => [`way${index}`, file] as const);
    const server = await start(Object.fromEntries(entries));

    for (const [index, bytes] of contents.entries()) {
      const fetched = await fetchFile(server.port, `way${index}`, { options });
      expect(fetched.equals(bytes)).toBe(true);
      expect(await server.end(index)).toMatchObject({ path: `way${index}`, bytes: sizes[index], outcome: 'complete' });
    }
  });

  test('made of bytes as well', async () => {
    const server = await start({ 'config.txt': text('[pi4]\n'.repeat(100)) });
    expect((await fetchFile(server.port, 'config.txt')).toString()).toBe('[pi4]\n'.repeat(100));
  });

  test.each(['lost', 'twice'] as const)('when every third datagram is %s', async (fault) => {
    const bytes = randomBytes(60_000);
    const server = await start({ kernel: await newFile('kernel', bytes) }, fastResend);
    let count = 0;
    const fate = (): Fate => (++count % 3 === 0 ? fault : 'through');

    const fetched = await fetchFile(server.port, 'kernel', { options: { blksize: '1468' }, fate, resendMs: 30 });

    expect(fetched.equals(bytes)).toBe(true);
  });

  test('to many boards at once, each at its own pace', async () => {
    const bytes = randomBytes(700_000);
    const server = await start({ kernel: await newFile('many', bytes) }, { limits: { transfersPerClient: 40 } });

    const all = await Promise.all(
      Array.from({ length: 40 }, () => fetchFile(server.port, 'kernel', { options: { blksize: '1468' } })),
    );

    expect(all.filter((fetched) => fetched.equals(bytes))).toHaveLength(40);
  });
});

describe('an ERROR', () => {
  const cases: [string, Parameters<typeof read>, TftpContent | undefined, string, string][] = [
    ['for a missing file', ['start.elf'], undefined, 'error 1: not found: no such file', ''],
    [
      'for a refused path',
      ['../x'],
      { kind: 'refused', reason: 'path that leaves' },
      'error 2: path that leaves',
      'warn tftp.refused',
    ],
    ['for mode mail', ['x', {}, 'mail'], text(''), 'error 0: mode mail is not served; ask in mode octet (binary)', ''],
    [
      'for a long name',
      ['a'.repeat(300)],
      text(''),
      'error 4: file name of 300 bytes; the longest that is served has 255',
      'warn tftp.ignored',
    ],
    [
      'for a file that is gone',
      ['x'],
      { kind: 'file', path: '/nowhere/x', sizeBytes: 3 },
      'error 0: this file cannot be read now; see the log of the server',
      'warn tftp.failed',
    ],
  ];

  test.each(cases)('%s', async (_name, asked, content, expected, logged) => {
    const server = await start(content === undefined ? {} : { [asked[0]]: content });
    const client = await newClient();

    client.send(read(...asked), server.port);
    const { packet, port } = await client.next();

    expect(inWords(packet)).toBe(expected);
    expect(port).not.toBe(server.port);
    expect(server.logged.slice(1).every((line) => logged !== '' && line.startsWith(logged))).toBe(true);
    expect(server.served).toEqual([]);
  });

  test('for a write', async () => {
    const server = await start({});
    const client = await newClient();

    client.send({ kind: 'write', path: 'x', mode: 'octet', options: new Map() }, server.port);

    expect(inWords((await client.next()).packet)).toBe('error 2: this server is read-only');
  });

  test('when the lookup itself fails, and the next request is served', async () => {
    let calls = 0;
    const find = (): Promise<TftpContent> =>
      ++calls === 1 ? Promise.reject(new Error('no database')) : Promise.resolve(text('hello'));
    const server = await start({}, { find });

    await expect(fetchFile(server.port, 'x')).rejects.toThrow('error 0: this file cannot be read now');
    expect(server.logged.join()).toContain('bug: no database');
    expect((await fetchFile(server.port, 'x')).toString()).toBe('hello');
  });
});

describe('one request', () => {
  test('is answered from another port than 69, and the next one from that client from yet another', async () => {
    const server = await start({ x: text('hello') });
    const client = await newClient();
    const ports: number[] = [];

    for (let count = 0; count < 3; count++) {
      client.send(read('x'), server.port);
      const { port } = await client.next();
      client.send({ kind: 'ack', block: 1 }, port);
      await server.end(count);
      ports.push(port);
    }

    expect(new Set([...ports, server.port]).size).toBe(4);
  });

  test('that is repeated from its port starts nothing new', async () => {
    let lookups = 0;
    const find = (): Promise<TftpContent> => Promise.resolve(text(`${++lookups}`));
    const server = await start({}, { find });
    const client = await newClient();

    client.send(read('x', { tsize: '0' }), server.port);
    client.send(read('x', { tsize: '0' }), server.port);
    const { port } = await client.next();
    client.send(read('x', { tsize: '0' }), server.port);

    expect(await client.hears(200)).toEqual([]);
    client.send({ kind: 'ack', block: 0 }, port);
    expect(inWords((await client.next()).packet)).toBe('data 1 (1)');
    expect(lookups).toBe(1);
  });

  test('that is repeated after its transfer has stalled begins anew: the board was switched off and on', async () => {
    const server = await start({ x: text('x'.repeat(600)) }, fastResend);
    const client = await newClient();

    client.send(read('x'), server.port);
    const { port } = await client.next();
    client.send({ kind: 'ack', block: 1 }, port);
    await client.next();
    expect(inWords((await client.next()).packet)).toBe('data 2 (88)');
    client.send(read('x'), server.port);

    expect(await server.end(0)).toMatchObject({ outcome: 'replaced', bytes: 512 });
    let again = await client.next();
    while (again.port === port) again = await client.next();
    expect(inWords(again.packet)).toBe('data 1 (512)');
  });

  test('for another file from the same port replaces the transfer that runs there', async () => {
    const server = await start({ x: text('x'), y: text('yy') });
    const client = await newClient();

    client.send(read('x', { tsize: '0' }), server.port);
    await client.next();
    client.send(read('y', { tsize: '0' }), server.port);

    expect(inWords((await client.next()).packet)).toBe('oack tsize=2');
    expect(await server.end(0)).toMatchObject({ path: 'x', outcome: 'replaced' });
  });

  test('that is a probe ends at once, with neither a warning nor another datagram', async () => {
    const server = await start({ 'start4.elf': text('elf') }, fastResend);
    const client = await newClient();

    client.send(read('start4.elf', { tsize: '0', blksize: '1468' }), server.port);
    const { port } = await client.next();
    client.send({ kind: 'error', code: 0, message: 'Early terminate' }, port);

    expect(await server.end(0)).toMatchObject({ outcome: 'probed', bytes: 0 });
    expect(await client.hears(150)).toEqual([]);
    expect(server.logged.filter((line) => line.startsWith('warn'))).toEqual([]);
  });

  test('that is given up at the port it was sent to ends as well', async () => {
    const server = await start({ x: text('x'.repeat(600)) });
    const client = await newClient();

    client.send(read('x'), server.port);
    const { port } = await client.next();
    client.send({ kind: 'ack', block: 1 }, port);
    await client.next();
    client.send({ kind: 'error', code: 0, message: 'Early terminate' }, server.port);

    expect(await server.end(0)).toMatchObject({ outcome: 'aborted', bytes: 512 });
  });
});
