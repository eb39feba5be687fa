import { describe, expect, test } from 'vitest';

import type { Boot } from '../../src/model/boot.ts';
import { beginBoot, decideBegin, reportPhase, tokenForReading } from '../../src/plan/boot-timeline.ts';
import { decideToken, decideTokenRequest, tokenBytes, tokenLifetimeMs } from '../../src/plan/boot-token.ts';
import { tokenSlot } from '../../src/model/generation.ts';

const t0 = 1_800_000_000_000;
const boot = (id: string, address: string, token: string): Boot =>
  beginBoot({ id, node: id, mac: 'm', address, generation: 'g', token, sign: 'discover', nowMs: t0 });

const one = boot('node01', '10.42.0.11', 'token-of-node01');
const two = boot('node02', '10.42.0.12', 'token-of-node02');
const applied = reportPhase(one, { phase: 'overlay', uptimeSeconds: 4, detail: undefined }, t0);

test.each<[string, readonly Boot[], string | undefined, string, number, string]>([
  ['its own token from its own address', [one, two], 'token-of-node01', '10.42.0.11', t0, 'valid node01'],
  ['again, ten seconds later', [one, two], 'token-of-node01', '10.42.0.11', t0 + 10_000, 'valid node01'],
  ['no token', [one], undefined, '10.42.0.11', t0, 'refused: a boot token is needed'],
  ['another token', [one], 'token-of-nodeXX', '10.42.0.11', t0, 'refused: this is not the token'],
  ['the beginning of the token', [one], 'token', '10.42.0.11', t0, 'refused: this is not the token'],
  ["another node's token", [one, two], 'token-of-node02', '10.42.0.11', t0, 'refused: this is not the token'],
  [
    'its token from another address',
    [one],
    'token-of-node01',
    '10.42.0.99',
    t0,
    'refused: this boot of node01 began at 10.42.0.11',
  ],
  ["nobody's token from nowhere", [one], 'nothing', '10.42.0.99', t0, 'refused: no boot of 10.42.0.99'],
  [
    'after ten minutes',
    [one],
    'token-of-node01',
    '10.42.0.11',
    t0 + tokenLifetimeMs,
    'refused: the token of this boot',
  ],
  ['after the overlay was applied', [applied], 'token-of-node01', '10.42.0.11', t0, 'refused: no boot of 10.42.0.11'],
])('%s', (_name, boots, token, address, nowMs, expected) => {
  const decision = decideToken(boots, { token, address, nowMs });

  const said = decision.kind === 'valid' ? `valid ${decision.boot.node}` : `refused: ${decision.reason}`;
  expect(said.slice(0, expected.length)).toBe(expected);
  expect(said).not.toContain('token-of');
});

test('a token fills its place on the command line exactly', () => {
  expect(Buffer.alloc(tokenBytes, 7).toString('base64url')).toHaveLength(tokenSlot.length);
});

describe('a node that started from boot.img', () => {
  const nonce = '0f3a3b1e-5b7c-4a70-9a51-3c8f4f6f2d11';
  const asks = { address: '10.42.0.11', serial: '9ffefdef', mac: '2c:cf:67:01:02:03', nonce, nowMs: t0 };
  const facts = { serial: '9ffefdef', mac: '2c:cf:67:01:02:03', isSigned: true };
  const claimed: Boot = { ...one, nonce };
  const ready = reportPhase({ ...claimed, key: 'k' }, { phase: 'ready', uptimeSeconds: 9, detail: undefined }, t0);
  const nobody = { serial: undefined, mac: undefined, isSigned: true };

  test.each<[string, readonly Boot[], Partial<typeof asks>, Partial<typeof facts> | typeof nobody, string]>([
    ['gets its token', [one, two], {}, {}, 'token-of-node01'],
    ['gets it again for the same nonce', [claimed], { nowMs: t0 + 60_000 }, {}, 'token-of-node01'],
    ['may have no serial to tell', [one], { serial: '' }, {}, 'token-of-node01'],
    ['may be known by its serial alone', [one], {}, { ...facts, mac: undefined as never }, 'token-of-node01'],
    ['with another nonce is somebody else', [claimed], { nonce: `1${nonce.slice(1)}` }, {}, 'somebody has asked'],
    ['has no boot at another address', [one], { address: '10.42.0.12' }, {}, 'no boot of 10.42.0.12 is under way'],
    ['is ready, so it asks for nothing', [ready], {}, {}, 'no boot of 10.42.0.11 is under way'],
    ['comes late', [one], { nowMs: t0 + tokenLifetimeMs }, {}, 'the token of this boot has expired'],
    ['comes late with its nonce', [claimed], { nowMs: t0 + tokenLifetimeMs }, {}, 'the token of this boot has expired'],
    ['is another board by its serial', [one], { serial: '10000001' }, {}, 'this is not the board of node01'],
    ['is another board by its MAC', [one], { mac: 'dc:a6:32:00:00:01' }, {}, 'this is not the board of node01'],
    ['cannot be told by anything', [one], {}, nobody, 'this is not the board of node01'],
    ['has its token on its command line', [one], {}, { isSigned: false }, 'the boot of node01 has its token on its'],
  ])('%s', (_, boots, changed, known, expected) => {
    const answer = decideTokenRequest(boots, { ...asks, ...changed }, () => ({ ...facts, ...known }));

    expect(answer.kind === 'valid' ? answer.token : answer.reason).toMatch(new RegExp(`^${expected}`));
  });

  test('has a boot that is written down with its nonce, and a kernel that runs', () => {
    const answer = decideTokenRequest([one], { ...asks, nowMs: t0 + 5000 }, () => facts);
    const after = answer.kind === 'valid' ? answer.boot : undefined;

    expect(after).toMatchObject({ id: 'node01', nonce, lastSeenMs: t0 + 5000 });
    expect(after && tokenForReading(after)).toBeUndefined();
  });

  test('that dies after it has asked gets a new boot, and with it a new token, when its firmware begins again', () => {
    const input = { last: claimed, desired: 'g', address: '10.42.0.11', nowMs: t0 + 20_000 };

    expect(decideBegin({ ...input, sign: 'discover' })).toEqual({ kind: 'begin', closes: claimed });
    expect(decideBegin({ ...input, last: one, sign: 'discover' })).toEqual({ kind: 'continue', boot: one });
    // Anybody on a running node can read boot.img.
    expect(decideBegin({ ...input, sign: 'read' }).kind).toBe('continue');
  });
});
