/** What the boot loaders in the boards' EEPROMs put into their packets: it changed with their date. */
import { macToBytes, type MacAddress } from '../model/mac.ts';
import type { RackBoard } from '../model/rack-spec.ts';
import type { Serial } from '../model/serial.ts';
import type { Flash } from './self-update.ts';

/** Who the board is: what it has burned in. */
export interface BoardIdentity {
  readonly board: RackBoard;
  readonly mac: MacAddress;
  readonly serial: Serial;
  /** Revision code, new style: 0xd03115 is a Pi 4B with 8 GiB. */
  readonly revision: number;
  /** ISO date of the EEPROM's release. */
  readonly eeprom: string;
  /** With ENABLE_SELF_UPDATE=1, and what it updates. */
  readonly selfUpdate?: Flash;
}

/** Of one loader: a Pi 3's first is its ROM. */
export interface Eeprom {
  /** DHCP options of the DISCOVER in the order in which they stand in the packet. */
  readonly discoverOptions: readonly number[];
  /** undefined: it never sends a REQUEST, and uses the OFFERed address at once. */
  readonly requestOptions: readonly number[] | undefined;
  /** Value of option 55. */
  readonly requestedOptions: readonly number[];
  readonly blockSizeBytes: number;
  /** First four bytes of option 97; undefined where it holds the serial four times, `none` where nothing tells boards apart. */
  readonly magic: readonly number[] | 'none' | undefined;
  readonly hasMacInOption97: boolean;
}

const oldestFirst = [53, 55, 93, 94, 97, 60] as const;
const sinceMarch2020 = [53, 55, 60, 93, 94, 97] as const;
const requestWithIdentity = [53, 50, 54, 60, 97] as const;

/** Router, mask, vendor data, class, TFTP server, boot file, and PXE's own eight. */
const asEeprom = [1, 3, 43, 60, 66, 67, 128, 129, 130, 131, 132, 133, 134, 135] as const;
const asRom = [43, 60, 67, 128, 129, 130, 131, 132, 133, 134, 135, 66] as const;

/** As captured from the unmodified EEPROMs of a Pi 4; an EEPROM behaves like the newest row that is not younger. */
const pi4Eeproms: readonly (Eeprom & { readonly since: string })[] = [
  {
    since: '2019-10-08',
    discoverOptions: oldestFirst,
    requestOptions: [53, 50, 54],
    requestedOptions: asEeprom,
    blockSizeBytes: 1024,
    magic: undefined,
    hasMacInOption97: false,
  },
  {
    since: '2020-03-04',
    discoverOptions: sinceMarch2020,
    requestOptions: requestWithIdentity,
    requestedOptions: asEeprom,
    blockSizeBytes: 1024,
    magic: [0x52, 0x50, 0x69, 0x34],
    hasMacInOption97: false,
  },
  {
    since: '2020-03-19',
    discoverOptions: sinceMarch2020,
    requestOptions: requestWithIdentity,
    requestedOptions: asEeprom,
    blockSizeBytes: 1024,
    magic: [0x52, 0x50, 0x69, 0x34],
    hasMacInOption97: true,
  },
  {
    since: '2022-10-03',
    discoverOptions: sinceMarch2020,
    requestOptions: requestWithIdentity,
    requestedOptions: asEeprom,
    blockSizeBytes: 1468,
    magic: [0x34, 0x69, 0x50, 0x52],
    hasMacInOption97: true,
  },
];

/** The same client as a late Pi 4's, with its own magic; no full capture of a Pi 5 was found. */
const pi5Eeprom: Eeprom = {
  discoverOptions: sinceMarch2020,
  requestOptions: requestWithIdentity,
  requestedOptions: asEeprom,
  blockSizeBytes: 1468,
  magic: [0x35, 0x69, 0x50, 0x52],
  hasMacInOption97: true,
};

/** Measured on a Pi 3B; as captured in the documentation of its network boot. The second is bootcode.bin. */
const pi3Stages: readonly [Eeprom, Eeprom] = [
  {
    discoverOptions: oldestFirst,
    requestOptions: undefined,
    requestedOptions: asRom,
    blockSizeBytes: 512,
    magic: 'none',
    hasMacInOption97: false,
  },
  {
    discoverOptions: oldestFirst,
    requestOptions: undefined,
    requestedOptions: [...asRom, 1, 3],
    blockSizeBytes: 512,
    magic: undefined,
    hasMacInOption97: false,
  },
];

/** @param stage of a Pi 3: 0 is its ROM, 1 its bootcode.bin */
export function eepromOf(board: RackBoard, date: string, stage = 0): Eeprom {
  if (board === 'pi3') return stage === 0 ? pi3Stages[0] : pi3Stages[1];
  if (board === 'pi5') return pi5Eeprom;
  const found = pi4Eeproms.findLast((eeprom) => eeprom.since <= date) ?? pi4Eeproms[0];
  if (found === undefined) throw new Error('the table of EEPROMs is empty');
  return found;
}

/** What a Pi sends as vendor class, whatever its model: RFC 4578 §2.1 says what a PC would mean by it. */
const vendorClass = 'PXEClient:Arch:00000:UNDI:002001';

/** Value of each option that does not depend on a server's answer. */
export function identityOptions(who: BoardIdentity, eeprom: Eeprom): ReadonlyMap<number, Uint8Array> {
  return new Map([
    [55, Uint8Array.from(eeprom.requestedOptions)],
    [60, Buffer.from(vendorClass)],
    // x86 BIOS and UNDI 2.1: every Pi says so.
    [93, Uint8Array.of(0, 0)],
    [94, Uint8Array.of(1, 2, 1)],
    [97, machineId(who, eeprom)],
  ]);
}

/** What the ROM of a Pi 3B sends in place of its serial. */
const romFiller = 0x44;

/** Type 0, then four groups of four bytes: magic, revision, end of the MAC, serial. */
function machineId(who: BoardIdentity, { magic, hasMacInOption97 }: Eeprom): Uint8Array {
  if (magic === 'none') return Uint8Array.from([0, ...Array.from({ length: 16 }, () => romFiller)]);
  const serial = littleEndian(Number.parseInt(who.serial, 16));
  if (magic === undefined) return Buffer.concat([Uint8Array.of(0), serial, serial, serial, serial]);
  const mac = hasMacInOption97 ? macToBytes(who.mac).subarray(2) : new Uint8Array(4);
  return Buffer.concat([Uint8Array.of(0), Uint8Array.from(magic), littleEndian(who.revision), mac, serial]);
}

function littleEndian(value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
