/** What a person reads of a boot that did not become ready: one sample for each rule. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import type { Boot } from '../../src/model/boot.ts';
import { bootPhases, type BootPhase } from '../../src/model/boot-phase.ts';
import { diagnose, diagnoseOpen, type BootEnd, type Surroundings } from '../../src/plan/diagnose.ts';
import { diagnosisRules } from '../../src/plan/diagnosis-rules.ts';

type Timeline = Parameters<typeof diagnose>[0];

const empty: Timeline = { node: 'node01', phases: [], files: 0, bytes: 0 };

function upTo(phase: BootPhase, more: Partial<Boot> = {}, detail?: string): Timeline {
  const reached = bootPhases.slice(0, bootPhases.indexOf(phase) + 1);
  const phases = reached.map((each) => ({ phase: each, atMs: 0, detail: each === phase ? detail : undefined }));
  return { ...empty, files: 9, bytes: 21_400_000, phases, ...more };
}

/** Its node said this after that phase. */
function failedAfter(phase: BootPhase, detail?: string): Timeline {
  const boot = upTo(phase);
  return { ...boot, phases: [...boot.phases, { phase: 'failed', atMs: 1, ...(detail !== undefined && { detail }) }] };
}

const failed: BootEnd = { kind: 'failed' };
const restarted: BootEnd = { kind: 'restarted' };
const silent: BootEnd = { kind: 'silent' };
const late: BootEnd = { kind: 'late', lateness: { phase: 'root', exceeded: 'deadline', limitMs: 300_000 } };
const stuck: BootEnd = { kind: 'late', lateness: { phase: 'root', exceeded: 'phase', limitMs: 90_000 } };

const root = '10.42.0.1:/images/debian-lite/1/root over NFS';
const foreign = { file: '0000abcd/start4.elf', reason: '0000abcd/ is not node01, whose board asks under 9ffefdef/' };
const notBuilt = { file: 'bcm2712-rpi-5-b.dtb', reason: 'not among the boot files of debian-lite@1' };

const count = (times: number) => ({ count: times, firstMs: 0, lastMs: times - 1 });
const answered = { discover: count(1), offer: count(1), request: count(1), ack: count(1) };
const initramfs = { file: 'initramfs8', sizeBytes: 9_000_000, bytes: 2_500_000, blockSizeBytes: 1024, atMs: 0 };

interface Sample {
  readonly id: string;
  readonly boot: Timeline;
  readonly end: BootEnd;
  readonly problems?: Surroundings['problems'];
  readonly board?: Surroundings['board'];
  readonly cause: string;
}

/** What the node says itself is told as it is. */
const inItsWords: readonly Sample[] = (
  [
    ['token-refused', 'root', '10.42.0.1 refuses the token of this boot when asked for overlay.tar'],
    ['nfs-not-exported', 'network', `cannot mount ${root}: the storage node does not export it to 10.42.0.11`],
    ['nfs-unreachable', 'network', `cannot mount ${root}: the storage node does not answer`],
    ['nfs-down', 'network', `cannot mount ${root}: nothing answers on port 2049, the NFS server is not running`],
    ['http-down', 'root', 'cannot get overlay.tar from 10.42.0.1: nothing answers on port 80'],
    ['overlay-damaged', 'root', "this node's overlay arrived damaged three times"],
    ['no-memory', 'root', "cannot unpack this node's overlay: tar: write error: No space left on device"],
    ['no-memory', 'root', 'cannot lay a tmpfs over the image'],
    ['overlay-damaged', 'network', "this node's root arrived damaged three times"],
    ['root-too-large', 'network', "a root of 900 MiB does not fit into this board's 905 MiB of memory"],
    ['squashfs-broken', 'network', "cannot mount the image's squashfs: mount: Invalid argument"],
    ['tree-not-written', 'root', "cannot put this node's overlay into its tree: tar: No space left on device"],
    ['old-initramfs', 'network', 'this initramfs knows no root mode striped'],
    ['wrong-clock', 'kernel', '10.42.0.1 gave "<html>" for the time'],
    ['old-initramfs', 'root', "this node's overlay lists no removals: tar: not found in archive"],
    ['no-init', 'overlay', 'the image has no /sbin/init'],
    ['unit-failed', 'userspace', 'slurmd.service: error: Unable to bind to address'],
    ['unit-failed', 'waiting', 'munge.service: munged: Error: Failed to open keyfile'],
    ['said-otherwise', 'network', 'the moon is full'],
  ] satisfies [string, BootPhase, string][]
).map(([id, phase, words]) => ({ id, boot: failedAfter(phase, words), end: failed, cause: words }));

