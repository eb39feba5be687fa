/** Board serial numbers: the low 32 bits, which is what firmware puts into DHCP option 97 and TFTP prefixes. */
import type { Branded } from './brand.ts';
import { ConfigError } from './errors.ts';
import { parsedText } from './parsed-text.ts';

/** Eight lower-case hex digits, for example `9ffefdef`. */
export type Serial = Branded<'Serial'>;

/** Accepts eight digits or the 16 that /proc/cpuinfo shows, of which the low eight count. */
export function parseSerial(text: string): Serial {
  const match = /^(?:0x)?(?:[0-9a-f]{8})?([0-9a-f]{8})$/i.exec(text.trim());
  if (match?.[1] === undefined) {
    throw new ConfigError(`"${text}" is not a board serial number`, {
      hint: 'Write 8 or 16 hex digits as /proc/cpuinfo shows them, for example 9ffefdef, in quotes.',
    });
  }
  return match[1].toLowerCase() as Serial;
}

export const SerialText = parsedText(parseSerial);
