import { describe, expect, test } from 'vitest';

import type { Boot } from '../../src/model/boot.ts';
import { parseIpv4, type Ipv4Address } from '../../src/model/ipv4.ts';
import { AddressClaims, claimMs, nodeOfPath, type Claim } from '../../src/plan/address-claims.ts';
import { beginBoot, countFile } from '../../src/plan/boot-timeline.ts';
import { sampleNode } from '../support/sample-view.ts';

const t0 = 1_800_000_000_000;
const home = parseIpv4('10.42.0.57');
const thief = parseIpv4('10.42.0.77');

/** What happened, in order: at second, what, where. The last one is the question. */
type Step = readonly [second: number, what: 'discover' | 'request' | 'claim', at?: Ipv4Address];

function play(steps: readonly Step[], more: Partial<Claim> = {}): string {
  const claims = new AddressClaims();
  let last = '';
  for (const [second, what, address = home] of steps) {
    const nowMs = t0 + second * 1000;
    if (what === 'discover') claims.discovered('node01', nowMs);
    if (what === 'request') claims.requested('node01', address, nowMs);
    if (what !== 'claim') continue;
    const asked = {
      node: 'node01',
      address,
      nowMs,
      trust: 'dhcp',
      last: undefined,
      runsHere: undefined,
      ...more,
    } as const;
    const decision = claims.decide(asked);
    last = decision.kind === 'granted' ? 'granted' : `${decision.endsToken ? 'ends ' : ''}${decision.reason}`;
  }
  return last;
}

const begun = (address: Ipv4Address, files: number): Boot => {
  const facts = { id: 'b', node: 'node01', mac: 'm', address, generation: 'g', image: 'i', role: 'r', token: 't' };
  const boot = beginBoot({ ...facts, sign: 'discover', nowMs: t0 });
  return files === 0 ? boot : countFile(boot, 1000, t0 + 1000);
};

const unseen = 'DHCP has seen nothing of the board of node01 in the last 5 minutes';
const both = 'ends 10.42.0.57 and 10.42.0.77 both ask for the files of node01: neither gets its token';
const other = 'the board of node01 took 10.42.0.57 from the other DHCP server, not 10.42.0.77';

test.each<[string, readonly Step[], string]>([
  ['nobody saw its board', [[0, 'claim']], unseen],
  [
    'DHCP saw its board',
    [
      [0, 'discover'],
      [1, 'claim'],
    ],
    'granted',
  ],
  [
    'it asks again and again',
    [
      [0, 'discover'],
      [1, 'claim'],
      [2, 'claim'],
      [200, 'claim'],
    ],
    'granted',
  ],
  [
    'it was seen too long ago',
    [
      [0, 'discover'],
      [claimMs / 1000, 'claim'],
    ],
    unseen,
  ],
  [
    'two addresses',
    [
      [0, 'discover'],
      [1, 'claim', thief],
      [2, 'claim'],
    ],
    both,
  ],
  [
    'two addresses, the other way round',
    [
      [0, 'discover'],
      [1, 'claim'],
      [2, 'claim', thief],
    ],
    both,
  ],
  [
    'one that asked before the board came',
    [
      [0, 'claim', thief],
      [100, 'discover'],
      [101, 'claim'],
    ],
    both,
  ],
  [
    'another DISCOVER settles nothing',
    [
      [0, 'discover'],
      [1, 'claim', thief],
      [8, 'discover'],
      [9, 'claim'],
    ],
    both,
  ],
  [
    'the other one is gone for long',
    [
      [0, 'claim', thief],
      [299, 'discover'],
      [301, 'claim'],
    ],
    'granted',
  ],
  [
    'its REQUEST says where it is',
    [
      [0, 'discover'],
      [0, 'claim', thief],
      [1, 'request'],
      [2, 'claim'],
    ],
    'granted',
  ],
  [
    'its REQUEST says where it is not',
    [
      [0, 'discover'],
      [1, 'request'],
      [2, 'claim', thief],
    ],
    other,
  ],
  [
    'a REQUEST without a DISCOVER',
    [
      [1, 'request'],
      [2, 'claim'],
    ],
    unseen,
  ],
])('%s', (_name, steps, expected) => {
  expect(play(steps)).toBe(expected);
});

describe('after a restart of the service', () => {
  test('a boot that a DISCOVER began goes on', () => {
    expect(play([[2, 'claim']], { last: begun(home, 0) })).toBe('granted');
    expect(play([[2, 'claim', home]], { last: begun(home, 1) })).toBe('granted');
  });

  test('its address is claimed already', () => {
    expect(play([[2, 'claim', thief]], { last: begun(home, 1) })).toBe(both);
  });
});

test('at the address of a node that runs, nobody claims to be another one', () => {
  expect(
    play(
      [
        [0, 'discover'],
        [1, 'claim'],
      ],
      { runsHere: 'node02' },
    ),
  ).toContain('node02 runs at 10.42.0.57');
  expect(
    play(
      [
        [0, 'discover'],
        [1, 'claim'],
      ],
      { runsHere: 'node01' },
    ),
  ).toBe('granted');
});

test('where the owner trusts requests, nobody need be seen, and two addresses are refused all the same', () => {
  expect(play([[0, 'claim']], { trust: 'requests' })).toBe('granted');
  expect(
    play(
      [
        [0, 'claim'],
        [1, 'claim', thief],
      ],
      { trust: 'requests' },
    ),
  ).toBe(both);
});

test.each([
  ['9ffefdef/start4.elf', 'node01'],
  ['9FFEFDEF/overlays/x.dtbo', 'node01'],
  ['2c-cf-67-01-02-03/config.txt', 'node01'],
  ['pxelinux.cfg/01-2c-cf-67-01-02-03', 'node01'],
  ['pxelinux.cfg/01-2c-cf-67-01-02-04', undefined],
  ['start4.elf', undefined],
  ['10000000/start4.elf', undefined],
  ['/9ffefdef/start4.elf', undefined],
  ['', undefined],
])('the path %j names %s', (path, name) => {
  const nodes = [sampleNode('login'), sampleNode('node01')].filter(({ serial }) => serial !== '10000000');
  expect(nodeOfPath(path, nodes)?.name).toBe(name);
});