const samples: readonly Sample[] = [
  ...inItsWords,
  {
    id: 'token-refused',
    boot: upTo('network', { tokenRefused: 'this is not the token of this boot' }),
    end: restarted,
    cause: 'its token was refused: this is not the token of this boot',
  },
  {
    id: 'said-otherwise',
    boot: failedAfter('network'),
    end: failed,
    cause: 'it failed, and did not say of what',
  },
  { id: 'restarted', boot: upTo('root'), end: restarted, cause: 'its board started again after root' },
  {
    id: 'tftp-down',
    boot: upTo('offered'),
    end: stuck,
    problems: { tftp: 'port 69 is taken' },
    cause: 'stuck after offered for 90s: TFTP is not served: port 69 is taken',
  },
  {
    id: 'foreign-prefix',
    boot: upTo('offered', { missing: [notBuilt, foreign] }),
    end: stuck,
    cause: `stuck after offered for 90s: it does not get ${foreign.file}: ${foreign.reason}`,
  },
  {
    id: 'foreign-server',
    boot: upTo('offered', { dhcp: { ...answered, foreignServers: ['192.168.1.1'] } }),
    end: stuck,
    cause: 'stuck after offered for 90s: it takes its address from another DHCP server, 192.168.1.1',
  },
  {
    id: 'wrong-board',
    boot: upTo('loading', { dhcp: { ...answered, board: 'pi5' } }),
    end: late,
    board: 'pi4',
    cause: 'not ready within 5m: its board says that it is a pi5, and it is booted as a pi4',
  },
  {
    id: 'file-too-large',
    boot: upTo('loading', { unfinished: [{ ...initramfs, sizeBytes: 70_000_000, bytes: 65_535 * 1024 }] }),
    end: late,
    cause:
      'not ready within 5m: its loader cannot count further than 65535 blocks of 1024 bytes, and initramfs8 has 70.0 MB',
  },
  {
    id: 'file-too-slow',
    boot: upTo('loading', { unfinished: [{ ...initramfs, durationMs: 30_003 }] }),
    end: late,
    cause: 'not ready within 5m: it gave up initramfs8 after 30 s, with 2.5 MB of 9.0 MB',
  },
  {
    id: 'offer-not-taken',
    boot: upTo('offered', { files: 0, bytes: 0, dhcp: { discover: count(3), offer: count(3) } }),
    end: stuck,
    cause: 'stuck after offered for 90s: it was offered its address 3 times, and did not take it',
  },
  {
    id: 'no-read',
    boot: upTo('offered', { files: 0, bytes: 0, dhcp: answered }),
    end: stuck,
    cause: 'stuck after offered for 90s: it took its address, and no request for a file arrived',
  },
  {
    id: 'file-missing',
    boot: upTo('loading', { missing: [notBuilt] }),
    end: late,
    cause: `not ready within 5m: it does not get ${notBuilt.file}: ${notBuilt.reason}`,
  },
  {
    id: 'nothing-read',
    boot: empty,
    end: stuck,
    cause: 'stuck after offered for 90s: it got an address and asked for no file',
  },
  {
    id: 'no-second-address',
    boot: upTo('loading'),
    end: late,
    problems: { dhcp: 'eth0 is gone' },
    cause: 'not ready within 5m: its kernel needs an address again, and DHCP is not served: eth0 is gone',
  },
  {
    id: 'kernel-silent',
    boot: upTo('loading'),
    end: late,
    cause: 'not ready within 5m: it loaded 9 files (21.4 MB), and its kernel reported nothing',
  },
  {
    id: 'foreign-server-at-kernel',
    boot: upTo('loading'),
    end: late,
    problems: { dhcp: 'the DHCP server 10.42.0.149 answers on eth0 too' },
    cause:
      'not ready within 5m: its kernel may have an address of another DHCP server: the DHCP server 10.42.0.149 answers on eth0 too',
  },
  {
    id: 'kernel-unheard',
    boot: upTo('loading', { dhcp: { ...answered, system: count(4) } }),
    end: late,
    cause: 'not ready within 5m: its kernel runs and has asked for an address, and reported nothing',
  },
  {
    id: 'loading-stopped',
    boot: upTo('loading', { files: 3, bytes: 2_300_000, unfinished: [initramfs] }),
    end: silent,
    cause:
      'nothing was heard of it after loading: it stopped asking after 3 files (2.3 MB) in initramfs8, with 2.5 MB of 9.0 MB',
  },
  {
    id: 'loading-stopped',
    boot: upTo('loading', { files: 3, bytes: 2_300_000 }),
    end: silent,
    cause: 'nothing was heard of it after loading: it stopped asking after 3 files (2.3 MB)',
  },
  {
    id: 'http-down-at-boot',
    boot: upTo('root'),
    end: late,
    problems: { http: 'port 80 is taken' },
    cause: 'not ready within 5m: HTTP is not served: port 80 is taken',
  },
  {
    id: 'no-clock',
    boot: upTo('kernel'),
    end: late,
    cause: 'not ready within 5m: it has an address, and got no time over HTTP',
  },
  {
    id: 'nfs-down-at-boot',
    boot: upTo('network'),
    end: late,
    problems: { nfs: 'ganesha.nfsd died' },
    cause: 'not ready within 5m: NFS is not served: ganesha.nfsd died',
  },
  {
    id: 'slow-port',
    boot: upTo('network', { dhcp: { ...answered, system: { count: 1, firstMs: 31_400, lastMs: 31_400 } } }),
    end: late,
    cause: 'not ready within 5m: its switch port let nothing through for 31 s after its kernel had started',
  },
  {
    id: 'no-root',
    boot: upTo('network'),
    end: late,
    problems: { http: 'not of interest here' },
    cause: 'not ready within 5m: it has the network, and did not mount its root',
  },
  {
    id: 'no-overlay',
    boot: upTo('root'),
    end: late,
    cause: 'not ready within 5m: its root is mounted, and its overlay was not applied',
  },
  {
    id: 'system-silent',
    boot: upTo('overlay'),
    end: late,
    cause: 'not ready within 5m: its overlay is applied, and its system reported nothing',
  },
  {
    id: 'units-not-active',
    boot: upTo('userspace'),
    end: late,
    cause: 'not ready within 5m: its system runs, and a unit of its role is not active yet',
  },
  {
    id: 'waits',
    boot: upTo('waiting', {}, 'slurm controller'),
    end: silent,
    cause: 'nothing was heard of it after waiting: it waited for slurm controller',
  },
];

