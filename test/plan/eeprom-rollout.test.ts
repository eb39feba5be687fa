import { describe, expect, test } from 'vitest';

import type { Boot } from '../../src/model/boot.ts';
import type { EepromDesired, EepromRecord, EepromReport } from '../../src/model/eeprom.ts';
import { beginBoot, closeBoot } from '../../src/plan/boot-timeline.ts';
import { planEepromImage } from '../../src/plan/eeprom-image.ts';
import { advanceEeproms, comeBackMs, type EepromRecords } from '../../src/plan/eeprom-rollout.ts';
import { stageEeprom } from '../../src/plan/eeprom-staging.ts';
import { builtAtSeconds, eepromImage } from '../support/eeprom-image.ts';
import { sampleNode } from '../support/sample-view.ts';

const t0 = 1_795_248_000_000;
const head = sampleNode('head');
const other = { ...head, name: 'other', serial: sampleNode('login').serial };
const { image, config } = planEepromImage(eepromImage(), undefined);
const staged = stageEeprom({ node: head, record: {}, image, config, waitsFor: [], nowMs: t0 });
const waiting = stageEeprom({ node: other, record: {}, image, config, waitsFor: ['head'], nowMs: t0 });
const asked: EepromDesired = { ...staged, state: 'asked', askedAtMs: t0 + 1000, sinceMs: t0 + 1000, asks: 1 };

const open: Boot = beginBoot({
  id: 'b2',
  node: 'head',
  mac: 'm',
  address: head.address,
  generation: 'g',
  token: 't',
  sign: 'discover',
  nowMs: t0 + 500,
});
const ready = closeBoot(open, 'ready', t0 + 60_000);
const old: EepromReport = { builtAtSeconds: 1_600_000_000, boot: 'b2', atMs: t0 + 40_000 };
const renewed: EepromReport = { ...old, builtAtSeconds, updatedAtSeconds: staged.timestampSeconds };

interface Given {
  readonly records?: EepromRecords;
  readonly boot?: Boot;
  readonly nowMs?: number;
  readonly nodes?: readonly (typeof head)[];
}

const advance = ({ records = {}, boot, nowMs = t0 + 61_000, nodes = [head, other] }: Given) =>
  advanceEeproms(records, { nodes, lastBoot: (name) => (name === 'head' ? boot : undefined), nowMs });

function told(desired: EepromDesired, report?: EepromReport, given: Given = {}): string {
  const { records } = advance({ records: { head: { desired, ...(report && { report }) } }, ...given });
  const after = records['head']?.desired;
  return [after?.state, after?.reason].filter(Boolean).join(': ');
}

describe('one node', () => {
  const silent = closeBoot(open, 'silent', t0 + 60_000);
  const failed = closeBoot(open, 'failed', t0 + 60_000, { rule: 'r', cause: 'no root', hint: 'h' });
  const before = { ...ready, startedAtMs: t0 - 1 };
  test.each<[string, string, EepromDesired, EepromReport | undefined, Given]>([
    ['staged, and never switched off', 'staged', staged, undefined, {}],
    ['staged while it boots, too late to ask', 'staged', staged, old, { boot: before }],
    ['booted without asking', 'failed: it booted, and did not ask for its update', staged, old, { boot: ready }],
    ['updated, and what it asked is lost', 'updated', staged, renewed, { boot: ready }],
    ['writes its flash', 'asked', asked, undefined, { boot: open }],
    ['is back, and its role is not ready', 'asked', asked, renewed, { boot: open }],
    ['is back, and its role is ready', 'updated', asked, renewed, { boot: ready }],
    ['is back, from a loader that knows no update time', 'updated', asked, { ...old, builtAtSeconds }, { boot: ready }],
    ['is back as it was', 'failed: it booted with the old one, of 2020-09-13', asked, old, { boot: ready }],
    [
      'has the same build by another update',
      'failed: it booted with the old one, of 2026-08-04',
      asked,
      { ...renewed, updatedAtSeconds: 5 },
      { boot: ready },
    ],
    ['said what it was before it asked', 'asked', asked, { ...old, atMs: t0 }, { boot: open }],
    [
      'does not come back',
      'failed: it took its update, and did not come back within 10 minutes',
      asked,
      undefined,
      { nowMs: t0 + 1000 + comeBackMs },
    ],
    [
      'comes back and fails',
      'failed: it has the new one, and did not become ready: no root',
      asked,
      renewed,
      { boot: failed, nowMs: t0 + 1000 + comeBackMs },
    ],
    ['comes back, fails, and has time to boot again', 'asked', asked, renewed, { boot: silent }],
    [
      'is another board now',
      'failed: head is another board than the one that this was staged for',
      staged,
      undefined,
      { nodes: [{ ...head, serial: other.serial }] },
    ],
    [
      'is of another family now',
      'failed: head is another board than the one that this was staged for',
      asked,
      undefined,
      { nodes: [{ ...head, board: 'pi5' }] },
    ],
  ])('that %s is %s', (_name, expected, desired, report, given) => {
    expect(told(desired, report, given)).toBe(expected);
  });
});

describe('the others', () => {
  const after = (canary: EepromRecord) => advance({ records: { head: canary, other: { desired: waiting } } });

  test.each<[string, EepromRecord, string]>([
    ['staged', { desired: staged }, 'waiting: waits for head'],
    ['asked', { desired: asked }, 'waiting: waits for head'],
    ['updated', { desired: { ...asked, state: 'updated' } }, 'staged'],
    ['failed', { desired: { ...asked, state: 'failed', reason: 'it burned' } }, 'waiting: head failed: it burned'],
    ['cancelled', {}, 'waiting: head is no longer to get this image'],
    [
      'given another image',
      { desired: { ...asked, state: 'updated', image: { ...image, sourceSha256: '0'.repeat(64) } } },
      'waiting: head is no longer to get this image',
    ],
  ])('with a canary that is %s', (_name, canary, expected) => {
    const desired = after(canary).records['other']?.desired;
    expect([desired?.state, desired?.reason].filter(Boolean).join(': ')).toBe(expected);
  });

  test('are signed when they are staged, and that is an event', () => {
    const { records, events } = after({ desired: { ...asked, state: 'updated' } });
    expect(records['other']?.desired?.timestampSeconds).toBe((t0 + 61_000) / 1000);
    expect(events.map(({ kind, node }) => `${kind} ${node}`)).toEqual(['eeprom.staged other']);
  });
});

test('what does not change stays the same object, and a node that is gone is forgotten', () => {
  const records = { head: { desired: asked }, other: {} };
  expect(advance({ records }).records).toBe(records);
  expect(advance({ records, nodes: [head] }).records).toEqual({ head: { desired: asked } });
});
