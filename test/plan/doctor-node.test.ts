/** What a person reads of a node that is not ready: one sample for each rule that is not about a single boot. */
import { describe, expect, test } from 'vitest';

import type { Boot } from '../../src/model/boot.ts';
import type { EepromDesired } from '../../src/model/eeprom.ts';
import type { NodeDiagnosis } from '../../src/model/diagnosis.ts';
import { parseIpv4 } from '../../src/model/ipv4.ts';
import { parseMac } from '../../src/model/mac.ts';
import type { NodeStatus } from '../../src/model/node-status.ts';
import { parseSerial } from '../../src/model/serial.ts';
import { beginBoot, closeBoot, countFile, reportPhase } from '../../src/plan/boot-timeline.ts';
import type { NodeDoctorFacts } from '../../src/plan/doctor-node-facts.ts';
import { nodeNotes, nodeRules } from '../../src/plan/doctor-node-rules.ts';
import { diagnoseNode } from '../../src/plan/doctor-node.ts';
import type { IdentityConflict } from '../../src/plan/identify.ts';
import { diagnoseSite } from '../../src/plan/doctor-site.ts';
import { withoutToken } from '../../src/plan/node-status.ts';
import { sampleNode } from '../support/sample-view.ts';

const nowMs = 1_800_000_000_000;
const facts = { node: 'node01', mac: 'dc:a6:32:00:00:01', address: '10.42.0.11', generation: 'g1', token: 'secret' };
const begin = (agoMs: number, id = 'b1') => beginBoot({ ...facts, id, sign: 'discover', nowMs: nowMs - agoMs });
const failed = (agoMs: number, id?: string) => {
  const cause = 'stuck after offered for 90s: it got an address and asked for no file';
  return closeBoot(begin(agoMs, id), 'failed', nowMs - agoMs + 90_000, { rule: 'nothing-read', cause, hint: 'Look.' });
};
const ready = (agoMs: number) =>
  reportPhase(begin(agoMs), { phase: 'ready', uptimeSeconds: 1, detail: undefined }, nowMs);
const slow = {
  ...reportPhase(begin(60_000), { phase: 'network', uptimeSeconds: 33, detail: undefined }, nowMs),
  dhcp: { system: { count: 1, firstMs: nowMs - 2000, lastMs: nowMs } },
};

const stranger = {
  mac: parseMac('dc:a6:32:00:00:09'),
  address: parseIpv4('10.42.0.200'),
  serial: parseSerial('1234abcd'),
  board: 'pi5',
  firstSeenMs: 0,
  lastSeenMs: 0,
};
const conflict = (...nodes: readonly string[]): IdentityConflict => {
  const cause = `the board is ${nodes.join(' and ')}`;
  return { kind: 'conflict', nodes, reason: cause, cause, cure: 'correct it' };
};
const desired = { generation: 'g1', image: 'a@1' };
const failure = (boot: Boot): Partial<NodeStatus> => ({ state: 'failed', desired, reason: boot.closed?.cause });

const pin = { generation: 'a1', image: 'a@1', role: 'r', by: 'us', fellFrom: { generation: 'b2', cause: 'it died' } };
const fell = (to: string) => `it did not come up in generation b2, and ${to}: it died`;
const sha256 = 'a'.repeat(64);
const stagedUpdate: Omit<EepromDesired, 'state'> = {
  image: { sha256, sourceSha256: sha256, sizeBytes: 524_288, chip: '2711', builtAtSeconds: 1_785_847_093 },
  serial: '9ffefdef',
  waitsFor: [],
  timestampSeconds: 1,
  sinceMs: 0,
  asks: 1,
};

interface Sample {
  readonly rule: string;
  readonly status: Partial<NodeStatus>;
  readonly boots?: readonly Boot[];
  readonly around?: Partial<NodeDoctorFacts['around']>;
  readonly more?: Pick<NodeDoctorFacts, 'eeprom' | 'largestFile' | 'pin'>;
  readonly cause: string | RegExp;
}

function diagnosed({ status, boots = [], around = {}, more = {} }: Sample) {
  return diagnoseNode({
    node: sampleNode('node01'),
    status: { state: 'new', ...status },
    ...more,
    boots: boots.map(withoutToken),
    around: {
      problems: {},
      listeningSinceMs: nowMs - 7_200_000,
      unknownBoards: [],
      conflicts: [],
      heard: [],
      ...around,
    },
    nowMs,
  });
}

