import { expect, test } from 'vitest';

import type { Boot } from '../../src/model/boot.ts';
import type { Heartbeat } from '../../src/model/node-status.ts';
import { beginBoot, closeBoot, reportPhase } from '../../src/plan/boot-timeline.ts';
import { planGeneration } from '../../src/plan/generation.ts';
import { decideNodeStatus, runsGeneration, type NodeFacts } from '../../src/plan/node-status.ts';
import { sampleNode, sampleView } from '../support/sample-view.ts';

const desired = planGeneration(sampleNode('node01'), sampleView());
const boot: Boot = beginBoot({
  id: 'b',
  node: 'node01',
  mac: 'm',
  address: 'a',
  generation: desired.id,
  token: 'secret',
  sign: 'discover',
  nowMs: 0,
});
/** As the service knows one generation only. */
const runsOf = (boots: readonly Boot[], known = desired) => (runsGeneration(boots) === known.id ? known : undefined);
const why = { rule: 'r', cause: 'nobody knows', hint: 'Ask.' };
const said = (phase: 'overlay' | 'waiting' | 'failed', detail?: string) =>
  reportPhase(boot, { phase, uptimeSeconds: 1, detail }, 1000);

test.each<[string, readonly Boot[], string | undefined, string]>([
  ['never booted', [], undefined, 'new'],
  ['cannot boot', [], 'no image', 'refused: no image'],
  ['boots', [said('overlay'), boot], undefined, 'booting, runs debian-lite@20261121.1'],
  ['is up', [said('overlay')], undefined, 'up, runs debian-lite@20261121.1'],
  ['is up and could not boot again', [said('overlay')], 'no image', 'up, runs debian-lite@20261121.1: no image'],
  ['failed', [said('failed', 'no root')], undefined, 'failed, runs debian-lite@20261121.1: no root'],
  ['fell silent', [closeBoot(boot, 'silent', 9, why)], undefined, 'silent: nobody knows'],
  ['started again and never came', [closeBoot(boot, 'restarted', 9, why)], undefined, 'silent'],
])('a node that %s', (_name, boots, refusal, expected) => {
  const facts = { boots, desired: refusal === undefined ? desired : undefined, refusal, runs: runsOf(boots) };
  const status = decideNodeStatus(facts);

  const runs = status.running === undefined ? '' : `, runs ${status.running.image}`;
  const reason = status.reason === undefined ? '' : `: ${status.reason}`;
  expect(`${status.state}${runs}${reason}`).toBe(expected);
  expect(JSON.stringify(status)).not.toContain('secret');
});

const heartbeat = (phase: Heartbeat['phase'], detail?: string): Heartbeat => ({
  boot: 'b',
  atMs: 9,
  phase,
  detail,
  uptimeSeconds: 9,
  load: 0,
  generation: desired.id,
});
const late = closeBoot(said('overlay'), 'failed', 9, why);

test.each<[string, Boot, Heartbeat | undefined, boolean, string]>([
  [
    'waits, and speaks',
    said('waiting', 'time'),
    heartbeat('waiting', 'slurm controller'),
    false,
    'waiting: slurm controller',
  ],
  ['waits, and has not spoken since we started', said('waiting', 'time'), undefined, false, 'waiting: time'],
  ['still starts', said('overlay'), heartbeat('userspace'), false, 'booting'],
  ['still starts, and is late', late, heartbeat('userspace'), false, 'failed: nobody knows'],
  ['was late, and waits now', late, heartbeat('waiting', 'time'), false, 'waiting: time'],
  ['was late, and is ready now', late, heartbeat('ready'), false, 'ready'],
  ['was ready, and failed', closeBoot(boot, 'ready', 1), heartbeat('failed', 'slurmd'), false, 'failed: slurmd'],
  [
    'was ready, and is silent',
    closeBoot(boot, 'ready', 1),
    heartbeat('ready'),
    true,
    'silent: its heartbeats have stopped',
  ],
  ['speaks of another boot', boot, { ...heartbeat('ready'), boot: 'a' }, false, 'booting'],
])('a node that %s', (_name, last, spoke, isSilent, expected) => {
  const facts = { boots: [last], desired, refusal: undefined, runs: runsOf([last]), heartbeat: spoke, isSilent };
  const { state, reason } = decideNodeStatus(facts);

  expect(reason === undefined ? state : `${state}: ${reason}`).toBe(expected);
});

test('a node whose root is being made is not refused, and says what it waits for', () => {
  const facts = (boots: readonly Boot[]): NodeFacts => {
    return { boots, desired: undefined, refusal: undefined, preparing: 'its squashfs', runs: runsOf(boots) };
  };

  expect(decideNodeStatus(facts([]))).toMatchObject({ state: 'new', reason: 'its squashfs' });
  expect(decideNodeStatus(facts([said('overlay')]))).toMatchObject({ state: 'up', reason: undefined });
});

test('a root mode other than shared is told', () => {
  const squash = { ...desired, rootMode: 'squash' as const };
  const facts = { boots: [said('overlay')], desired: squash, refusal: undefined };

  expect(decideNodeStatus({ ...facts, runs: squash })).toMatchObject({
    desired: { root: 'squash' },
    running: { root: 'squash', role: 'compute' },
  });
  expect(decideNodeStatus({ ...facts, desired, runs: desired })).not.toHaveProperty('running.root');
});

test.each<[string, readonly Boot[], string | undefined]>([
  ['never booted', [], undefined],
  ['has loaded, and its kernel has not spoken', [boot], undefined],
  ['boots another one', [said('overlay'), { ...boot, generation: 'next' }], desired.id],
  ['fetched its overlay, and its reports were lost', [{ ...boot, overlaySha256: 'x' }], desired.id],
])('a node that %s runs what its kernel was loaded for', (_name, boots, expected) => {
  expect(runsGeneration(boots)).toBe(expected);
});
