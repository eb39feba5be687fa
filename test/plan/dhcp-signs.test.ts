import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { mergeSeen, noteSign, type DhcpSign } from '../../src/plan/dhcp-signs.ts';

const seenOf = (...signs: readonly DhcpSign[]) => signs.reduce(noteSign, {});

test('each kind is counted with its first and last time', () => {
  const seen = seenOf(
    { kind: 'discover', atMs: 100, board: 'pi4' },
    { kind: 'offer', atMs: 101 },
    { kind: 'discover', atMs: 8100 },
    { kind: 'offer', atMs: 8101 },
    { kind: 'request', atMs: 8102 },
    { kind: 'ack', atMs: 8103 },
  );

  expect(seen).toEqual({
    board: 'pi4',
    discover: { count: 2, firstMs: 100, lastMs: 8100 },
    offer: { count: 2, firstMs: 101, lastMs: 8101 },
    request: { count: 1, firstMs: 8102, lastMs: 8102 },
    ack: { count: 1, firstMs: 8103, lastMs: 8103 },
  });
});

test('what a kernel asks and is answered is not taken for its firmware', () => {
  const seen = seenOf(
    { kind: 'discover', atMs: 1 },
    { kind: 'offer', atMs: 2 },
    { kind: 'discover', stage: 'other', atMs: 30_000 },
    { kind: 'offer', atMs: 30_001 },
    { kind: 'request', atMs: 30_002 },
  );

  expect(seen).toEqual({
    discover: { count: 1, firstMs: 1, lastMs: 1 },
    offer: { count: 1, firstMs: 2, lastMs: 2 },
    system: { count: 1, firstMs: 30_000, lastMs: 30_000 },
  });
});

test('other servers are named once each, and not without end', () => {
  const servers = ['10.0.0.9', '10.0.0.9', '10.0.0.8', '10.0.0.7', '10.0.0.6', '10.0.0.5'];
  const seen = seenOf(...servers.map((server): DhcpSign => ({ kind: 'foreign-server', atMs: 1, server })));

  expect(seen).toEqual({ foreignServers: ['10.0.0.9', '10.0.0.8', '10.0.0.7', '10.0.0.6'] });
  expect(seenOf({ kind: 'foreign-server', atMs: 1 })).toEqual({});
});

test('signs that are written down in two parts make the same as in one', () => {
  const sign = fc.record<DhcpSign>({
    kind: fc.constantFrom('discover', 'offer', 'request', 'ack', 'nak', 'foreign-server'),
    atMs: fc.nat(),
    server: fc.constantFrom(undefined, 'a', 'b'),
    board: fc.constantFrom(undefined, 'pi4', 'pi5'),
  });
  fc.assert(
    fc.property(fc.array(sign), fc.array(sign), (first, second) => {
      expect(mergeSeen(seenOf(...first), seenOf(...second))).toEqual(seenOf(...first, ...second));
    }),
  );
});