const reasons: readonly Sample[] = [
  {
    rule: 'cannot-boot',
    status: { state: 'refused', reason: 'there is no version of the image absent' },
    cause: 'it cannot boot: there is no version of the image absent',
  },
  {
    rule: 'foreign-dhcp',
    status: {},
    around: { problems: { dhcp: 'the DHCP server 192.168.1.1 answers on eth0 already' } },
    cause: 'another DHCP server is on the network: the DHCP server 192.168.1.1 answers on eth0 already',
  },
  {
    rule: 'dhcp-down',
    status: {},
    around: { problems: { dhcp: 'eth0 is gone' } },
    cause: 'DHCP is not served: eth0 is gone',
  },
  {
    rule: 'other-identity',
    status: {},
    around: { unknownBoards: [stranger] },
    cause:
      'no DISCOVER of it was seen in the 2h since DHCP is served, and an unknown board asks: pi5 dc:a6:32:00:00:09, serial 1234abcd',
  },
  {
    rule: 'no-discover',
    status: {},
    around: {
      heard: [
        { name: 'node02', atMs: nowMs - 180_000 },
        { name: 'node03', atMs: nowMs - 600_000 },
      ],
    },
    cause: 'no DISCOVER of it was seen in the 2h since DHCP is served; node02 was heard 3m ago',
  },
  {
    rule: 'no-discover-of-any',
    status: {},
    // Before the service has started: that tells nothing of the network now.
    around: { heard: [{ name: 'node02', atMs: nowMs - 8_000_000 }] },
    cause: 'no DISCOVER of it was seen in the 2h since DHCP is served, nor of any other board',
  },
  {
    rule: 'heartbeat-stopped',
    status: { state: 'silent', desired, reason: 'its heartbeats have stopped' },
    boots: [ready(600_000)],
    cause: 'its heartbeats have stopped',
  },
  {
    rule: 'unit-failed',
    status: {
      state: 'failed',
      desired,
      reason: 'slurmd.service: killed',
      heartbeat: { boot: 'b1', atMs: nowMs, phase: 'failed', uptimeSeconds: 9, load: 0, generation: 'g1' },
    },
    boots: [ready(600_000)],
    cause: 'slurmd.service: killed',
  },
  {
    rule: 'waits-now',
    status: { state: 'waiting', desired, reason: 'slurm controller' },
    cause: 'it waits for slurm controller',
  },
  {
    rule: 'identity-conflict',
    status: {},
    around: { conflicts: [conflict('node02', 'node03'), conflict('node01', 'node02')] },
    cause: 'the board is node01 and node02',
  },
  // Of its boot.
  {
    rule: 'nothing-read',
    status: failure(failed(100_000)),
    boots: [failed(100_000)],
    cause: /^stuck after offered for 90s: it got an address/,
  },
  {
    rule: 'tftp-down',
    status: { state: 'booting', desired },
    boots: [begin(5000)],
    around: { problems: { tftp: 'port 69 is taken' } },
    cause: 'TFTP is not served: port 69 is taken',
  },
];

const notes: readonly Sample[] = [
  {
    rule: 'identity-conflict',
    status: { state: 'ready', desired },
    boots: [ready(60_000)],
    around: { conflicts: [conflict('node01')] },
    cause: 'the board is node01',
  },
  {
    rule: 'still-booting',
    status: { state: 'booting', desired },
    boots: [countFile(begin(12_000), 1, nowMs)],
    cause: 'it boots since 12s, and came to loading',
  },
  {
    rule: 'gave-up',
    status: failure(failed(400_000)),
    boots: [failed(400_000)],
    cause: 'nothing came from it since 7m: it may have given up',
  },
  {
    rule: 'again-and-again',
    status: { state: 'ready', desired },
    boots: [ready(900_000), failed(600_000, 'b2'), failed(500_000, 'b3'), failed(400_000, 'b4')],
    cause: 'its last 3 boots came to nothing',
  },
  { rule: 'fell-back', status: { state: 'ready', desired }, more: { pin }, cause: fell('is held at a1') },
  { rule: 'fell-back', status: {}, more: { pin: { ...pin, generation: 'hold' } }, cause: fell('has the hold boot') },
  {
    rule: 'reboot-failed',
    status: { state: 'ready', desired, rebootFailed: { atMs: 0, reason: 'no route to host' } },
    cause: 'it was to reboot, and was not reached: no route to host',
  },
  {
    rule: 'slow-port',
    status: { state: 'ready', desired },
    boots: [slow],
    cause: 'its switch port let nothing through for 31 s after its kernel had started',
  },
  {
    rule: 'drifted',
    status: {
      state: 'ready',
      desired,
      heartbeat: {
        boot: 'b1',
        atMs: nowMs,
        phase: 'ready',
        uptimeSeconds: 9,
        load: 0,
        generation: 'g1',
        drift: { checkedAtSeconds: 8, count: 1, files: [{ path: 'etc/hosts', what: 'changed' }] },
      },
    },
    boots: [ready(60_000)],
    cause: 'drifted: /etc/hosts changed on the node',
  },
  {
    rule: 'old-loader',
    status: { state: 'ready', desired },
    more: {
      eeprom: { report: { builtAtSeconds: 1_746_713_597, boot: 'b1', atMs: 0 } },
      largestFile: { name: 'initramfs8', sizeBytes: 97_000_000 },
    },
    cause: 'its boot loader of 2025-05-08 counts no further than 65535 blocks, and initramfs8 has 97.0 MB',
  },
  {
    rule: 'eeprom-update-failed',
    status: { state: 'ready', desired },
    more: { eeprom: { desired: { ...stagedUpdate, state: 'failed', reason: 'it burned' } } },
    cause: 'the update of its EEPROM failed: it burned',
  },
];

