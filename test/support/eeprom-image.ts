/** An EEPROM image as Raspberry Pi builds them: sections, padding, settings. Its code is noise. */
import { createHash } from 'node:crypto';

export interface ImageParts {
  readonly chip?: '2711' | '2712';
  readonly builtAtSeconds?: number;
  readonly config?: string;
  /** What stands behind bootconf.txt: nothing (it is the last), padding (as since 2026), or another file. */
  readonly after?: 'nothing' | 'padding' | 'file';
  readonly signature?: Uint8Array;
}

export const builtAtSeconds = 1_785_847_093;
export const networkConfig = '[all]\nBOOT_UART=0\nBOOT_ORDER=0xf21\n';

export function eepromImage(parts: ImageParts = {}): Buffer {
  const { chip = '2711', config = networkConfig, after = 'nothing', signature = Buffer.alloc(1024) } = parts;
  const bytes = Buffer.alloc(chip === '2711' ? 512 * 1024 : 2048 * 1024, 0xff);
  let at = 0;
  const section = (magic: number, content: Uint8Array) => {
    bytes.writeUInt32BE(magic, at);
    bytes.writeUInt32BE(content.byteLength, at + 4);
    bytes.set(content, at + 8);
    at = (at + 8 + content.byteLength + 7) & ~7;
  };
  const file = (name: string, content: Uint8Array) =>
    section(0x55aaf11f, Buffer.concat([Buffer.from(name.padEnd(16, '\0')), content]));
  const text = `VERSION:0a7ef05f BUILD_TIMESTAMP=${parts.builtAtSeconds ?? builtAtSeconds}\0`;
  const noise = createHash('shake256', { outputLength: 40_000 }).update(text).digest();
  section(0x55aaf00f, Buffer.concat([noise, Buffer.from(text)]));
  file('bootconf.sig', signature);
  file('bootconf.txt', Buffer.from(config, 'latin1'));
  if (after === 'padding') section(0x55aafeef, Buffer.alloc(8192, 0xff));
  if (after === 'file') file('pubkey.bin', noise.subarray(0, 512));
  return bytes;
}
