/** What keeps a board from becoming ready, as a table. docs/troubleshooting.md lists the same rules. */
import type { Boot, BootPhase } from '../model/boot.ts';

export interface DiagnosisFacts {
  readonly end: 'late' | 'silent' | 'restarted' | 'failed';
  readonly node: string;
  /** The last one before the end. */
  readonly phase: BootPhase;
  /** What the node said with it; of a boot that failed, what it said to that. */
  readonly detail: string | undefined;
  readonly files: number;
  readonly bytes: number;
  readonly missing: NonNullable<Boot['missing']>;
  readonly problems: Readonly<Record<string, string | undefined>>;
}

export interface DiagnosisRule {
  readonly id: string;
  readonly when: (facts: DiagnosisFacts) => boolean;
  readonly cause: (facts: DiagnosisFacts) => string;
  readonly hint: (facts: DiagnosisFacts) => string;
}

type Condition = DiagnosisRule['when'];

/** Firmware alone is smaller than this, a kernel larger. */
const kernelBytes = 5_000_000;

/** Its own words: what it says is the cause. */
const said =
  (words: RegExp): Condition =>
  ({ end, detail }) =>
    end === 'failed' && words.test(detail ?? '');

const after =
  (...phases: readonly BootPhase[]): Condition =>
  ({ end, phase }) =>
    end !== 'failed' && phases.includes(phase);

const all =
  (...conditions: readonly Condition[]): Condition =>
  (facts) =>
    conditions.every((holds) => holds(facts));

const isBroken =
  (part: string): Condition =>
  ({ problems }) =>
    problems[part] !== undefined;

const lacks =
  (reason: RegExp): Condition =>
  ({ missing }) =>
    missing.some((each) => reason.test(each.reason));

const hasLoadedKernel: Condition = ({ bytes }) => bytes >= kernelBytes;

const itsWords: DiagnosisRule['cause'] = ({ detail }) => detail ?? 'it failed, and did not say of what';

const brokenPart =
  (part: string, does: string): DiagnosisRule['cause'] =>
  ({ problems }) =>
    `${does}: ${problems[part] ?? ''}`;

const lacking =
  (reason: RegExp): DiagnosisRule['cause'] =>
  ({ missing }) => {
    const found = missing.findLast((each) => reason.test(each.reason));
    return `it does not get ${found?.file ?? ''}: ${found?.reason ?? ''}`;
  };

const loaded = ({ files, bytes }: DiagnosisFacts) =>
  `${files} ${files === 1 ? 'file' : 'files'} (${(bytes / 1e6).toFixed(1)} MB)`;

const foreignPrefix = /belongs to|asks under/;
const notInImage = /^not among the boot files/;

const lookAtService = () => 'See what "pi-image status" says of that part, and the log: journalctl -u pi-image.';

