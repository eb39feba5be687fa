import { execFileSync } from 'node:child_process';

import { describe, expect, test } from 'vitest';

import {
  drainReason,
  hasJobs,
  isAdministrators,
  isDrained,
  isDrainedByOthers,
  parseSlurmNodes,
  reasonOwner,
  slurmReturn,
  unlessAdministrators,
  type SlurmNodeState,
} from '../../src/plan/slurm-state.ts';

/** As Slurm 24.11 prints a node on one line; `state` and what stands at the end are the test's. */
const line = (name: string, state: string, end = '') =>
  `NodeName=${name} Arch=aarch64 CoresPerSocket=1 CPUAlloc=0 CPUEfctv=4 CPUTot=4 CPULoad=0.02 AvailableFeatures=pi4 ` +
  `ActiveFeatures=pi4 Gres=(null) NodeAddr=10.42.0.11 NodeHostName=${name} Version=24.11.5 OS=Linux 6.12.48 #1 SMP ` +
  `RealMemory=3700 AllocMem=0 FreeMem=3400 Sockets=4 Boards=1 State=${state} ThreadsPerCore=1 TmpDisk=0 Weight=1 ` +
  `Owner=N/A MCS_label=N/A Partitions=main BootTime=2026-11-21T10:00:00 SlurmdStartTime=2026-11-21T10:00:21 ` +
  `LastBusyTime=2026-11-21T10:00:21 ResumeAfterTime=None CfgTRES=cpu=4,mem=3700M,billing=4 AllocTRES= CurrentWatts=0 ` +
  `AveWatts=0${end}`;

function parseOne(state: string, end = ''): SlurmNodeState {
  const node = parseSlurmNodes(`${line('node01', state, end)}\n`).get('node01');
  if (node === undefined) throw new Error('not understood');
  return node;
}

const ours = ' Reason=pi-image operation 12 [root@2026-11-21T10:05:00]';
const theirs = ' Reason=bad fan, see ticket [ada@2026-11-21T09:00:00]';

describe('a node', () => {
  test.each([
    ['IDLE', '', 'IDLE', [], undefined],
    ['MIXED+DRAIN', ours, 'MIXED', ['DRAIN'], 'pi-image operation 12'],
    ['IDLE+DRAIN+NOT_RESPONDING', theirs, 'IDLE', ['DRAIN', 'NOT_RESPONDING'], 'bad fan, see ticket'],
    ['DOWN*', ' Reason=Not responding [slurm@2026-11-21T10:07:00]', 'DOWN', [], 'Not responding'],
    ['ALLOCATED+COMPLETING', ' Reason=no time given', 'ALLOCATED', ['COMPLETING'], 'no time given'],
  ])('in state %s is understood', (state, end, base, flags, reason) => {
    expect(parseOne(state, end)).toEqual({ name: 'node01', base, flags: new Set(flags), reason });
  });

  test('stands among others, and what is no node is passed over', () => {
    const text = `slurm_load_node error\n${line('node01', 'IDLE')}\n\n${line('node02', 'DOWN')}\nNodeName=node03\n`;
    expect([...parseSlurmNodes(text).keys()]).toEqual(['node01', 'node02']);
  });
});

test.each([
  ['IDLE', false],
  ['MIXED', true],
  ['ALLOCATED+DRAIN', true],
  ['IDLE+COMPLETING', true],
  ['DOWN', false],
])('%s has jobs: %s', (state, expected) => {
  expect(hasJobs(parseOne(state))).toBe(expected);
});

test.each([
  ['IDLE', '', false, false],
  ['IDLE+DRAIN', ours, true, false],
  ['IDLE+DRAIN', theirs, true, true],
  ['IDLE+DRAIN', '', true, true],
])('%s, "%s": drained %s, by others %s', (state, end, drained, byOthers) => {
  const node = parseOne(state, end);
  expect([isDrained(node), isDrainedByOthers(node)]).toEqual([drained, byOthers]);
});

test.each([
  ['IDLE', '', 'available'],
  ['MIXED', '', 'available'],
  ['IDLE+DRAIN', ours, 'to-resume'],
  ['IDLE+DRAIN', theirs, 'others'],
  ['DOWN', ' Reason=Node unexpectedly rebooted [slurm@2026-11-21T10:07:00]', 'to-resume'],
  ['DOWN', theirs, 'others'],
  ['DOWN+NOT_RESPONDING', ' Reason=Not responding [slurm@2026-11-21T10:07:00]', 'absent'],
  ['UNKNOWN', '', 'absent'],
])('%s, "%s" after a boot is %s', (state, end, expected) => {
  expect(slurmReturn(parseOne(state, end))).toBe(expected);
});

test('one that Slurm does not know is absent, and our reason is told from all others', () => {
  expect(slurmReturn(undefined)).toBe('absent');
  expect(parseOne('IDLE+DRAIN', ` Reason=${drainReason('7')} [root@x]`).reason).toBe('pi-image operation 7');
});

const reasons = [
  [undefined, 'nobody'],
  ['pi-image operation 12', 'ours'],
  ['pi-image: off', 'ours'],
  ['pi-image: off, for good', 'administrator'],
  ['Not responding', 'slurm'],
  ['Node unexpectedly rebooted', 'slurm'],
  ['Reboot ASAP', 'slurm'],
  ['bad fan, see ticket', 'administrator'],
  ['pi-image operation', 'administrator'],
  ['Not responding since the move', 'administrator'],
  ['Low RealMemory', 'administrator'],
] as const;

test.each(reasons)('the reason "%s" is the word of: %s', (reason, owner) => {
  expect(reasonOwner({ reason })).toBe(owner);
});

test.each(
  reasons.flatMap(([reason, owner]) =>
    ['IDLE', 'IDLE+DRAIN', 'DOWN', 'DOWN+NOT_RESPONDING'].map((state) => [state, reason, owner] as const),
  ),
)(
  'a node in state %s with the reason "%s" (%s) is left as it is where it is kept from jobs by an administrator',
  (state, reason, owner) => {
    const end = reason === undefined ? '' : ` Reason=${reason} [ada@2026-11-21T09:00:00]`;
    const shown = line('node01', state, end);
    const scontrol = `scontrol() { case "$*" in '--oneliner show node node01') echo '${shown}' ;; esac; }`;
    const said = execFileSync('sh', ['-c', `${scontrol}\n${unlessAdministrators('node01', 'echo told')}`]).toString();
    const isTheirs = owner === 'administrator' && state !== 'IDLE';
    expect(said).toBe(isTheirs ? '' : 'told\n');
    expect(isAdministrators(parseOne(state, end))).toBe(isTheirs);
  },
);
