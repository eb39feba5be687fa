/** What will a board get for this EEPROM image, with another bootconf.txt or with its own? */
import { createHash } from 'node:crypto';

import type { EepromImage } from '../model/eeprom.ts';
import { ConfigError, WireError } from '../model/errors.ts';
import { decodeEeprom, replaceEepromConfig } from '../wire/eeprom-config.ts';

export interface PlannedEeprom {
  readonly bytes: Uint8Array;
  readonly image: EepromImage;
  /** bootconf.txt in those bytes. */
  readonly config: string;
}

/** @throws ConfigError when it is no such image, or the text does not fit */
export function planEepromImage(source: Uint8Array, wanted: string | undefined): PlannedEeprom {
  try {
    decodeEeprom(source);
    const bytes = wanted === undefined ? source : replaceEepromConfig(source, wanted);
    const { config, ...contents } = decodeEeprom(bytes);
    const hashes = { sha256: sha256(bytes), sourceSha256: sha256(source) };
    return { bytes, image: { ...contents, ...hashes, sizeBytes: bytes.byteLength }, config };
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    throw new ConfigError(error.message, {
      hint: "Take pieeprom-….bin of Raspberry Pi's rpi-eeprom: firmware-2711 for a Pi 4, firmware-2712 for a Pi 5.",
      cause: error,
    });
  }
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