describe('a node that is not ready', () => {
  test.each(reasons)('$rule: $cause', (sample) => {
    const [found] = diagnosed(sample).findings;

    expect(found).toMatchObject({ kind: 'node', name: 'node01', severity: 'wrong', rule: sample.rule });
    expect(found?.cause).toMatch(sample.cause);
    expect(found?.hint).toMatch(/\.$/);
  });

  test.each(notes)('is told beside that: $rule: $cause', (sample) => {
    const found = diagnosed(sample).findings.find(({ rule }) => rule === sample.rule);

    expect(found).toMatchObject({ severity: 'note', cause: sample.cause });
  });

  test('tells how to end a conflict of identities', () => {
    const { findings } = diagnosed({
      rule: '',
      status: {},
      around: { conflicts: [conflict('node01')] },
      cause: '',
    });

    expect(findings[0]?.hint).toBe('Correct it, then "pi-image apply -f nodes.yaml". Until then it is not answered.');
  });

  test('of a time in which causes were not kept has something to look at', () => {
    const [found] = diagnosed({
      rule: '',
      status: { state: 'silent', desired },
      boots: [closeBoot(begin(60_000), 'restarted', nowMs)],
      cause: '',
    }).findings;

    expect(found).toMatchObject({ severity: 'wrong', rule: 'earlier', cause: 'its last boot came to nothing' });
  });

  test('every rule has a sample', () => {
    const all = new Set([...reasons, ...notes].map(({ rule }) => rule));

    expect([...nodeRules, ...nodeNotes].map(({ id }) => id).filter((id) => !all.has(id))).toEqual([]);
  });

  test('has one reason, and whoever is ready has none', () => {
    for (const sample of reasons) {
      expect(diagnosed(sample).findings.filter(({ severity }) => severity === 'wrong')).toHaveLength(1);
    }
    expect(diagnosed({ rule: '', status: { state: 'ready', desired }, boots: [ready(60_000)], cause: '' })).toEqual({
      node: 'node01',
      state: 'ready',
      findings: [],
    });
  });
});

describe('the site', () => {
  const good: NodeDiagnosis = { node: 'node02', state: 'ready', findings: [] };

  test('is well when its nodes and parts are', () => {
    expect(diagnoseSite([good], [{ name: 'dhcp', problems: [] }])).toEqual({
      status: 'ok',
      nodes: { all: 1, ready: 1 },
      findings: [],
    });
  });

  test('lists parts first, then nodes, and says nothing twice', () => {
    const bad = diagnosed({ rule: '', status: { state: 'refused', reason: 'no image' }, cause: '' });
    const parts = [
      { name: 'nodes', problems: ['node01 cannot boot: no image'] },
      { name: 'nfs', problems: ['ganesha.nfsd died'] },
    ];

    const found = diagnoseSite([bad, good], parts);

    expect(found).toMatchObject({ status: 'wrong', nodes: { all: 2, ready: 1 } });
    expect(found.findings.map(({ kind, name }) => `${kind} ${name}`)).toEqual(['service nfs', 'node node01']);
  });
});
