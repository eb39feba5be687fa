import { setTimeout as sleep } from 'node:timers/promises';

import { describe, expect, test } from 'vitest';

import { createReboots, type RebootsDeps } from '../../src/fleet/reboots.ts';
import { HostError } from '../../src/model/errors.ts';
import type { Event, NewEvent } from '../../src/model/event.ts';
import { parseIpv4 } from '../../src/model/ipv4.ts';
import { beginBoot, closeBoot, reportPhase } from '../../src/plan/boot-timeline.ts';
import { decideReboot, pendingReboots, runningRoles } from '../../src/plan/role-change-running.ts';
import { planGeneration } from '../../src/plan/generation.ts';
import type { Boot, ReportedPhase } from '../../src/model/boot.ts';
import { sampleNode, sampleView } from '../support/sample-view.ts';

const address = parseIpv4('10.42.0.11');

function reboots(changes: Partial<RebootsDeps> = {}) {
  const events: NewEvent[] = [];
  const lines: string[] = [];
  const log = { info: (event: string) => void lines.push(event), warn: (event: string) => void lines.push(event) };
  const deps: RebootsDeps = {
    ssh: () => Promise.resolve(),
    cycle: () => Promise.resolve({ kind: 'none' }),
    append: (more) => Promise.resolve(void events.push(...more)),
    now: () => 7,
    log,
    signal: new AbortController().signal,
    ...changes,
  };
  return { events, lines, made: createReboots(deps) };
}

describe('a reboot', () => {
  const silent = () => Promise.reject(new HostError('ssh failed', { hint: 'Cut its power.' }));

  test('of a node that ssh does not reach is a cycle of its power', async () => {
    const { made, events } = reboots({ ssh: silent, cycle: () => Promise.resolve({ kind: 'cycled' }) });

    made.begin('node01', address);
    await made.settled();

    expect(events).toEqual([]);
    expect(made.failure('node01')).toBeUndefined();
  });

  test('says why neither was possible', async () => {
    const refused = { kind: 'refused', reason: 'port 1 of sw1 is one of its uplinks' } as const;
    const { made } = reboots({ ssh: silent, cycle: () => Promise.resolve(refused) });

    made.begin('node01', address);
    await made.settled();

    const reason = 'ssh failed; port 1 of sw1 is one of its uplinks';
    expect(made.failure('node01')).toEqual({ atMs: 7, reason, hint: 'Cut its power.' });
  });

  test('that is taken is an event', async () => {
    const { made, events } = reboots();

    made.begin('node01', address);
    await made.settled();

    expect(events).toEqual([{ kind: 'node.rebooting', node: 'node01', fields: { address } }]);
    expect(made.failure('node01')).toBeUndefined();
  });

  test('that is not taken is an event with a hint, and remembered until the next one', async () => {
    let works = false;
    const failed = new HostError('ssh to root@10.42.0.11 failed: no route', { hint: 'Switch it off and on.' });
    const { made, events } = reboots({ ssh: () => (works ? Promise.resolve() : Promise.reject(failed)) });

    made.begin('node01', address);
    await made.settled();
    const failure = { reason: failed.message, hint: failed.hint };
    expect(events).toEqual([{ kind: 'node.reboot-failed', node: 'node01', fields: { address, ...failure } }]);
    expect(made.failure('node01')).toEqual({ atMs: 7, ...failure });
    works = true;
    made.begin('node01', address);
    await made.settled();

    expect(made.failure('node01')).toBeUndefined();
  });

  test('is told once while it is being told', async () => {
    let times = 0;
    const { made } = reboots({ ssh: async () => (times++, await sleep(10)) });

    made.begin('node01', address);
    made.begin('node01', address);
    await made.settled();

    expect(times).toBe(1);
  });

  test('that the end of the service cuts off is neither taken nor failed', async () => {
    const stop = new AbortController();
    const ssh = async (_: unknown, signal: AbortSignal) => sleep(60_000, undefined, { signal });
    const { made, events, lines } = reboots({ ssh, signal: stop.signal });

    made.begin('node01', address);
    stop.abort(new Error('stopped'));
    await made.settled();

    expect([events, lines]).toEqual([[], []]);
  });

  test('is made although its event cannot be written', async () => {
    const { made, lines } = reboots({ append: () => Promise.reject(new HostError('the disk is full')) });

    made.begin('node01', address);
    await made.settled();

    expect(lines).toEqual(['node.rebooting', 'event.lost']);
    expect(made.failure('node01')).toBeUndefined();
  });
});

