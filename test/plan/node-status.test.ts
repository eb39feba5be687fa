import { expect, test } from 'vitest';

import type { Boot } from '../../src/model/boot.ts';
import { beginBoot, closeBoot, reportPhase } from '../../src/plan/boot-timeline.ts';
import { planGeneration } from '../../src/plan/generation.ts';
import { decideNodeStatus } from '../../src/plan/node-status.ts';
import { sampleNode, sampleView } from '../support/sample-view.ts';

const desired = planGeneration(sampleNode('node01'), sampleView());
const generations = new Map([[desired.id, desired]]);
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
const said = (phase: 'overlay' | 'failed', detail?: string) =>
  reportPhase(boot, { phase, uptimeSeconds: 1, detail }, 1000);

test.each<[string, readonly Boot[], string | undefined, string]>([
  ['never booted', [], undefined, 'new'],
  ['cannot boot', [], 'no image', 'refused: no image'],
  ['boots', [said('overlay'), boot], undefined, 'booting, runs debian-lite@20261121.1'],
  ['is up', [said('overlay')], undefined, 'up, runs debian-lite@20261121.1'],
  ['is up and could not boot again', [said('overlay')], 'no image', 'up, runs debian-lite@20261121.1: no image'],
  ['failed', [said('failed', 'no root')], undefined, 'failed, runs debian-lite@20261121.1: no root'],
  ['fell silent', [closeBoot(boot, 'silent', 9)], undefined, 'silent: nothing was heard of it after offered'],
])('a node that %s', (_name, boots, refusal, expected) => {
  const facts = { boots, desired: refusal === undefined ? desired : undefined, refusal, generations };
  const status = decideNodeStatus(facts);

  const runs = status.running === undefined ? '' : `, runs ${status.running.image}`;
  const reason = status.reason === undefined ? '' : `: ${status.reason}`;
  expect(`${status.state}${runs}${reason}`).toBe(expected);
  expect(JSON.stringify(status)).not.toContain('secret');
});
