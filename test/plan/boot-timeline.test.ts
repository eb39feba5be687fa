import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import type { Boot } from '../../src/model/boot.ts';
import {
  beginBoot,
  closeBoot,
  countFile,
  decideBegin,
  hasKernelReported,
  pruneBoots,
  reportPhase,
  silenceMs,
  tokenForReading,
  type BootSign,
} from '../../src/plan/boot-timeline.ts';
import { endOverdue } from '../../src/plan/overdue.ts';

const t0 = 1_800_000_000_000;
const dayMs = 86_400_000;
const facts = { node: 'node01', mac: 'dc:a6:32:00:00:01', address: '10.42.0.11', generation: 'g1', token: 'secret' };
const begin = (id = 'b1', nowMs = t0): Boot => beginBoot({ ...facts, id, sign: 'discover', nowMs });
const report = (boot: Boot, phase: 'network' | 'root' | 'overlay' | 'failed', nowMs: number, uptimeSeconds = 3) =>
  reportPhase(boot, { phase, uptimeSeconds, detail: undefined }, nowMs);

const loading = countFile(begin(), 1000, t0 + 2000);
const kernel = report(loading, 'network', t0 + 20_000);
const up = report(kernel, 'overlay', t0 + 21_000);

describe('a sign of the board', () => {
  test.each<[string, Boot | undefined, BootSign, Partial<Parameters<typeof decideBegin>[0]>, string]>([
    ['DISCOVER of a node that never booted begins one', undefined, 'discover', {}, 'begin'],
    ['read of a node that never booted begins one', undefined, 'read', {}, 'begin'],
    ['DISCOVER that is repeated belongs to it', begin(), 'discover', {}, 'continue'],
    ['read after DISCOVER belongs to it', begin(), 'read', {}, 'continue'],
    ['DISCOVER after files, before the kernel: the board tries again', loading, 'discover', {}, 'continue'],
    ['read while the kernel runs belongs to it', kernel, 'read', {}, 'continue'],
    ['DISCOVER after the kernel has reported: the board was reset', kernel, 'discover', {}, 'begin, closes b1'],
    ['DISCOVER of a node that is up: the board was reset', up, 'discover', {}, 'begin'],
    ['read on a node that is up gives no new token', up, 'read', {}, 'refused'],
    ['read after a boot that failed in its kernel', report(kernel, 'failed', t0 + 30_000), 'read', {}, 'refused'],
    ['read after a boot that never got to its kernel', closeBoot(loading, 'silent', t0), 'read', {}, 'begin'],
    ['DISCOVER after a failed boot', report(kernel, 'failed', t0 + 30_000), 'discover', {}, 'begin'],
    ['DISCOVER when another generation is desired', begin(), 'discover', { desired: 'g2' }, 'begin, closes b1'],
    ['read when another generation is desired', begin(), 'read', { desired: 'g2' }, 'continue'],
    ['DISCOVER at another address', begin(), 'discover', { address: '10.42.0.12' }, 'begin, closes b1'],
    ['DISCOVER after ten silent minutes', begin(), 'discover', { nowMs: t0 + silenceMs }, 'begin, closes b1'],
    [
      'DISCOVER after the token has expired, although the board was heard of',
      countFile(begin(), 1, t0 + silenceMs - 1000),
      'discover',
      { nowMs: t0 + silenceMs },
      'begin, closes b1',
    ],
  ])('%s', (_name, last, sign, changes, expected) => {
    const decision = decideBegin({
      last,
      sign,
      desired: 'g1',
      address: '10.42.0.11',
      nowMs: t0 + 60_000,
      ...changes,
    });
    const closes = decision.kind === 'begin' && decision.closes !== undefined ? `, closes ${decision.closes.id}` : '';
    expect(decision.kind + closes).toBe(expected);
  });
});

test('the timeline of a boot that goes well', () => {
  expect(up.phases.map(({ phase, atMs }) => `${phase} +${atMs - t0}`)).toEqual([
    'offered +0',
    'loading +2000',
    'kernel +17000',
    'network +20000',
    'overlay +21000',
  ]);
  expect(up).toMatchObject({ files: 1, bytes: 1000, closed: { atMs: t0 + 21_000, reason: 'handed-over' } });
});

