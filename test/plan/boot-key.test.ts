import { expect, test } from 'vitest';

import type { Boot } from '../../src/model/boot.ts';
import { decideKey } from '../../src/plan/boot-key.ts';
import { beginBoot, closeBoot, reportPhase } from '../../src/plan/boot-timeline.ts';

const t0 = 1_800_000_000_000;
const facts = { node: 'node01', mac: 'm', generation: 'g', token: 't', sign: 'discover', nowMs: t0 } as const;
const begin = (id: string, key?: string, address = '10.42.0.11'): Boot => ({
  ...beginBoot({ ...facts, id, address }),
  ...(key !== undefined && { key }),
});
const says = (boot: Boot, phase: 'kernel' | 'overlay' | 'ready') =>
  reportPhase(boot, { phase, uptimeSeconds: 4, detail: undefined, leavesAgent: true }, t0);

const up = says(begin('old', 'old-key'), 'overlay');
const ready = says(up, 'ready');
const gone = closeBoot(up, 'restarted', t0);
const offered = begin('new');

test.each<[string, readonly Boot[], string | undefined, string]>([
  ['the key of what runs', [up], 'old-key', 'valid old'],
  ['the key of a node that is ready', [ready], 'old-key', 'valid old'],
  ['a DISCOVER that anybody can send ends no key', [ready, offered], 'old-key', 'valid old'],
  ['nor does a boot that was closed by it', [gone, offered], 'old-key', 'valid old'],
  ['a kernel that has reported since does', [ready, says(offered, 'kernel')], 'old-key', 'refused: this is not'],
  ['and has a key of its own', [ready, says(begin('new', 'new-key'), 'overlay')], 'new-key', 'valid new'],
  ['no key', [up], undefined, 'refused: a boot key is needed'],
  ['the token', [up], 't', 'refused: this is not'],
  ['the beginning of the key', [up], 'old', 'refused: this is not'],
  ['an empty key of a boot that has none', [says(offered, 'kernel')], '', 'refused: this is not'],
  ["another node's key", [up, begin('other', 'other-key', '10.42.0.12')], 'other-key', 'refused: this is not'],
])('%s', (_name, boots, key, expected) => {
  const decision = decideKey(boots, { token: key, address: '10.42.0.11' });

  const said = decision.kind === 'valid' ? `valid ${decision.boot.id}` : `refused: ${decision.reason}`;
  expect(said.slice(0, expected.length)).toBe(expected);
  expect(said).not.toContain('-key');
});
