import { expect, test } from 'vitest';

import type { Boot } from '../../src/model/boot.ts';
import { beginBoot, closeBoot, reportPhase } from '../../src/plan/boot-timeline.ts';
import { claimBeside, whoMustAnswer } from '../../src/plan/challenge.ts';

const t0 = 1_800_000_000_000;
const facts = { mac: 'm', address: '10.42.0.11', generation: 'g', token: 't', sign: 'discover', nowMs: t0 } as const;
const begin = (id: string, node = 'node01'): Boot => ({ ...beginBoot({ ...facts, id, node }), key: `key of ${id}` });
const says = (boot: Boot, phase: 'kernel' | 'overlay' | 'ready') =>
  reportPhase(boot, { phase, uptimeSeconds: 4, detail: undefined, leavesAgent: true }, t0);

const ready = says(says(begin('a'), 'overlay'), 'ready');
const keyless: Boot = { ...ready, key: undefined };
const offered = begin('b');
const failed = closeBoot(offered, 'failed', t0);

test.each<[string, readonly Boot[], number | undefined, string | undefined]>([
  ['a node that is ready and has just spoken', [ready], 1000, 'a'],
  ['one whose next heartbeat is late, and may still come', [ready], 14_999, 'a'],
  ['one that has missed it', [ready], 15_000, undefined],
  ['one that never spoke, or did not answer', [ready], undefined, undefined],
  ['one that waits for something', [says(begin('a'), 'overlay')], 1000, 'a'],
  ['one whose role has no agent', [keyless], 1000, undefined],
  ['one that has never booted', [], 1000, undefined],
  ['one whose board has just begun its first boot', [offered], 1000, undefined],
  ['one that runs although another boot has begun: anybody can send a DISCOVER', [ready, offered], 1000, 'a'],
  ['and although that boot has failed', [ready, failed], 1000, 'a'],
  ['one whose next kernel has reported runs that', [ready, says(begin('b'), 'kernel')], 1000, 'b'],
  ['another node', [begin('c', 'node02')], 1000, undefined],
])('%s', (_name, boots, heardAgoMs, expected) => {
  const heardMs = () => (heardAgoMs === undefined ? undefined : t0 - heardAgoMs);

  expect(whoMustAnswer({ boots, node: 'node01', heardMs, nowMs: t0 })?.id).toBe(expected);
});

test.each<[string, readonly Boot[], string | undefined]>([
  ['no other boot', [ready], undefined],
  ['one that has begun beside it', [ready, offered], 'b'],
  ['one that is over', [ready, failed], undefined],
  ['one whose kernel has reported: that is what runs', [ready, says(begin('b'), 'kernel')], undefined],
  ['one whose token has ended', [ready, { ...offered, token: undefined }], undefined],
  ['the boot of another node', [ready, begin('c', 'node02')], undefined],
  ['one before', [offered, ready], undefined],
])('a node that speaks finds %s', (_name, boots, expected) => {
  expect(claimBeside(boots, ready)?.id).toBe(expected);
});
