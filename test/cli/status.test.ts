/** pi-image status: what it prints of what the service says, and what it does without one. */
import { describe, expect, test } from 'vitest';

import { renderStatus } from '../../src/cli/status-text.ts';
import { renderAge } from '../../src/model/duration.ts';
import { parseIpv4 } from '../../src/model/ipv4.ts';
import { parseMac } from '../../src/model/mac.ts';
import { sampleSite } from '../support/command-line.ts';
import { sampleNode } from '../support/sample-view.ts';

const nowMs = 1_000_000_000;

const boot = {
  id: 'b',
  node: 'node01',
  mac: '2c:cf:67:01:02:03',
  address: '10.42.0.11',
  generation: 'old',
  startedAtMs: nowMs - 600_000,
  lastSeenMs: nowMs - 500_000,
  sign: 'discover' as const,
  tokenExpiresAtMs: 0,
  files: 9,
  bytes: 1,
  phases: [
    { phase: 'offered' as const, atMs: nowMs - 600_000 },
    { phase: 'overlay' as const, atMs: nowMs - 590_000 },
  ],
};

const ran = { generation: 'old', image: 'debian-lite@1', role: 'compute' };
const wanted = { generation: 'new', image: 'debian-lite@2' };

test('parts, nodes and unknown boards are three tables', () => {
  const text = renderStatus(
    {
      health: {
        status: 'red',
        parts: [
          { name: 'dhcp', problems: [], sinceMs: nowMs - 3_600_000 },
          { name: 'tftp', problems: [], sinceMs: nowMs - 3_600_000, about: '3 loading' },
          { name: 'nfs', problems: ['ganesha.nfsd died'], sinceMs: nowMs - 5000 },
        ],
      },
      nodes: [
        {
          ...sampleNode('node02'),
          status: { state: 'new', desired: wanted, running: undefined, lastBoot: undefined, reason: undefined },
        },
        {
          ...sampleNode('node01'),
          status: { state: 'up', desired: wanted, running: ran, lastBoot: boot, reason: undefined },
        },
        {
          ...sampleNode('head'),
          status: { state: 'refused', desired: undefined, running: undefined, lastBoot: undefined, reason: 'no image' },
        },
      ],
      unknownBoards: [
        {
          mac: parseMac('dc:a6:32:ff:ff:ff'),
          address: parseIpv4('10.42.0.200'),
          board: 'pi4',
          firstSeenMs: 0,
          lastSeenMs: nowMs - 60_000,
        },
      ],
    },
    nowMs,
  );

  expect(text.split('\n')).toEqual([
    'SERVICE  STATE    SINCE',
    'dhcp     ok       60m',
    'tftp     ok       60m    3 loading',
    'nfs      problem  5s     ganesha.nfsd died',
    '',
    'NODE    ROLE        ADDRESS     STATE    LAST PHASE  AGO  RUNS',
    'head    controller  10.42.0.10  refused  -           -    -              no image',
    'node01  compute     10.42.0.11  up       overlay     10m  debian-lite@1  next boot: debian-lite@2',
    'node02  compute     10.42.0.12  new      -           -    -',
    '',
    'UNKNOWN BOARD      SERIAL  BOARD  ADDRESS      SEEN',
    'dc:a6:32:ff:ff:ff  -       pi4    10.42.0.200  60s',
    '',
  ]);
});

test.each<[string, object, string]>([
  ['is another role after its next boot', { running: { role: 'login' } }, 'next boot: debian-lite@2 as compute'],
  ['is the same role of another image after its next boot', {}, 'next boot: debian-lite@2'],
  [
    'could not be told to reboot',
    { rebootFailed: { atMs: 1, reason: 'no route to host' } },
    'cannot be told to reboot: no route to host',
  ],
])('a node that %s says so', (_name, changes: { running?: object }, note) => {
  const running = { generation: 'a', image: 'debian-lite@1', role: 'compute', ...changes.running };
  const desired = { generation: 'b', image: 'debian-lite@2' };
  const status = { state: 'up' as const, lastBoot: undefined, ...changes, desired, running };
  const health = { status: 'ok' as const, parts: [] };

  const text = renderStatus({ health, nodes: [{ ...sampleNode('node01'), status }], unknownBoards: [] }, 0);

  expect(text.trimEnd().endsWith(`debian-lite@1  ${note}`)).toBe(true);
});

test('without a service it says how to start one', async () => {
  const { run } = await sampleSite();

  const { code, err } = await run('status');

  expect(code).toBe(1);
  expect(err).toContain('no service runs here');
  expect(err).toContain('systemctl start pi-image');
});

describe('numbers', () => {
  test.each([
    [-5, '0s'],
    [119_000, '119s'],
    [120_000, '2m'],
    [7_200_000, '2h'],
    [172_800_000, '2d'],
  ])('%i ms are %s', (ms, text) => {
    expect(renderAge(ms)).toBe(text);
  });
});
