import { expect, test } from 'vitest';

import { parseMac } from '../../src/model/mac.ts';
import { beginBoot, closeBoot, reportPhase } from '../../src/plan/boot-timeline.ts';
import { decideEepromFile, type EepromFileRequest } from '../../src/plan/eeprom-files.ts';
import { planEepromImage } from '../../src/plan/eeprom-image.ts';
import { mostAsks } from '../../src/plan/eeprom-rollout.ts';
import { stageEeprom } from '../../src/plan/eeprom-staging.ts';
import { eepromImage } from '../support/eeprom-image.ts';
import { sampleNode } from '../support/sample-view.ts';

const nowMs = 1_795_248_000_000;
const node = { ...sampleNode('head'), mac: parseMac('dc:a6:32:00:00:01') };
const { image, config } = planEepromImage(eepromImage(), undefined);
const desired = stageEeprom({ node, record: {}, image, config, waitsFor: [], nowMs });
const facts = { id: 'b1', node: 'head', mac: node.mac, address: node.address, generation: 'g', token: 't' };
const boot = beginBoot({ ...facts, sign: 'discover', nowMs });
const kernel = reportPhase(boot, { phase: 'kernel', uptimeSeconds: 1, detail: undefined }, nowMs);

function told(path: string, request: Partial<EepromFileRequest> = {}): string {
  const decision = decideEepromFile({ path, node, boot, desired, ...request });
  return decision.kind === 'signature' ? decision.text : decision.kind;
}

const upd = '10000001/pieeprom.upd';

test('the staged board gets its signature and its image under its own prefix', () => {
  expect(told('10000001/pieeprom.sig')).toBe(`${image.sha256}\nts: 1795248000\ntarget-soc: 2711\n`);
  expect(told('dc-a6-32-00-00-01/pieeprom.sig')).toContain(image.sha256);
  expect(told(upd)).toBe('image');
  expect(told(upd, { desired: { ...desired, state: 'asked', asks: 1 } })).toBe('image');
  expect(told(upd, { boot: { ...boot, dhcp: { board: 'pi4' } } })).toBe('image');
});

test.each([
  'pieeprom.sig',
  'pieeprom.upd',
  '/pieeprom.upd',
  '9ffefdef/pieeprom.upd',
  'dc-a6-32-00-00-02/pieeprom.upd',
  '10000001/pieeprom.bin',
  '10000001/recovery.bin',
  '10000001/recovery.elf',
  '10000001/vl805.bin',
  '10000001/vl805.sig',
  '10000001/x/pieeprom.upd',
  '10000001/../pieeprom.upd',
  '10000001//pieeprom.upd',
  '10000001/pieeprom.upd\n',
  '10000001/10000001/pieeprom.upd',
])('%j is not served', (path) => {
  expect(told(path)).toBe('none');
});

test.each<[string, Partial<EepromFileRequest>]>([
  ['nothing is staged', { desired: undefined }],
  ['it waits for a canary', { desired: { ...desired, state: 'waiting' } }],
  ['it has its update', { desired: { ...desired, state: 'updated' } }],
  ['its update has failed', { desired: { ...desired, state: 'failed' } }],
  ['it has been asked for too often', { desired: { ...desired, state: 'asked', asks: mostAsks } }],
  ['no boot is open at its address', { boot: undefined }],
  ['its boot is over', { boot: closeBoot(boot, 'failed', nowMs) }],
  ['a kernel runs there', { boot: kernel }],
  ['the boot is of another node', { boot: { ...boot, node: 'node01' } }],
  ['the boot is at another address', { boot: { ...boot, address: '10.42.0.99' } }],
  ['the board said that it is a Pi 5', { boot: { ...boot, dhcp: { board: 'pi5' } } }],
  ['the node is a Pi 5 by now', { node: { ...node, board: 'pi5' } }],
  ['the node is another board by now', { node: { ...node, serial: sampleNode('login').serial } }],
])('nothing is served when %s', (_name, request) => {
  expect(told(upd, request)).toBe('none');
});
