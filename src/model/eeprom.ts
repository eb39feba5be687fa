/** The boot loader in the flash of a Pi 4 or 5: what a node says of it, and what its owner wants there. */
import { z } from 'zod';

/** The chip that the loader is for: that of a Pi 4, or that of a Pi 5. */
export const EepromChip = z.enum(['2711', '2712']);
export type EepromChip = z.infer<typeof EepromChip>;

/** As the device tree has it in /chosen/bootloader; said once per boot. */
export const EepromReport = z.strictObject({
  version: z.string().optional(),
  builtAtSeconds: z.int(),
  /** `ts:` of the update that wrote it. */
  updatedAtSeconds: z.int().optional(),
  capabilities: z.int().optional(),
  /** bootconf.txt, where the kernel shows it. */
  config: z.string().optional(),
  /** Id of the boot that said so, and when. */
  boot: z.string(),
  atMs: z.number(),
});
export type EepromReport = Readonly<z.infer<typeof EepromReport>>;

export const EepromImage = z.strictObject({
  /** Of the bytes that the board gets. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** Of the file before its bootconf.txt was replaced: nodes with the same belong to one update. */
  sourceSha256: z.string().regex(/^[0-9a-f]{64}$/),
  sizeBytes: z.int(),
  chip: EepromChip,
  builtAtSeconds: z.int(),
  version: z.string().optional(),
});
export type EepromImage = Readonly<z.infer<typeof EepromImage>>;

export const eepromStates = ['waiting', 'staged', 'asked', 'updated', 'failed'] as const;

export const EepromDesired = z.strictObject({
  image: EepromImage,
  /** The board that it is for. */
  serial: z.string(),
  /**
   * `waiting`: for the canaries in `waitsFor`. `staged`: the board gets it when it asks. `asked`: it has asked for the
   * image and may be writing it. `updated`: it came back with it, and its role is ready.
   */
  state: z.enum(eepromStates),
  /** Nodes that must be `updated` before this one is staged. */
  waitsFor: z.array(z.string()),
  /** `ts:` of its signature: a loader takes only what is newer than what it has. */
  timestampSeconds: z.int(),
  sinceMs: z.number(),
  stagedAtMs: z.number().optional(),
  askedAtMs: z.number().optional(),
  /** How often the image was asked for. */
  asks: z.int(),
  /** Why it waits, or what it failed of, and what to do. */
  reason: z.string().optional(),
  hint: z.string().optional(),
});
export type EepromDesired = Readonly<z.infer<typeof EepromDesired>>;

export const EepromRecord = z.strictObject({
  report: EepromReport.optional(),
  desired: EepromDesired.optional(),
});
export type EepromRecord = Readonly<z.infer<typeof EepromRecord>>;
