/** What a DHCP message says about the Raspberry Pi that sent it, and the vendor options that its firmware wants to read. */
import type { BoardName } from '../model/board.ts';
import type { MacAddress } from '../model/mac.ts';
import type { Serial } from '../model/serial.ts';
import { isBootLoader } from './boot-client.ts';
import { readMac, type DhcpPacket } from './dhcp.ts';
import { option, readText, textValue } from './dhcp-options.ts';

export interface PiIdentity {
  /** Option 97 has a form that only Pi firmware sends. */
  readonly isPi: boolean;
  readonly serial?: Serial;
  /** The board's revision code, of EEPROM loaders since 2020-03. */
  readonly revision?: number;
  readonly board?: BoardName;
  /** `firmware` is a boot loader, of a Pi or not; kernel, initramfs and operating system are `other`. */
  readonly bootStage: 'firmware' | 'other';
  /** It waits for "Raspberry Pi Boot": every Pi's firmware does, and nothing that boots by UEFI. */
  readonly wantsPiMenu: boolean;
}

/** A Pi says "x86 BIOS" here and in option 93; UEFI says 00011 and reads other vendor options. */
const piVendorClass = 'PXEClient:Arch:00000';

export const pxeVendorClass = 'PXEClient';

export function readPiIdentity(packet: DhcpPacket): PiIdentity {
  const vendorClass = readText(packet.options, option.vendorClass) ?? '';
  return {
    ...readMachineId(packet.options.get(option.machineId), packet),
    bootStage: isBootLoader(vendorClass) ? 'firmware' : 'other',
    wantsPiMenu: vendorClass.startsWith(piVendorClass),
  };
}

/** Older EEPROMs write the magic of DHCP_OPTION97 in one byte order, newer ones (about 2022 on) in the other. */
const magics: ReadonlyMap<number, BoardName | undefined> = new Map([
  // A Pi 5 says RPi4 too before 2023-10-30, so only its revision code tells.
  [0x52506934, undefined],
  [0x34695052, undefined],
  [0x52506935, 'pi5'],
  [0x35695052, 'pi5'],
]);

/** The Pi 3 boot ROM fills its UUID with this; it is nobody's serial. */
const romFiller = 0x44444444;

type MachineId = Omit<PiIdentity, 'bootStage' | 'wantsPiMenu'>;

/**
 * Option 97: type 0, then 16 bytes in one of these forms.
 *
 *     serial LE x 4                                          bootcode.bin, Pi 3B+ ROM, EEPROM before 2020-03
 *     magic | revision LE | last 4 bytes of MAC | serial LE  EEPROM since 2020-03; MAC was zero until 2020-03-16
 *     0x44 x 16                                              Pi 3B ROM
 */
function readMachineId(value: Uint8Array | undefined, packet: DhcpPacket): MachineId {
  if (value?.byteLength !== 17 || value[0] !== 0) return noPi;
  const [magic, revision, macTail, serial] = [word(value, 1), word(value, 5), word(value, 9), word(value, 13)];
  if (magic === serial && revision === serial && macTail === serial) return readRepeated(serial, packet);
  // DHCP_OPTION97 lets owners choose the magic; the MAC's tail still gives the layout away.
  if (!magics.has(magic) && macTail !== tailOf(packet)) return noPi;
  const code = swapped(revision);
  const board = boardOfRevision(code) ?? magics.get(magic);
  return { isPi: true, ...readSerial(serial), revision: code, ...(board !== undefined && { board }) };
}

function tailOf(packet: DhcpPacket): number | undefined {
  return readMac(packet) === undefined ? undefined : word(packet.chaddr, 2);
}

const noPi: MachineId = { isPi: false };

function readRepeated(serial: number, packet: DhcpPacket): MachineId {
  if (serial === 0) return noPi;
  if (serial === romFiller) return { isPi: true, board: 'pi3' };
  const named = readSerial(serial);
  // Of no other family does the MAC follow from the serial.
  const isPi3 = named.serial !== undefined && pi3Mac(named.serial) === readMac(packet);
  return { isPi: true, ...named, ...(isPi3 && { board: 'pi3' }) };
}

function readSerial(littleEndian: number): { readonly serial?: Serial } {
  if (littleEndian === 0) return {};
  return { serial: swapped(littleEndian).toString(16).padStart(8, '0') as Serial };
}

/** Four bytes in wire order. */
function word(bytes: Uint8Array, at: number): number {
  const [first = 0, second = 0, third = 0, fourth = 0] = [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]];
  return ((first << 24) | (second << 16) | (third << 8) | fourth) >>> 0;
}

/** The other byte order. */
function swapped(value: number): number {
  return (((value & 0xff) << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24)) >>> 0;
}

/** Up to the Pi 3 a board's MAC is b8:27:eb and the low 24 bits of its serial. */
export function pi3Mac(serial: Serial): MacAddress {
  return `b8:27:eb:${serial.slice(2, 4)}:${serial.slice(4, 6)}:${serial.slice(6, 8)}` as MacAddress;
}

/** New-style codes (bit 23) name the processor in bits 12 to 15. */
export function boardOfRevision(revision: number): BoardName | undefined {
  if ((revision & (1 << 23)) === 0) return undefined;
  const byProcessor: Readonly<Record<number, BoardName>> = { 2: 'pi3', 3: 'pi4', 4: 'pi5' };
  return byProcessor[(revision >>> 12) & 0xf];
}

/** New-style codes say the memory in bits 20 to 22: 256 MiB, doubled as often. */
export function memoryOfRevision(revision: number): number | undefined {
  return (revision & (1 << 23)) === 0 ? undefined : 256 << ((revision >>> 20) & 7);
}

/**
 * Option 43 without which no Pi goes on: PXE sub-options (PXE 2.1 §2.2.3) with one menu entry. The text alone is not enough.
 *
 *     6  discovery control: 3, no broadcast and no multicast discovery
 *     10 menu prompt: 0 seconds, "PXE"
 *     9  boot menu: type 0, "Raspberry Pi Boot"
 */
export function piVendorOptions({ isOldRom = false } = {}): Uint8Array {
  return isOldRom ? oldRomOptions : vendorOptions;
}

function withTitle(text: string): Uint8Array {
  const title = textValue(text);
  const prompt = textValue('PXE');
  const menu = [0, 0, title.byteLength, ...title];
  return Uint8Array.of(6, 1, 3, 10, 1 + prompt.byteLength, 0, ...prompt, 9, menu.length, ...menu, option.end);
}

const vendorOptions = withTitle('Raspberry Pi Boot');

/** A Pi 3B's ROM takes the length of the text wrong; spaces behind it make up for that, and nobody else minds them. */
const oldRomOptions = withTitle('Raspberry Pi Boot   ');
