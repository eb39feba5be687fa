import { expect, test } from 'vitest';

import type { Boot } from '../../src/model/boot.ts';
import { beginBoot, reportPhase } from '../../src/plan/boot-timeline.ts';
import { decideToken, tokenBytes, tokenLifetimeMs } from '../../src/plan/boot-token.ts';
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
  ['its token from another address', [one], 'token-of-node01', '10.42.0.99', t0, 'refused: no boot of 10.42.0.99'],
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
