import { expect, test } from 'vitest';

import type { Boot } from '../../src/model/boot.ts';
import { beginBoot, closeBoot, reportPhase } from '../../src/plan/boot-timeline.ts';
import { createHeartbeats, heartbeatSilenceMs } from '../../src/serve/heartbeats.ts';
import { readHeartbeat } from '../../src/serve/node-reports.ts';
import { sampleBeat } from '../support/sample-heartbeat.ts';

const t0 = 1_800_000_000_000;
const facts = { node: 'node01', mac: 'm', address: '10.42.0.11', token: 't', sign: 'discover' } as const;
const begin = (id: string): Boot => ({ ...beginBoot({ ...facts, id, generation: `g-${id}`, nowMs: t0 }), key: 'k' });
const says = (boot: Boot, phase: 'overlay' | 'userspace' | 'ready') =>
  reportPhase(boot, { phase, uptimeSeconds: 1, detail: undefined, leavesAgent: true }, t0);

const applied = says(begin('b1'), 'overlay');
const speaks = says(applied, 'userspace');
const ready = says(speaks, 'ready');

function heartbeatsAt(ms: number) {
  const clock = { ms };
  return { clock, heartbeats: createHeartbeats(() => clock.ms) };
}

test('the last word of a node says which boot and generation it runs', () => {
  const { heartbeats, clock } = heartbeatsAt(t0);
  expect(heartbeats.of('node01')).toBeUndefined();

  heartbeats.take(speaks, sampleBeat);
  clock.ms += 10_000;
  heartbeats.take(speaks, { ...sampleBeat, load: 2, temperatureCelsius: 61.2 });

  expect(heartbeats.of('node01')).toMatchObject({
    boot: 'b1',
    generation: 'g-b1',
    load: 2,
    temperatureCelsius: 61.2,
    atMs: t0 + 10_000,
  });
});

test.each<[string, Boot, number, boolean]>([
  ['a node that is ready, just in time', ready, heartbeatSilenceMs - 1, false],
  ['a node that is ready, too late', ready, heartbeatSilenceMs, true],
  ['a node that waits or starts, too late', speaks, heartbeatSilenceMs, true],
  ['a boot whose system has not spoken yet', applied, heartbeatSilenceMs, false],
  ['a boot that ended in another one', closeBoot(speaks, 'restarted', t0), heartbeatSilenceMs, false],
])('silence: %s', (_name, boot, afterMs, isSilent) => {
  const { heartbeats, clock } = heartbeatsAt(t0);
  heartbeats.take(boot, sampleBeat);
  clock.ms += afterMs;

  expect(heartbeats.isSilent(boot)).toBe(isSilent);
});

test('a service that has just started calls nobody silent', () => {
  const { heartbeats, clock } = heartbeatsAt(t0 + 3_600_000);
  expect(heartbeats.isSilent(ready)).toBe(false);

  clock.ms += heartbeatSilenceMs;
  expect(heartbeats.isSilent(ready)).toBe(true);
});

test('heartbeats of the boot before say nothing of the next one', () => {
  const { heartbeats, clock } = heartbeatsAt(t0);
  const next = says(says(begin('b2'), 'overlay'), 'userspace');
  clock.ms += heartbeatSilenceMs;
  heartbeats.take(ready, sampleBeat);

  expect(heartbeats.isSilent(ready)).toBe(false);
  expect(heartbeats.isSilent(next)).toBe(true);
});

const digest = 'a'.repeat(64);
const form = { phase: 'waiting', detail: 'slurm controller', uptime: '30.5', load: '0.25' };

test('a heartbeat is read from its form', () => {
  expect(readHeartbeat({ ...form, digest, temperature: '48.3', throttled: '50005', wait: '8' })).toEqual({
    kind: 'report',
    report: {
      heartbeat: {
        phase: 'waiting',
        detail: 'slurm controller',
        uptimeSeconds: 30.5,
        load: 0.25,
        temperatureCelsius: 48.3,
        throttled: 0x50005,
        liveDigest: digest,
      },
      waitMs: 8000,
    },
  });
});

test.each<[string, unknown, number]>([
  ['no wish to wait', form, 0],
  ['more than it may', { ...form, wait: '600' }, 8000],
  ['no number', { ...form, wait: 'long' }, 0],
  ['less than nothing', { ...form, wait: '-5' }, 0],
])('waits: %s', (_name, body, waitMs) => {
  const read = readHeartbeat(body);

  expect(read.kind === 'report' ? Math.max(read.report.waitMs, 0) : 'refused').toBe(waitMs);
});

test.each<[string, unknown]>([
  ['nothing', undefined],
  ['a phase of the initramfs', { ...form, phase: 'root' }],
  ['no load', { phase: 'ready', uptime: '1' }],
  ['an uptime that is none', { ...form, uptime: '1e9' }],
  ['a list', { ...form, uptime: ['1', '2'] }],
])('refused: %s', (_name, body) => {
  expect(readHeartbeat(body)).toMatchObject({ kind: 'refused', status: 400 });
});

test.each([['short'], ['A'.repeat(64)], [`${digest}0`]])('the digest %s is none', (text) => {
  expect(readHeartbeat({ ...form, digest: text })).toMatchObject({ report: { heartbeat: { liveDigest: undefined } } });
});