const view = sampleView();
const generation = planGeneration(sampleNode('node01'), view);
const begun = (changes: Partial<Boot> = {}): Boot => ({
  ...beginBoot({
    id: 'b1',
    node: 'node01',
    mac: 'm',
    address,
    generation: generation.id,
    token: 't',
    sign: 'discover',
    nowMs: 1000,
  }),
  ...changes,
});
const reported = (boot: Boot, ...phases: ReportedPhase[]) =>
  phases.reduce((sum, phase) => reportPhase(sum, { phase, uptimeSeconds: 1, detail: undefined }, 2000), boot);

describe('what a node runs', () => {
  const runs = (boots: readonly Boot[], isSilent = false) =>
    Object.fromEntries(runningRoles(boots, new Map([[generation.id, generation]]), () => isSilent));
  const up = closeBoot(reported(begun(), 'network', 'root', 'overlay'), 'ready', 3000);

  test.each<[string, readonly Boot[], boolean, object]>([
    ['is known once its kernel has spoken', [reported(begun(), 'network')], false, { node01: 'compute' }],
    ['is nothing before', [begun()], false, {}],
    ['is what its last boot started', [up], false, { node01: 'compute' }],
    ['is nothing once its board was reset', [up, begun({ id: 'b2', generation: 'next' })], false, {}],
    ['is nothing when its heartbeats have ended', [up], true, {}],
    ['is nothing when the boot fell silent', [closeBoot(reported(begun(), 'network'), 'silent', 3000)], false, {}],
    ['is nothing when its initramfs failed', [reported(begun(), 'network', 'failed')], false, {}],
    [
      'is its role although a unit has failed',
      [closeBoot(reported(begun(), 'overlay'), 'failed', 3000)],
      false,
      { node01: 'compute' },
    ],
  ])('%s', (_name, boots, isSilent, expected) => {
    expect(runs(boots, isSilent)).toEqual(expected);
  });
});

describe('a reboot is possible', () => {
  const ssh = { kind: 'ssh', address };

  test.each<[string, Boot | undefined, boolean, object]>([
    ['while it boots', begun(), false, ssh],
    ['when it is ready', closeBoot(begun(), 'ready', 3000), false, ssh],
    ['when it is up and says no more', closeBoot(begun(), 'handed-over', 3000), false, ssh],
    ['when its units failed and its heart beats', closeBoot(begun(), 'failed', 3000), true, ssh],
    ['not before its first boot', undefined, false, { kind: 'off', reason: 'node01 has never booted' }],
    [
      'not when it fell silent',
      closeBoot(begun(), 'silent', 3000),
      false,
      { kind: 'off', reason: 'node01 does not run, as far as is known: its last boot ended as silent' },
    ],
  ])('%s', (_name, last, hasHeartbeat, expected) => {
    expect(decideReboot('node01', last, hasHeartbeat)).toEqual(expected);
  });
});

describe('a promise of a reboot that a killed service left', () => {
  const event = (kind: string, atMs: number, node = 'node01'): Event => ({
    id: 1,
    kind,
    atMs,
    node,
    fields: { address },
  });
  const asked = event('node.reboot-asked', 5000);
  const open = [{ node: 'node01', address }];

  test.each<[string, readonly Event[], readonly Boot[], number, object]>([
    ['is kept', [asked], [], 6000, open],
    ['is kept although it booted before', [asked], [begun()], 6000, open],
    ['of another node is its own', [asked, event('node.rebooting', 5500, 'node02')], [], 6000, open],
    ['was done', [asked, event('node.rebooting', 5500)], [], 6000, []],
    ['was tried', [asked, event('node.reboot-failed', 5500)], [], 6000, []],
    ['was done, and only the event is missing', [asked], [begun({ startedAtMs: 5500 })], 6000, []],
    ['is made once more', [asked, event('node.rebooting', 5500), event('node.reboot-asked', 5600)], [], 6000, open],
    ['is too old to be wanted still', [asked], [], 65_000, []],
  ])('%s', (_name, events, boots, nowMs, expected) => {
    expect(pendingReboots(events, boots, nowMs)).toEqual(expected);
  });
});