test('the token ends when the overlay is applied, when the boot fails and when it is silent', () => {
  expect(kernel.token).toBe('secret');
  for (const closed of [up, report(kernel, 'failed', t0), closeBoot(kernel, 'silent', t0)]) {
    expect(closed.closed).toBeDefined();
    expect(JSON.stringify(closed)).not.toContain('secret');
  }
});

test('a report that is sent again changes no phase', () => {
  expect(report(kernel, 'network', t0 + 25_000).phases).toEqual(kernel.phases);
});

test('a kernel never starts before its boot, whatever uptime it claims', () => {
  const odd = report(begin(), 'network', t0 + 1000, 9_999_999);

  expect(odd.phases.find(({ phase }) => phase === 'kernel')?.atMs).toBe(t0);
});

test('pruning keeps the last boots of every node and always the one it runs', () => {
  const failed = Array.from({ length: 30 }, (_, index) => closeBoot(begin(`f${index}`), 'silent', t0));
  const other = beginBoot({ ...facts, node: 'node02', id: 'other', sign: 'discover', nowMs: t0 });

  const kept = pruneBoots([other, up, ...failed]).map(({ id }) => id);

  expect(kept).toEqual(['other', 'b1', ...failed.slice(20).map(({ id }) => id)]);
});

test('a file that is counted after its kernel has reported is no step back', () => {
  const counted = countFile(report(begin(), 'network', t0 + 1000), 500, t0 + 1100);

  expect(counted).toMatchObject({ files: 1, bytes: 500 });
  expect(counted.phases.map(({ phase }) => phase)).toEqual(['offered', 'kernel', 'network']);
});

test('a boot that came to its overlay is kept until another one has: its root and shares are exported until then', () => {
  const failsAfter = (phase: 'network' | 'root') =>
    Array.from({ length: 12 }, (_, index) =>
      report(report(begin(`${phase}${index}`), phase, t0 + 1), 'failed', t0 + 2),
    );
  const [afterRoot, afterNetwork] = [failsAfter('root'), failsAfter('network')];

  const kept = pruneBoots([up, ...afterRoot, ...afterNetwork]).map(({ id }) => id);

  expect(kept).toEqual(['b1', 'root11', ...afterNetwork.slice(2).map(({ id }) => id)]);
});

test('the last boot that came up is kept, however many later ones fail after their overlay', () => {
  const good = reportPhase(begin('good'), { phase: 'ready', uptimeSeconds: 20, detail: undefined }, t0 + 1);
  const failed = Array.from({ length: 12 }, (_, index) => {
    const applied = begin(`failed${index}`);
    const overlaid = { ...applied, phases: [...applied.phases, { phase: 'overlay', atMs: t0 + 2 } as const] };
    return report(overlaid, 'failed', t0 + 3);
  });

  const kept = pruneBoots([good, ...failed]).map(({ id }) => id);

  expect(kept).toEqual(['good', ...failed.slice(2).map(({ id }) => id)]);
});

test('whatever happens in whatever order, a closed boot stays closed and holds no token', () => {
  const event = fc.oneof(
    fc.constant('file' as const),
    fc.constantFrom('network' as const, 'root' as const, 'overlay' as const, 'failed' as const),
    fc.constant('wait' as const),
  );
  fc.assert(
    fc.property(fc.array(event, { maxLength: 30 }), (events) => {
      let boot = begin();
      let wasClosed = false;
      let nowMs = t0;
      for (const each of events) {
        nowMs += 1000;
        if (each === 'file') boot = countFile(boot, 1, nowMs);
        else if (each === 'wait')
          boot = endOverdue(boot, { deadlineMs: dayMs, problems: {}, nowMs: (nowMs += silenceMs) });
        else if (boot.closed === undefined) boot = report(boot, each, nowMs);
        wasClosed ||= boot.closed !== undefined;
        expect([boot.closed !== undefined, boot.token === undefined]).toEqual([wasClosed, wasClosed]);
        expect(new Set(boot.phases.map(({ phase }) => phase)).size).toBe(boot.phases.length);
      }
    }),
  );
});

test('a command line that is read after the kernel has reported or fetched its overlay holds no token', () => {
  expect([begin(), loading].map(tokenForReading)).toEqual(['secret', 'secret']);
  expect([kernel, { ...loading, overlaySha256: 'sum' }].map(tokenForReading)).toEqual([undefined, undefined]);
});

test('only a report of the node shows that its kernel runs', () => {
  expect([begin(), loading, kernel, up].map(hasKernelReported)).toEqual([false, false, true, true]);
});
