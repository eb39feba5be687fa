/** Rules for boots that came no further than their firmware, or whose kernel was not heard of. */
import { after, all, brokenPart, isBroken, lacking, lacks, lookAtService, megabytes } from './diagnosis-facts.ts';
import { namesDhcpServer, type Condition, type DiagnosisFacts, type DiagnosisRule } from './diagnosis-facts.ts';

/** Firmware alone is smaller than this, a kernel larger. */
const kernelBytes = 5_000_000;

/** Block numbers have 16 bits. Loaders before 2025-09-23 do not begin anew after the last one. */
const lastBlock = 65_535;

/** TFTP_FILE_TIMEOUT of the EEPROM's configuration, counted from the request, whether data flows or not. */
const fileTimeoutMs = 30_000;

const foreignPrefix = /belongs to|asks under/;
const notInImage = /^not among the boot files/;

const hasLoadedKernel: Condition = ({ bytes }) => bytes >= kernelBytes;
const hasReadNothing: Condition = ({ files, missing }) => files === 0 && missing.length === 0;
const firmware = after('offered', 'loading');

/** They take an address from another server, or both: with one that gives addresses by agreement no rule comes to this. */
const hasOtherServer: Condition = ({ dhcp }) => (dhcp.foreignServers?.length ?? 0) > 0;

/** Somewhere on the network, as the part that serves DHCP says. */
const seesOtherServer: Condition = ({ problems }) => namesDhcpServer.test(problems['dhcp'] ?? '');

const isAnotherBoard: Condition = ({ dhcp, board }) =>
  dhcp.board !== undefined && board !== undefined && board !== 'uefi' && dhcp.board !== board;

/** It asked again although it had been answered. */
const refusedOffer: Condition = ({ dhcp: { discover, offer, request } }) =>
  request === undefined && (offer?.count ?? 0) > 1 && (discover?.count ?? 0) > 1;

const reachedLastBlock: Condition = ({ unfinished }) => {
  if (unfinished === undefined) return false;
  const limit = lastBlock * unfinished.blockSizeBytes;
  return unfinished.sizeBytes > limit && unfinished.bytes > limit - 64 * unfinished.blockSizeBytes;
};

const ranOutOfTime: Condition = ({ unfinished }) => (unfinished?.durationMs ?? 0) >= fileTimeoutMs - 500;

const loaded = ({ files, bytes }: DiagnosisFacts) => `${files} ${files === 1 ? 'file' : 'files'} (${megabytes(bytes)})`;

const stoppedIn = ({ unfinished }: DiagnosisFacts) =>
  unfinished === undefined
    ? ''
    : ` in ${unfinished.file}, with ${megabytes(unfinished.bytes)} of ${megabytes(unfinished.sizeBytes)}`;

const times = (count = 0) => `${count} times`;

