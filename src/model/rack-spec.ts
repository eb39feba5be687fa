/** rack.yaml: which virtual boards stand in a rack. Schema = type; defaults live here and nowhere else. */
import { z } from 'zod';

import { NodeName, ResourceName, Variables } from './names.ts';

/** Families whose firmware a virtual board speaks. */
export const rackBoards = ['pi3', 'pi4', 'pi5'] as const;
export type RackBoard = (typeof rackBoards)[number];

/** Real firmware that runs in QEMU, of boards that are `uefi`: EDK2 by PXE, EDK2 by HTTP boot, U-Boot. */
const rackFirmwares = ['edk2', 'edk2-http', 'u-boot'] as const;
export type RackFirmware = (typeof rackFirmwares)[number];

const IsoDate = z.string().regex(/^\d{4}-\d{2}-\d{2}$/, 'a date such as 2026-08-04, in quotes');

export const RackBoardSpec = z.strictObject({
  name: NodeName,
  board: z.enum([...rackBoards, 'uefi']).default('pi4'),
  /** Of a board that is `uefi`. */
  firmware: z.enum(rackFirmwares).default('edk2'),
  role: ResourceName,
  /** Release of its boot loader: decides what its packets look like. The newest whose packets were captured. */
  eeprom: IsoDate.default('2026-08-04'),
  /** What its EEPROM boots from; `http` makes its role boot signed. */
  bootOrder: z.enum(['network', 'http']).default('network'),
  /** Emulation of one processor wastes least. */
  cpus: z.int().min(1).max(8).default(1),
  memoryMib: z.int().min(256).max(16_384).default(1024),
  vars: Variables.default({}),
});
export type RackBoardSpec = Readonly<z.infer<typeof RackBoardSpec>>;

export const RackSpec = z.strictObject({
  image: z
    .string()
    .regex(/^[a-z0-9][a-z0-9._-]*(?:@[A-Za-z0-9._-]+)?$/, 'an image name, or name@version')
    .default('debian-lite'),
  /** Date that the boards' clocks show at power-on; real ones have none that runs while they are off. */
  clock: z.union([z.literal('now'), IsoDate]).default('now'),
  boards: z.array(RackBoardSpec).min(1).max(64),
});
export type RackSpec = Readonly<z.infer<typeof RackSpec>>;
