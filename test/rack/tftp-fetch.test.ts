/** A transfer as firmware does it, told as words. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { loadersOf, withFileTimeout, type TftpClient } from '../../src/rack/loaders.ts';
import { TftpFetch, type FetchStep } from '../../src/rack/tftp-fetch.ts';
import { encodeTftp, type TftpPacket } from '../../src/wire/tftp.ts';

type Event = TftpPacket | { readonly kind: 'wait'; readonly ms: number };

const wait = (ms: number): Event => ({ kind: 'wait', ms });
const oack = (options: Record<string, string> = { blksize: '8', tsize: '10' }): Event => ({
  kind: 'option-ack',
  options: new Map(Object.entries(options)),
});
const data = (block: number, sizeBytes: number): Event => ({ kind: 'data', block, bytes: new Uint8Array(sizeBytes) });
const missing: Event = { kind: 'error', code: 1, message: 'no such file' };

const pi4 = loadersOf({ board: 'pi4', eeprom: '2026-08-04' });

interface Options {
  readonly mode?: 'load' | 'probe';
  readonly client?: TftpClient;
}

/** `loaded 10` and the like; each event is one entry. */
function story(events: readonly Event[], { mode = 'load', client = pi4.first }: Options = {}): string[] {
  let nowMs = 0;
  const fetch = new TftpFetch({ path: 'config.txt', mode }, client, nowMs, () => undefined);
  const lines = [tell(fetch, 'send')];
  for (const event of events) {
    if (event.kind === 'wait') nowMs += event.ms;
    lines.push(tell(fetch, event.kind === 'wait' ? fetch.tick(nowMs) : receive(fetch, event, nowMs)));
  }
  return lines;
}

/** In the middle of a larger buffer, as it comes off the wire. */
function receive(fetch: TftpFetch, packet: TftpPacket, nowMs = 0): FetchStep {
  const bytes = encodeTftp(packet);
  return fetch.receive(Buffer.concat([Buffer.alloc(42, 7), bytes, Buffer.alloc(3, 7)]), 42, bytes.byteLength, nowMs);
}

function tell(fetch: TftpFetch, step: FetchStep): string {
  const packet = step === 'nothing' ? undefined : fetch.packet();
  const words = packet && [`${tellPacket(packet)} to ${fetch.isForTransfer ? 'transfer' : 'port 69'}`];
  const { result } = fetch;
  const end = result?.kind === 'loaded' ? `loaded ${result.sizeBytes}` : result?.kind;
  return [...(words ?? []), ...(step === 'end' && end !== undefined ? [end] : [])].join(', ') || '-';
}

function tellPacket(packet: TftpPacket): string {
  if (packet.kind === 'read') return ['RRQ', ...[...packet.options].flat()].join(' ');
  if (packet.kind === 'ack') return `ACK ${packet.block}`;
  return packet.kind === 'error' ? packet.message : packet.kind;
}

const request = 'RRQ tsize 0 blksize 1468 to port 69';
const late = 'Early terminate to port 69, late';

describe('loading', () => {
  test.each<[string, Event[], string[]]>([
    [
      'with options',
      [oack(), data(1, 8), data(2, 2)],
      ['ACK 0 to transfer', 'ACK 1 to transfer', 'ACK 2 to transfer, loaded 10'],
    ],
    [
      'whole blocks end with an empty one',
      [oack(), data(1, 8), data(2, 0)],
      ['ACK 0 to transfer', 'ACK 1 to transfer', 'ACK 2 to transfer, loaded 8'],
    ],
    [
      'from a server without options',
      [data(1, 512), data(2, 1)],
      ['ACK 1 to transfer', 'ACK 2 to transfer, loaded 513'],
    ],
    ['a missing file', [missing], ['missing']],
    ['a lost RRQ is sent again after 2 s', [wait(1999), wait(1), oack()], ['-', request, 'ACK 0 to transfer']],
    [
      'after lost DATA the last ACK is sent again',
      [oack(), data(1, 8), wait(2000), data(2, 1)],
      ['ACK 0 to transfer', 'ACK 1 to transfer', 'ACK 1 to transfer', 'ACK 2 to transfer, loaded 9'],
    ],
    [
      'a repeated block is confirmed and not kept twice',
      [oack(), data(1, 8), data(1, 8), data(2, 1)],
      ['ACK 0 to transfer', 'ACK 1 to transfer', 'ACK 1 to transfer', 'ACK 2 to transfer, loaded 9'],
    ],
    ['a block from the future is passed over', [oack(), data(2, 8)], ['ACK 0 to transfer', '-']],
    ['a silent server means: next name', [wait(30_000)], ['Early terminate to port 69, missing']],
    [
      'a file is given up 30 s after its RRQ though data flows',
      [oack(), wait(1000), data(1, 8), wait(29_000)],
      ['ACK 0 to transfer', '-', 'ACK 1 to transfer', late],
    ],
  ])('%s', (_name, events, expected) => {
    expect(story(events)).toEqual([request, ...expected]);
  });
});

