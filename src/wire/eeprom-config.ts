/**
 * The flash image of a Pi 4's or Pi 5's boot loader (pieeprom.bin): when it was built, for which chip, and the text
 * bootconf.txt in it. Sections follow each other: magic and length, big-endian, then content, from 8 bytes to 8 bytes.
 */
import { WireError } from '../model/errors.ts';
import type { EepromChip } from '../model/eeprom.ts';

export interface EepromContents {
  readonly chip: EepromChip;
  /** BUILD_TIMESTAMP=, a Unix time: what the loader says of itself in the device tree. */
  readonly builtAtSeconds: number;
  /** VERSION: the first eight digits of its commit. */
  readonly version: string | undefined;
  readonly config: string;
}

const chipOfSize: Readonly<Record<number, EepromChip>> = { [512 * 1024]: '2711', [2048 * 1024]: '2712' };

const magic = { file: 0x55aaf11f, padding: 0x55aafeef } as const;
const sectionMask = 0xfffff00f;
const sectionMagic = 0x55aaf00f;
const headerBytes = 8;
const nameBytes = 16;
const erased = 0xff;

/** One sector of the flash, which the loader keeps for itself at the end of the image too. */
const sectorBytes = 4096;
const maxConfigBytes = 4076;
const configName = 'bootconf.txt';

interface Section {
  readonly magic: number;
  readonly start: number;
  /** Of its content, which begins 8 bytes after `start`. */
  readonly length: number;
  readonly name: string;
}

const align = (offset: number) => (offset + 7) & ~7;

/** @throws WireError when it is none, or cut off */
export function decodeEeprom(image: Uint8Array): EepromContents {
  const chip = chipOfSize[image.byteLength];
  if (chip === undefined) {
    throw new WireError(`an EEPROM image has 524288 bytes (Pi 4) or 2097152 (Pi 5), and this has ${image.byteLength}`);
  }
  const bytes = Buffer.from(image.buffer, image.byteOffset, image.byteLength);
  const sections = readSections(bytes);
  const text = bytes.toString('latin1');
  const built = Number(/BUILD_TIMESTAMP=(\d{9,10})/.exec(text)?.[1]);
  if (!Number.isInteger(built))
    throw new WireError('the EEPROM image does not say when it was built (BUILD_TIMESTAMP=)');
  const config = contentOf(bytes, configSection(sections)).toString('latin1');
  return { chip, builtAtSeconds: built, version: /VERSION:([0-9a-f]{8})/.exec(text)?.[1], config };
}

/** The same image with another bootconf.txt. @throws WireError when the text has no room, or the old one is signed */
export function replaceEepromConfig(image: Uint8Array, config: string): Uint8Array {
  const bytes = Buffer.from(image);
  const sections = readSections(bytes);
  const section = configSection(sections);
  const content = Buffer.from(config, 'latin1');
  const signature = sections.find(({ name }) => name === 'bootconf.sig');
  if (signature !== undefined && contentOf(bytes, signature).some((byte) => byte !== 0 && byte !== erased)) {
    throw new WireError('bootconf.txt of this EEPROM image is signed: a board would refuse another one');
  }
  const start = section.start + headerBytes + nameBytes;
  const end = align(start + content.byteLength);
  const room = roomEnd(bytes, sections, section);
  if (content.byteLength > maxConfigBytes || end > room.end) {
    const most = Math.min(maxConfigBytes, room.end - start);
    throw new WireError(`bootconf.txt has ${content.byteLength} bytes, and this EEPROM image has room for ${most}`);
  }
  bytes.fill(erased, start, room.end);
  content.copy(bytes, start);
  bytes.writeUInt32BE(content.byteLength + nameBytes, section.start + 4);
  if (room.isPadded && room.end - end >= headerBytes) {
    bytes.writeUInt32BE(magic.padding, end);
    bytes.writeUInt32BE(room.end - end - headerBytes, end + 4);
  }
  return bytes;
}

function readSections(bytes: Buffer): Section[] {
  const sections: Section[] = [];
  let start = 0;
  while (start + headerBytes <= bytes.byteLength) {
    const found = bytes.readUInt32BE(start);
    if (found === 0 || found === 0xffffffff) break;
    const length = bytes.readUInt32BE(start + 4);
    const isSound = (found & sectionMask) >>> 0 === sectionMagic && start + headerBytes + length <= bytes.byteLength;
    if (!isSound) throw new WireError(`not an EEPROM image: no section at byte ${start}`);
    const isFile = found === magic.file && length >= nameBytes;
    const name = isFile ? bytes.toString('latin1', start + headerBytes, start + headerBytes + 12) : '';
    sections.push({ magic: found, start, length, name: name.replaceAll('\0', '') });
    start = align(start + headerBytes + length);
  }
  return sections;
}

function configSection(sections: readonly Section[]): Section {
  const [section, another] = sections.filter(({ name }) => name === configName);
  if (section === undefined) throw new WireError('not an EEPROM image: it has no bootconf.txt');
  if (another !== undefined) throw new WireError('this EEPROM image has bootconf.txt twice');
  return section;
}

function contentOf(bytes: Buffer, { start, length }: Section): Buffer {
  return bytes.subarray(start + headerBytes + nameBytes, start + headerBytes + length);
}

/** Up to the next section, and over padding that stands before it. The last one may grow up to the loader's own sector. */
function roomEnd(bytes: Buffer, sections: readonly Section[], section: Section): { end: number; isPadded: boolean } {
  const next = sections[sections.indexOf(section) + 1];
  if (next === undefined) return { end: bytes.byteLength - sectorBytes, isPadded: false };
  if (next.magic !== magic.padding) return { end: next.start, isPadded: true };
  return { end: Math.min(align(next.start + headerBytes + next.length), bytes.byteLength), isPadded: true };
}
