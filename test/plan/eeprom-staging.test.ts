import { expect, test } from 'vitest';

import type { EepromDesired, EepromRecord } from '../../src/model/eeprom.ts';
import { RefusedError } from '../../src/model/errors.ts';
import type { NodeSpec } from '../../src/model/node.ts';
import { planEepromImage } from '../../src/plan/eeprom-image.ts';
import { stageEeprom } from '../../src/plan/eeprom-staging.ts';
import { eepromImage, networkConfig, type ImageParts } from '../support/eeprom-image.ts';
import { sampleNode } from '../support/sample-view.ts';

const nowMs = 1_795_248_000_500;
const head = sampleNode('head');
const report = { builtAtSeconds: 1_600_000_000, boot: 'b1', atMs: 1 };

function stage(
  given: { node?: NodeSpec; record?: EepromRecord; parts?: ImageParts; config?: string; waitsFor?: string[] } = {},
): EepromDesired {
  const { node = head, record = {}, parts = {}, config, waitsFor = [] } = given;
  const { image, config: inside } = planEepromImage(eepromImage(parts), config);
  return stageEeprom({ node, record, image, config: inside, waitsFor, nowMs });
}

test('is staged at once, signed with the time', () => {
  expect(stage()).toMatchObject({ state: 'staged', serial: '10000001', timestampSeconds: 1_795_248_000, asks: 0 });
});

test('waits for its canaries', () => {
  expect(stage({ waitsFor: ['node01'] })).toMatchObject({ state: 'waiting', waitsFor: ['node01'] });
});

test('is newer than the update that the board has, also where clocks went back', () => {
  const record = { report: { ...report, updatedAtSeconds: 1_900_000_000 } };
  expect(stage({ record }).timestampSeconds).toBe(1_900_000_001);
});

test('of Raspberry Pi, with settings of ours', () => {
  expect(stage({ parts: { config: '[all]\nBOOT_ORDER=0xf41\n' }, config: networkConfig }).state).toBe('staged');
});

const { serial: _serial, ...withoutSerial } = head;
const asked = { ...stage(), state: 'asked' } as const;
const says = (config: string): EepromRecord => ({ report: { ...report, config } });

test.each([
  ['for a board without one', { node: { ...head, board: 'pi3' } as const }, 'has no EEPROM'],
  ['for UEFI', { node: { ...head, board: 'uefi' } as const }, 'has no EEPROM'],
  ['of a Pi 5 for a Pi 4', { parts: { chip: '2712' } as const }, 'head is a pi4, and the image is for a Pi 5 (2712)'],
  ['of a Pi 4 for a Pi 5', { node: { ...head, board: 'pi5' } as const }, 'the image is for a Pi 4 (2711)'],
  ['for a board whose serial is not known', { node: withoutSerial }, 'the serial of head is not known'],
  ['that boots from SD card and USB', { parts: { config: '[all]\nBOOT_ORDER=0xf41\n' } }, 'says BOOT_ORDER=0xf41'],
  ['without BOOT_ORDER', { config: '[all]\nBOOT_UART=1\n' }, 'has no BOOT_ORDER'],
  ['with BOOT_ORDER for other boards', { config: '[gpio4=1]\nBOOT_ORDER=0xf21\n' }, 'has no BOOT_ORDER'],
  ['that loses some boards', { config: `${networkConfig}[0x1234]\nBOOT_ORDER=0xf1\n` }, 'says BOOT_ORDER=0xf1:'],
  ['for a loader that never looks', { record: says('ENABLE_SELF_UPDATE=0') }, 'has ENABLE_SELF_UPDATE=0'],
  ['for a loader that is frozen', { record: says('[all]\nFREEZE_VERSION=1') }, 'has FREEZE_VERSION=1'],
  ['while another is being written', { record: { desired: asked } }, 'may be writing it'],
  ['that waits for itself', { waitsFor: ['head'] }, 'cannot wait for itself'],
])('is refused %s', (_name, given, reason) => {
  expect(() => stage(given)).toThrow(RefusedError);
  expect(() => stage(given)).toThrow(reason);
});

test('what is no image is refused before it is kept', () => {
  expect(() => planEepromImage(Buffer.alloc(12), undefined)).toThrow('and this has 12');
  expect(() => planEepromImage(eepromImage(), 'x'.repeat(5000))).toThrow('5000 bytes');
});