export const loadingRules: readonly DiagnosisRule[] = [
  {
    id: 'tftp-down',
    says: ['TFTP is not served: …'],
    isEarly: true,
    when: all(firmware, isBroken('tftp')),
    cause: brokenPart('tftp', 'TFTP is not served'),
    hint: lookAtService,
  },
  {
    id: 'foreign-server',
    says: ['it takes its address from another DHCP server, …'],
    isEarly: true,
    when: all(firmware, hasOtherServer),
    cause: ({ dhcp }) => `it takes its address from another DHCP server, ${dhcp.foreignServers?.join(' or ') ?? ''}`,
    hint: () => 'Switch the DHCP service of that machine off, or give the boards a switch or VLAN of their own.',
  },
  {
    id: 'wrong-board',
    says: ['its board says that it is a …, and it is booted as a …'],
    isEarly: true,
    when: all(firmware, isAnotherBoard),
    cause: ({ dhcp, board }) => `its board says that it is a ${dhcp.board}, and it is booted as a ${board}`,
    hint: ({ node }) =>
      `It gets another board's kernel: correct "board:" of ${node} in nodes.yaml, then "pi-image apply -f nodes.yaml".`,
  },
  {
    id: 'foreign-prefix',
    says: ['it does not get …/…: …'],
    isEarly: true,
    when: all(firmware, lacks(foreignPrefix)),
    cause: lacking(foreignPrefix),
    hint: ({ node }) => `Correct "serial:" and "mac:" of ${node} in nodes.yaml, then "pi-image apply -f nodes.yaml".`,
  },
  {
    id: 'file-too-large',
    says: ['its loader cannot count further than 65535 blocks of … bytes, and … has …'],
    isEarly: true,
    when: all(firmware, reachedLastBlock),
    cause: ({ unfinished }) =>
      `its loader cannot count further than ${lastBlock} blocks of ${unfinished?.blockSizeBytes} bytes, ` +
      `and ${unfinished?.file} has ${megabytes(unfinished?.sizeBytes ?? 0)}`,
    hint: () =>
      'Update its EEPROM to 2025-09-23 or later. For a Pi 3 the file must be smaller than 33 MB: a kernel8.img that is ' +
      'not compressed, or an initramfs with too much in it.',
  },
  {
    id: 'file-too-slow',
    says: ['it gave up … after 30 s, with … of …'],
    isEarly: true,
    when: all(firmware, ranOutOfTime),
    cause: ({ unfinished }) =>
      `it gave up ${unfinished?.file} after 30 s, with ${megabytes(unfinished?.bytes ?? 0)} of ${megabytes(unfinished?.sizeBytes ?? 0)}`,
    hint: () =>
      'Look for a link of 10 or 100 Mbit/s and for lost packets ("ip -s link"); else switch fewer boards on at once.',
  },
  {
    id: 'file-missing',
    says: ['it does not get …: not among the boot files of …'],
    when: all(firmware, lacks(notInImage)),
    cause: lacking(notInImage),
    hint: () => 'Add the board to "boards:" in image.yaml, and build the image again.',
  },
  {
    id: 'offer-not-taken',
    says: ['it was offered its address … times, and did not take it'],
    isEarly: true,
    when: all(after('offered'), hasReadNothing, refusedOffer),
    cause: ({ dhcp }) => `it was offered its address ${times(dhcp.offer?.count)}, and did not take it`,
    hint: () =>
      'Either the OFFER does not reach it (firewall, VLAN), or its EEPROM waits for another text in option 43: take ' +
      'PXE_OPTION43 out of its configuration ("rpi-eeprom-config").',
  },
  {
    id: 'no-read',
    says: ['it took its address, and no request for a file arrived'],
    when: all(after('offered'), hasReadNothing, ({ dhcp }) => dhcp.request !== undefined),
    cause: () => 'it took its address, and no request for a file arrived',
    hint: () =>
      'Check the firewall of the storage node for UDP port 69, and whether another machine uses its address or the ' +
      'address of the storage node ("arping -D").',
  },
  {
    id: 'nothing-read',
    says: ['it got an address and asked for no file'],
    when: after('offered'),
    cause: () => 'it got an address and asked for no file',
    hint: () =>
      'Check the firewall for UDP port 69, and the log for another DHCP server. A Pi 3 gives up after 25 s: cut its power.',
  },
  {
    id: 'no-second-address',
    says: ['its kernel needs an address again, and DHCP is not served: …'],
    when: all(after('loading'), hasLoadedKernel, isBroken('dhcp'), (facts) => !seesOtherServer(facts)),
    cause: brokenPart('dhcp', 'its kernel needs an address again, and DHCP is not served'),
    hint: lookAtService,
  },
  {
    id: 'foreign-server-at-kernel',
    says: ['its kernel may have an address of another DHCP server: …'],
    when: all(after('loading'), hasLoadedKernel, seesOtherServer),
    cause: ({ problems }) => `its kernel may have an address of another DHCP server: ${problems['dhcp'] ?? ''}`,
    hint: () => 'Switch the DHCP service of that machine off, or give the boards a switch or VLAN of their own.',
  },
  {
    id: 'kernel-unheard',
    says: ['its kernel runs and has asked for an address, and reported nothing'],
    when: all(after('loading'), ({ dhcp }) => dhcp.system !== undefined),
    cause: () => 'its kernel runs and has asked for an address, and reported nothing',
    hint: () => 'Check the firewall of the storage node for TCP port 80, and the log for another DHCP server.',
  },
  {
    id: 'kernel-silent',
    says: ['it loaded … files (… MB), and its kernel reported nothing'],
    when: all(after('loading'), hasLoadedKernel),
    cause: (facts) => `it loaded ${loaded(facts)}, and its kernel reported nothing`,
    hint: () =>
      'Its serial console tells: the kernel panics, is not for this board, has no driver for its network card, or ' +
      'gets no link.',
  },
  {
    id: 'loading-stopped',
    says: ['it stopped asking after … files (… MB)'],
    when: after('loading'),
    cause: (facts) => `it stopped asking after ${loaded(facts)}${stoppedIn(facts)}`,
    hint: () => 'Check power supply, cable and switch port; its screen or serial console names the file.',
  },
];
