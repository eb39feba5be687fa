/** A transfer as firmware does it, told as words. */
import { describe, expect, test } from 'vitest';

import { TftpFetch, type FetchStep } from '../../src/rack/tftp-fetch.ts';
import type { TftpPacket } from '../../src/wire/tftp.ts';

type Event = TftpPacket | { readonly kind: 'wait'; readonly ms: number };

const wait = (ms: number): Event => ({ kind: 'wait', ms });
const oack = (options: Record<string, string> = { blksize: '8', tsize: '10' }): Event => ({
  kind: 'option-ack',
  options: new Map(Object.entries(options)),
});
const data = (block: number, sizeBytes: number): Event => ({ kind: 'data', block, bytes: new Uint8Array(sizeBytes) });
const missing: Event = { kind: 'error', code: 1, message: 'no such file' };

/** `loaded 10` and the like; each event is one entry. */
function story(mode: 'load' | 'probe', events: readonly Event[]): string[] {
  let nowMs = 0;
  const fetch = new TftpFetch({ path: 'config.txt', mode }, { blockSizeBytes: 1468, nowMs });
  const lines = [tell(fetch.start())];
  for (const event of events) {
    if (event.kind === 'wait') nowMs += event.ms;
    lines.push(tell(event.kind === 'wait' ? fetch.tick(nowMs) : fetch.receive(event, nowMs)));
  }
  return lines;
}

function tell({ send, result }: FetchStep): string {
  const words: string[] = [];
  if (send !== undefined) words.push(`${tellPacket(send.packet)} to ${send.to}`);
  if (result !== undefined) words.push(result.kind === 'loaded' ? `loaded ${result.bytes.byteLength}` : result.kind);
  return words.join(', ') || '-';
}

function tellPacket(packet: TftpPacket): string {
  if (packet.kind === 'read') return `RRQ ${[...packet.options].flat().join(' ')}`;
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
    expect(story('load', events)).toEqual([request, ...expected]);
  });
});

describe('a probe', () => {
  test.each<[string, Event, string]>([
    ['breaks off after the OACK', oack(), 'Early terminate to transfer, exists'],
    ['breaks off after DATA', data(1, 512), 'Early terminate to transfer, exists'],
    ['sees a missing file', missing, 'missing'],
  ])('%s', (_name, event, expected) => {
    expect(story('probe', [event])).toEqual([request, expected]);
  });
});

test('block numbers wrap from 65535 to 0', () => {
  const fetch = new TftpFetch({ path: 'kernel8.img', mode: 'load' }, { blockSizeBytes: 1, nowMs: 0 });
  fetch.receive({ kind: 'option-ack', options: new Map([['blksize', '1']]) }, 0);
  for (let block = 1; block <= 65_536; block++) {
    fetch.receive({ kind: 'data', block: block & 0xffff, bytes: Uint8Array.of(1) }, 0);
  }
  const end = fetch.receive({ kind: 'data', block: 1, bytes: new Uint8Array() }, 0);
  expect(tell(end)).toBe('ACK 1 to transfer, loaded 65536');
});
