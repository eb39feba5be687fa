/** EEPROMs of nodes: what they report, and what they are to have. */
import { z } from 'zod';

import { BoardName } from '../../model/board.ts';
import { EepromDesired, EepromReport, eepromStates } from '../../model/eeprom.ts';
import { NodeName } from '../../model/names.ts';

export const Eeprom = z.strictObject({
  node: z.string(),
  board: BoardName,
  /** `none`: its board has no such EEPROM. `unknown`: nothing was reported yet. `current`: nothing else is wanted. */
  state: z.enum(['none', 'unknown', 'current', ...eepromStates]),
  /** When its boot loader was built. */
  date: z.string().optional(),
  bootOrder: z.string().optional(),
  report: EepromReport.optional(),
  desired: EepromDesired.optional(),
});
export type Eeprom = Readonly<z.output<typeof Eeprom>>;

export const EepromRequest = z.strictObject({
  /** The image file in base64; null takes away what is staged; without it the image stays, and `waitsFor` is new. */
  image: z.base64().nullable().optional(),
  /** bootconf.txt in place of the one in the image. */
  config: z.string().max(4076).optional(),
  /** In place of the one in the image, what the node reports. */
  keepConfig: z.boolean().default(false),
  /** Nodes that must be back with this image first. */
  waitsFor: z.array(NodeName).default([]),
});
export type EepromRequest = Readonly<z.output<typeof EepromRequest>>;

export const EepromChange = z.strictObject({ ...Eeprom.shape, dryRun: z.boolean() });
export type EepromChange = Readonly<z.output<typeof EepromChange>>;

const sha256 = '6f1d'.repeat(16);

export const eepromExample = {
  node: 'node01',
  board: 'pi4',
  state: 'staged',
  date: '2025-05-08',
  bootOrder: '0xf21',
  report: {
    version: '507b2360',
    builtAtSeconds: 1_746_713_597,
    updatedAtSeconds: 1_746_800_000,
    capabilities: 0x7f,
    config: '[all]\nBOOT_ORDER=0xf21\n',
    boot: 'node01-20261121T081500-3f9a',
    atMs: 1_795_248_000_000,
  },
  desired: {
    image: { sha256, sourceSha256: sha256, sizeBytes: 524_288, chip: '2711', builtAtSeconds: 1_785_847_093 },
    serial: '9ffefdef',
    state: 'staged',
    waitsFor: [],
    timestampSeconds: 1_795_248_000,
    sinceMs: 1_795_248_000_000,
    stagedAtMs: 1_795_248_000_000,
    asks: 0,
  },
};
