/** The board's TFTP client and the service's TFTP server, on real sockets. */
import { randomBytes } from 'node:crypto';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { openDatagrams } from '../../src/host/datagram/open.ts';
import { parseIpv4 } from '../../src/model/ipv4.ts';
import { loadFile } from '../../src/rack/firmware-load.ts';
import { serveTftp, type TftpContent, type TftpServed } from '../../src/serve/tftp.ts';

const address = parseIpv4('127.0.0.1');
const kernel = randomBytes(300_000);
const files: Readonly<Record<string, Uint8Array>> = { 'kernel8.img': kernel, 'config.txt': Buffer.from('kernel=x') };

let stop: AbortController;
let port: number;
let served: TftpServed[];
let stopped: Promise<void>;

beforeEach(async () => {
  stop = new AbortController();
  served = [];
  const find = (path: string): Promise<TftpContent> => {
    const bytes = files[path];
    return Promise.resolve(bytes === undefined ? { kind: 'missing', reason: 'none' } : { kind: 'bytes', bytes });
  };
  port = await new Promise<number>((resolve) => {
    const log = { info: () => undefined, warn: () => undefined };
    const onListening = resolve;
    stopped = serveTftp(
      { address, port: 0, datagrams: openDatagrams(), find, served: (event) => served.push(event), log, onListening },
      stop.signal,
    );
  });
});

afterEach(async () => {
  stop.abort();
  await stopped;
});

const peer = () => ({ server: address, port, sourcePort: 0, blockSizeBytes: 1468 });
const never = new AbortController().signal;

describe('a board', () => {
  test('loads a file of many blocks', async () => {
    const result = await loadFile({ path: 'kernel8.img', mode: 'load' }, peer(), never);
    expect(result.kind === 'loaded' && kernel.equals(result.bytes)).toBe(true);
  });

  test('probes without loading, and the server takes it for what it is', async () => {
    expect(await loadFile({ path: 'kernel8.img', mode: 'probe' }, peer(), never)).toEqual({ kind: 'exists' });
    await expect.poll(() => served.map(({ outcome }) => outcome)).toEqual(['probed']);
  });

  test('hears that a file is missing', async () => {
    const result = await loadFile({ path: 'recovery.elf', mode: 'load' }, peer(), never);
    expect(result).toMatchObject({ kind: 'missing' });
  });

  test('stops when its power is cut', async () => {
    const off = AbortSignal.timeout(50);
    const silent = { ...peer(), port: 9 };
    await expect(loadFile({ path: 'config.txt', mode: 'load' }, silent, off)).rejects.toThrow('timeout');
  });
});
