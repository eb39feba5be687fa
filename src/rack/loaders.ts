/**
 * How each loader in a board's boot speaks DHCP and TFTP: a table, so that a difference between boards is a row.
 * What an EEPROM puts into its DHCP packets: eeprom.ts.
 */
import type { BoardIdentity } from './eeprom.ts';

export interface DhcpClient {
  /** When DISCOVERs leave, counted from the start of an attempt; all with one xid. */
  readonly discoverTimesMs: readonly number[];
  readonly giveUpMs: number;
  /** `restart`: the next entry of BOOT_ORDER; `dead`: nothing more until the power is cut. */
  readonly afterGivingUp: 'restart' | 'dead';
  /** The same in every packet of every Pi 3 there is; undefined: by chance, new for each attempt. */
  readonly xid: number | undefined;
}

export interface TftpClient {
  readonly name: 'ROM' | 'bootcode.bin' | 'start.elf' | 'EEPROM' | 'start4.elf';
  /** Names of the options in its RRQ; `blksize` asks for blockSizeBytes. */
  readonly options: readonly ('tsize' | 'blksize')[];
  readonly blockSizeBytes: number;
  /** What was sent last (RRQ or ACK) is sent again after so much silence. */
  readonly resendMs: number;
  /** Counted from the RRQ, even while data flows. undefined: no such limit is known. */
  readonly fileTimeoutMs: number | undefined;
  /** A silent server is given up. */
  readonly silenceMs: number;
  /** What it does with a block that it has already. */
  readonly repeatedBlock: 'acknowledge' | 'ignore';
  /** After block 65535 comes block 0. Else it takes nothing more, and the file is never complete. */
  readonly countsOn: boolean;
}

/** Measured (EEPROM of 2026-08-04): with DHCP_TIMEOUT=45000 as it is by default. */
const eepromDhcp: DhcpClient = {
  discoverTimesMs: [0, 8000, 24_000],
  giveUpMs: 45_000,
  afterGivingUp: 'restart',
  xid: undefined,
};

/** Five DISCOVERs in 25 s, then low power; no server's answer wakes it again. */
const pi3Dhcp: DhcpClient = {
  discoverTimesMs: [0, 5000, 10_000, 15_000, 20_000],
  giveUpMs: 25_000,
  afterGivingUp: 'dead',
  xid: 0x26f30339,
};

/** Measured on a Pi 4's EEPROM: resends, and TFTP_FILE_TIMEOUT=30000 from the RRQ on although DATA kept flowing. */
const eepromTftp: TftpClient = {
  name: 'EEPROM',
  options: ['tsize', 'blksize'],
  blockSizeBytes: 1468,
  resendMs: 2000,
  fileTimeoutMs: 30_000,
  silenceMs: 30_000,
  repeatedBlock: 'acknowledge',
  countsOn: true,
};

/**
 * The loaders that come over the network have TFTP clients of their own. Nobody has measured how long they go on with a
 * file whose data flows: TFTP_FILE_TIMEOUT is a setting of the EEPROM, so they are held to silence alone.
 */
const start4Tftp: TftpClient = { ...eepromTftp, name: 'start4.elf', fileTimeoutMs: undefined };
const startTftp: TftpClient = {
  ...start4Tftp,
  name: 'start.elf',
  options: ['tsize'],
  blockSizeBytes: 512,
  countsOn: false,
};
const bootcodeTftp: TftpClient = { ...startTftp, name: 'bootcode.bin' };
const romTftp: TftpClient = { ...startTftp, name: 'ROM', options: [] };

/** Release notes of the Pi 4's EEPROM: repeated blocks are confirmed again since then. */
const confirmsRepeatsSince = '2021-02-16';

/** Release notes of the EEPROMs of Pi 4 and Pi 5: block numbers begin anew since then. */
const countsOnSince = '2025-09-23';

/** Blocks of 1468 bytes since then, of 1024 before. */
const largeBlocksSince = '2022-10-03';

export interface Loaders {
  /** In the chip or in its EEPROM. */
  readonly first: TftpClient;
  readonly bootcode: TftpClient;
  /** What loads the kernel. */
  readonly last: TftpClient;
  readonly dhcp: DhcpClient;
  /** A Pi 3B answers no ARP request once it has begun to load. */
  readonly answersArpWhileLoading: boolean;
  readonly firstSourcePort: number | undefined;
}

const pi3: Loaders = {
  first: romTftp,
  bootcode: bootcodeTftp,
  last: startTftp,
  dhcp: pi3Dhcp,
  answersArpWhileLoading: false,
  firstSourcePort: 49_152,
};

export function loadersOf({ board, eeprom }: Pick<BoardIdentity, 'board' | 'eeprom'>): Loaders {
  if (board === 'pi3') return pi3;
  const blockSizeBytes = board === 'pi5' || eeprom >= largeBlocksSince ? 1468 : 1024;
  const isOld = board === 'pi4' && eeprom < confirmsRepeatsSince;
  const own = { blockSizeBytes, countsOn: eeprom >= countsOnSince };
  const first: TftpClient = {
    ...eepromTftp,
    ...own,
    repeatedBlock: isOld ? 'ignore' : 'acknowledge',
  };
  return {
    first,
    bootcode: first,
    // A Pi 5 has no start4.elf: its EEPROM loads everything.
    last: board === 'pi5' ? first : { ...start4Tftp, ...own },
    dhcp: eepromDhcp,
    answersArpWhileLoading: true,
    firstSourcePort: undefined,
  };
}

/** Measured: a loader that found nothing to start begins again after 0.2 s, from then on after 5 s. */
export const restartMs = { first: 200, later: 5000 } as const;

/** A loader as strict as an EEPROM's: it gives up a file 30 s after its RRQ. */
export function withFileTimeout(client: TftpClient): TftpClient {
  return { ...client, fileTimeoutMs: client.fileTimeoutMs ?? eepromTftp.fileTimeoutMs };
}