const wordsOf = (says: string) =>
  says
    .split('…')
    .map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`))
    .join('.+');

describe('a boot is diagnosed', () => {
  test.each(samples)('$id: $cause', ({ id, boot, end, problems, board, cause }) => {
    const found = diagnose(boot, end, { board, ...(problems && { problems }) });

    expect(found).toMatchObject({ rule: id, cause });
    expect(found.hint).toMatch(/\.$/);
  });

  test('every rule has a sample', () => {
    expect(new Set(samples.map(({ id }) => id))).toEqual(new Set(diagnosisRules.map(({ id }) => id)));
  });

  // What else a node may say of itself has no end.
  test.each(samples.filter(({ id }) => id !== 'said-otherwise'))('$id says what the guide lists: $cause', (sample) => {
    const { says = [] } = diagnosisRules.find(({ id }) => id === sample.id) ?? {};

    expect(says.some((words) => new RegExp(`(?:^|: )${wordsOf(words)}`).test(sample.cause))).toBe(true);
  });

  test('whatever happened, some rule fits, and it names no value that is not there', () => {
    const phases = fc.subarray(bootPhases.filter((phase) => phase !== 'ready'));
    const end = fc.constantFrom(failed, restarted, silent, late, stuck);
    const problems = fc.dictionary(fc.constantFrom('dhcp', 'tftp', 'http', 'nfs'), fc.constant('a problem'));
    const missing = fc.subarray([foreign, notBuilt]);
    const unfinished = fc.subarray([initramfs, { ...initramfs, durationMs: 31_000 }]);
    const dhcp = fc.constantFrom(undefined, {}, answered, { ...answered, board: 'pi5', system: count(2) });
    fc.assert(
      fc.property(phases, end, problems, missing, unfinished, dhcp, fc.nat(), (reached, how, broken, ...facts) => {
        const [lacks, left, seen, bytes] = facts;
        const known = { missing: lacks, unfinished: left, dhcp: seen, bytes };
        const timeline = { ...empty, ...known, phases: reached.map((phase) => ({ phase, atMs: 0 })) };
        const around = { problems: broken, board: 'pi4' as const };
        const early = diagnoseOpen(timeline, around);
        for (const { cause, hint } of [diagnose(timeline, how, around), ...(early === undefined ? [] : [early])]) {
          expect(`${cause} ${hint}`).not.toMatch(/undefined|NaN|: $|: :/);
        }
      }),
    );
  });
});

describe('a boot that is under way', () => {
  const isEarly = new Set(diagnosisRules.filter((rule) => rule.isEarly === true).map(({ id }) => id));
  const early = samples.filter(({ id, end }) => end.kind !== 'failed' && isEarly.has(id));

  test.each(early)('is told of $id before it is late', ({ id, boot, board, problems, cause }) => {
    const found = diagnoseOpen(boot, { board, ...(problems && { problems }) });

    expect(found).toMatchObject({ rule: id });
    expect(cause).toContain(found?.cause);
  });

  test.each(bootPhases.slice(0, -2))('after %s has nothing against it', (phase) => {
    expect(diagnoseOpen(upTo(phase, { dhcp: answered }), { board: 'pi4' })).toBeUndefined();
  });

  test('asks a second time because the first answer was lost, and takes it', () => {
    const dhcp = { ...answered, discover: count(2), offer: count(2) };

    expect(diagnoseOpen(upTo('offered', { files: 0, dhcp }))).toBeUndefined();
  });

  test.each([
    ['one that would fit', 60_000_000, 50_000_000],
    ['one that broke off early', 96_300_000, 1000],
  ])('is not told that a file is too large: %s', (_name, sizeBytes, bytes) => {
    const unfinished = [{ ...initramfs, blockSizeBytes: 1468, bytes, sizeBytes }];

    expect(diagnoseOpen(upTo('loading', { unfinished }))).toBeUndefined();
  });
});