describe('a probe', () => {
  test.each<[string, Event, string]>([
    ['breaks off after the OACK', oack(), 'Early terminate to transfer, exists'],
    ['breaks off after DATA', data(1, 512), 'Early terminate to transfer, exists'],
    ['sees a missing file', missing, 'missing'],
  ])('%s', (_name, event, expected) => {
    expect(story([event], { mode: 'probe' })).toEqual([request, expected]);
  });
});

describe('loaders differ', () => {
  const pi3 = loadersOf({ board: 'pi3', eeprom: '' });
  const old = loadersOf({ board: 'pi4', eeprom: '2019-12-03' });

  test.each([
    ['the ROM of a Pi 3 asks without options', pi3.first, 'RRQ to port 69'],
    ['bootcode.bin asks for tsize', pi3.bootcode, 'RRQ tsize 0 to port 69'],
    ['an EEPROM of 2019 asks for 1024 bytes', old.first, 'RRQ tsize 0 blksize 1024 to port 69'],
    ['and so does the start4.elf that it starts', old.last, 'RRQ tsize 0 blksize 1024 to port 69'],
  ])('%s', (_name, client, expected) => {
    expect(story([], { client })).toEqual([expected]);
  });

  test.each([
    ['an EEPROM of 2026', loadersOf({ board: 'pi5', eeprom: '2026-08-04' }).first, 65_536],
    ['an EEPROM of 2024', loadersOf({ board: 'pi5', eeprom: '2024-07-30' }).first, 65_535],
    ['a Pi 3', pi3.last, 65_535],
  ])('%s takes so many blocks when there are more', (_name, client, expected) => {
    const fetch = new TftpFetch({ path: 'kernel8.img', mode: 'load' }, client, 0, () => undefined);
    const block = Buffer.from(encodeTftp({ kind: 'data', block: 0, bytes: new Uint8Array(512) }));
    for (let index = 1; index <= 65_536; index++) {
      block.writeUInt16BE(index & 0xffff, 2);
      fetch.receive(block, 0, block.length, 0);
    }

    expect(fetch.received).toBe(expected);
  });

  test('an EEPROM of 2019 passes a repeated block over, and sends its own ACK again 2 s after the first', () => {
    expect(story([oack(), data(1, 8), wait(1000), data(1, 8), wait(1000)], { client: old.first }).slice(2)).toEqual([
      'ACK 1 to transfer',
      '-',
      '-',
      'ACK 1 to transfer',
    ]);
  });

  test('start4.elf goes on with a file whose data flows, and gives up a server that is silent', () => {
    const flows = [oack(), wait(29_000), data(1, 8), wait(29_000), data(2, 8)];
    expect(story([...flows, wait(30_000)], { client: pi4.last }).slice(-2)).toEqual([
      'ACK 2 to transfer',
      'Early terminate to port 69, late',
    ]);
    expect(story(flows, { client: withFileTimeout(pi4.last) })).toContain(late);
  });
});

test('blocks reach the sink once, in order, each with its place in the file', () => {
  const file = Buffer.alloc(10);
  const fetch = new TftpFetch({ path: 'kernel8.img', mode: 'load' }, pi4.first, 0, (bytes, start, length, at) => {
    file.set(bytes.subarray(start, start + length), at);
  });
  receive(fetch, { kind: 'option-ack', options: new Map([['blksize', '4']]) });
  for (const [block, text] of [
    [1, 'abcd'],
    [2, 'efgh'],
    [2, 'efgh'],
    [4, 'nono'],
    [3, 'ij'],
  ] as const) {
    receive(fetch, { kind: 'data', block, bytes: Buffer.from(text) });
  }
  expect(file.toString()).toBe('abcdefghij');
  expect(fetch.result).toEqual({ kind: 'loaded', sizeBytes: 10 });
  expect(fetch.repeats).toBe(1);
});

test('block numbers wrap from 65535 to 0', () => {
  const fetch = new TftpFetch({ path: 'kernel8.img', mode: 'load' }, pi4.first, 0, () => undefined);
  receive(fetch, { kind: 'option-ack', options: new Map([['blksize', '1']]) });
  for (let block = 1; block <= 65_536; block++) {
    receive(fetch, { kind: 'data', block: block & 0xffff, bytes: Uint8Array.of(1) });
  }
  expect(tell(fetch, receive(fetch, { kind: 'data', block: 1, bytes: new Uint8Array() }))).toBe(
    'ACK 1 to transfer, loaded 65536',
  );
});

test('datagrams that are no TFTP are passed over', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 20 }), (datagrams) => {
      const fetch = new TftpFetch({ path: 'kernel8.img', mode: 'load' }, pi4.first, 0, () => undefined);
      for (const bytes of datagrams) fetch.receive(bytes, 0, bytes.byteLength, 0);
      const isOver = datagrams.some((bytes) => bytes[0] === 0 && (bytes[1] === 5 || bytes[1] === 3));
      expect(fetch.result === undefined || isOver).toBe(true);
    }),
  );
});
