/** Which boards the kernel must know without asking. */
import { expect, test } from 'vitest';

import type { Boot } from '../../src/model/boot.ts';
import type { BootPhase } from '../../src/model/boot-phase.ts';
import { parseIpv4 } from '../../src/model/ipv4.ts';
import { parseMac } from '../../src/model/mac.ts';
import { changeNeighbours, loadingNeighbours } from '../../src/plan/loading-neighbours.ts';
import { sampleCluster } from '../support/sample-view.ts';

const { network } = sampleCluster();
const minuteMs = 60_000;
const nowMs = 30 * minuteMs;

const boot = (changes: Partial<Boot>, ...phases: readonly BootPhase[]): Boot => ({
  id: 'b1',
  node: 'node01',
  mac: 'dc:a6:32:00:00:01',
  address: '10.42.0.11',
  generation: 'g1',
  startedAtMs: 0,
  tokenExpiresAtMs: 0,
  lastSeenMs: 0,
  files: 0,
  bytes: 0,
  phases: phases.map((phase) => ({ phase, atMs: 0 })),
  ...changes,
});

const addresses = (boots: readonly Boot[]) => loadingNeighbours(boots, network, nowMs).map(({ address }) => address);

test.each<[string, Boot, boolean]>([
  ['offered', boot({}, 'offered'), true],
  ['loading', boot({}, 'offered', 'loading'), true],
  ['never seen in DHCP', boot({ mac: 'unknown' }, 'loading'), false],
  ['the kernel has reported', boot({}, 'offered', 'loading', 'kernel'), false],
  ['ready', boot({}, 'offered', 'loading', 'kernel', 'ready'), false],
  ['closed while it loaded', boot({ closed: { atMs: 1, reason: 'silent' } }, 'offered', 'loading'), false],
  [
    'given up as late, and perhaps loading still',
    boot(
      { startedAtMs: 11 * minuteMs, closed: { atMs: 16 * minuteMs, reason: 'failed' } },
      'offered',
      'loading',
      'failed',
    ),
    true,
  ],
  [
    'given up as late, long ago',
    boot(
      { startedAtMs: 10 * minuteMs, closed: { atMs: 15 * minuteMs, reason: 'failed' } },
      'offered',
      'loading',
      'failed',
    ),
    false,
  ],
  ['behind a relay', boot({ address: '10.43.0.11' }, 'offered'), false],
])('%s', (_name, one, isWanted) => {
  expect(addresses([one])).toEqual(isWanted ? ['10.42.0.11'] : []);
});

test('the newest boot of an address has it', () => {
  const other = boot({ mac: 'dc:a6:32:00:00:02' }, 'offered');

  expect(loadingNeighbours([boot({}, 'offered'), other], network, nowMs)).toEqual([
    { device: 'eth0', address: '10.42.0.11', mac: 'dc:a6:32:00:00:02' },
  ]);
});

test('only differences are told', () => {
  const neighbour = (last: number, mac: number) => ({
    device: 'eth0',
    address: parseIpv4(`10.42.0.${last}`),
    mac: parseMac(`dc:a6:32:00:00:0${mac}`),
  });

  expect(
    changeNeighbours(
      [neighbour(1, 1), neighbour(2, 2), neighbour(3, 3)],
      [neighbour(2, 2), neighbour(3, 5), neighbour(4, 4)],
    ),
  ).toEqual({ keep: [neighbour(3, 5), neighbour(4, 4)], letGo: [neighbour(1, 1)] });
});