/** In the order in which they are tried. */
export const diagnosisRules: readonly DiagnosisRule[] = [
  {
    id: 'token-refused',
    when: said(/refuses the token of this boot/),
    cause: itsWords,
    hint: () => 'Cut its power once. When that happens again, another machine uses its address.',
  },
  {
    id: 'nfs-not-exported',
    when: said(/over NFS: the storage node does not export it to/),
    cause: itsWords,
    hint: ({ node }) => `Compare that address with "address:" of ${node}, and look for nfs in the log.`,
  },
  {
    id: 'nfs-unreachable',
    when: said(/over NFS: the storage node does not answer/),
    cause: itsWords,
    hint: () => 'Check the firewall of the storage node for TCP port 2049, then cable and switch port.',
  },
  {
    id: 'nfs-down',
    when: said(/over NFS:/),
    cause: itsWords,
    hint: () => 'Look at "pi-image nfs status" and at the part nfs of "pi-image status".',
  },
  {
    id: 'http-down',
    when: said(/^cannot get /),
    cause: itsWords,
    hint: () => 'Look at the part http of "pi-image status"; a request that failed is in the log.',
  },
  {
    id: 'overlay-damaged',
    when: said(/arrived damaged/),
    cause: itsWords,
    hint: () => 'Look for errors of the cable or the switch port.',
  },
  {
    id: 'no-memory',
    when: said(/^cannot unpack|^cannot lay a tmpfs/),
    cause: itsWords,
    hint: () => 'Overlay and changes lie in memory: take something out of the overlay, or use a board with more.',
  },
  {
    id: 'wrong-clock',
    when: said(/ for the time$/),
    cause: itsWords,
    hint: () => 'Another HTTP server has that port: end it, or set "ports: { http: … }" in cluster.yaml.',
  },
  {
    id: 'old-initramfs',
    when: said(/lists no removals/),
    cause: itsWords,
    hint: () => 'Build the image again: its initramfs is not of the version of this pi-image.',
  },
  {
    id: 'no-init',
    when: said(/has no \/sbin\/init/),
    cause: itsWords,
    hint: () => 'Add the package systemd-sysv to the image, and build it again.',
  },
  {
    id: 'unit-failed',
    when: ({ end, phase }) => end === 'failed' && ['overlay', 'userspace', 'waiting'].includes(phase),
    cause: itsWords,
    hint: ({ node }) => `Run "systemctl --failed" and "journalctl -b" on ${node}.`,
  },
  {
    id: 'said-otherwise',
    when: ({ end }) => end === 'failed',
    cause: itsWords,
    hint: () => 'Read the lines that begin with "pi-image:" on its serial console.',
  },
  {
    id: 'restarted',
    when: ({ end }) => end === 'restarted',
    cause: ({ phase }) => `its board started again after ${phase}`,
    hint: () => 'When nobody restarted it, look for a panic on its serial console, and check its power supply.',
  },
  {
    id: 'tftp-down',
    when: all(after('offered', 'loading'), isBroken('tftp')),
    cause: brokenPart('tftp', 'TFTP is not served'),
    hint: lookAtService,
  },
  {
    id: 'foreign-prefix',
    when: all(after('offered', 'loading'), lacks(foreignPrefix)),
    cause: lacking(foreignPrefix),
    hint: ({ node }) => `Correct "serial:" and "mac:" of ${node} in nodes.yaml, then "pi-image apply -f nodes.yaml".`,
  },
  {
    id: 'file-missing',
    when: all(after('offered', 'loading'), lacks(notInImage)),
    cause: lacking(notInImage),
    hint: () => 'Add the board to "boards:" in image.yaml, and build the image again.',
  },
  {
    id: 'nothing-read',
    when: after('offered'),
    cause: () => 'it got an address and asked for no file',
    hint: () =>
      'Check the firewall for UDP port 69, and the log for another DHCP server. A Pi 3 gives up after 25 s: cut its power.',
  },
  {
    id: 'no-second-address',
    when: all(after('loading'), hasLoadedKernel, isBroken('dhcp')),
    cause: brokenPart('dhcp', 'its kernel needs an address again, and DHCP is not served'),
    hint: lookAtService,
  },
  {
    id: 'kernel-silent',
    when: all(after('loading'), hasLoadedKernel),
    cause: (facts) => `it loaded ${loaded(facts)}, and its kernel reported nothing`,
    hint: () =>
      'Its serial console tells: the kernel panics, has no driver for the network card, or gets no address again.',
  },
  {
    id: 'loading-stopped',
    when: after('loading'),
    cause: (facts) => `it stopped asking after ${loaded(facts)}`,
    hint: () => 'Check power supply, cable and switch port; its screen or serial console names the file.',
  },
  {
    id: 'http-down-at-boot',
    when: all(after('kernel', 'root'), isBroken('http')),
    cause: brokenPart('http', 'HTTP is not served'),
    hint: lookAtService,
  },
  {
    id: 'no-clock',
    when: after('kernel'),
    cause: () => 'it has an address, and got no time over HTTP',
    hint: () => 'Check the firewall of the storage node for TCP port 80, or what "ports: { http: … }" says.',
  },
  {
    id: 'nfs-down-at-boot',
    when: all(after('network', 'overlay', 'userspace'), isBroken('nfs')),
    cause: brokenPart('nfs', 'NFS is not served'),
    hint: lookAtService,
  },
  {
    id: 'no-root',
    when: after('network'),
    cause: () => 'it has the network, and did not mount its root',
    hint: () => 'Check the firewall for TCP port 2049, and look at "pi-image nfs status".',
  },
  {
    id: 'no-overlay',
    when: after('root'),
    cause: () => 'its root is mounted, and its overlay was not applied',
    hint: ({ node }) => `Look for http.failed in the log; "pi-image node explain ${node}" shows what it should get.`,
  },
  {
    id: 'system-silent',
    when: after('overlay'),
    cause: () => 'its overlay is applied, and its system reported nothing',
    hint: () => 'Watch its serial console; systemd names the unit that hangs.',
  },
  {
    id: 'units-not-active',
    when: after('userspace'),
    cause: () => 'its system runs, and a unit of its role is not active yet',
    hint: ({ node }) => `Run "systemctl list-jobs" on ${node}, or give the role a longer deadline.`,
  },
  {
    id: 'waits',
    when: after('waiting'),
    cause: ({ detail }) => `it waited for ${detail ?? 'something'}`,
    hint: () => 'Bring up what it waits for; if the board is off too, check its power.',
  },
];
