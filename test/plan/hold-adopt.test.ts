import { describe, expect, test } from 'vitest';

import { parseIpv4 } from '../../src/model/ipv4.ts';
import { parseMac } from '../../src/model/mac.ts';
import type { UnknownBoard } from '../../src/model/state.ts';
import { planAdoptions, type NamePattern } from '../../src/plan/hold-adopt.ts';

const wanted: NamePattern = {
  names: ['node01', 'node02', 'node03'],
  role: 'compute',
  firstAddress: parseIpv4('10.42.0.254'),
};

function board(last: string, onMs: number, more: Partial<UnknownBoard> = {}): UnknownBoard {
  const address = parseIpv4('10.42.0.200');
  const seen = { firstSeenMs: 1, lastSeenMs: 2, poweredOnMs: onMs };
  return { mac: parseMac(`dc:a6:32:00:00:${last}`), address, board: 'pi4', ...seen, ...more };
}

const shown = (plan: ReturnType<typeof planAdoptions>) =>
  plan.adoptions.map(({ mac, as }) => `${mac.slice(-2)} ${as.name} ${as.address}`);

test('names go in the order of power-on, each with the address of its place', () => {
  const plan = planAdoptions(wanted, [board('0c', 300), board('0a', 100), board('0b', 200)], []);

  expect(shown(plan)).toEqual(['0a node01 10.42.0.254', '0b node02 10.42.0.255', '0c node03 10.42.1.0']);
  expect(plan.left).toEqual([]);
});

test('a name that is given is passed over, with its address', () => {
  const plan = planAdoptions(wanted, [board('0a', 100)], [{ name: 'node01' }]);

  expect(shown(plan)).toEqual(['0a node02 10.42.0.255']);
  expect(plan.left).toEqual(['node03']);
});

test('boards of one millisecond have an order, and a board of an older state its first time', () => {
  const old = { ...board('0c', 0), poweredOnMs: undefined, firstSeenMs: 50 };

  expect(
    shown(planAdoptions(wanted, [board('0b', 100), board('0a', 100), old], [])).map((line) => line.slice(0, 2)),
  ).toEqual(['0c', '0a', '0b']);
});

describe('a board is skipped', () => {
  test('for which no name is left', () => {
    const plan = planAdoptions({ ...wanted, names: ['only'] }, [board('0a', 1), board('0b', 2)], []);

    expect(plan.skipped).toEqual([{ mac: 'dc:a6:32:00:00:0b', reason: 'no name is left for it' }]);
  });

  test('that has not said what it is, unless that is said for it', () => {
    const silent = board('0a', 1, { board: undefined });

    expect(planAdoptions(wanted, [silent], []).skipped[0]?.reason).toContain('--board');
    expect(planAdoptions({ ...wanted, board: 'uefi' }, [silent, board('0b', 2)], []).adoptions).toMatchObject([
      { as: { name: 'node01', board: 'uefi' } },
      { as: { name: 'node02' } },
    ]);
  });
});

test('addresses that end before the names do are refused', () => {
  expect(() => planAdoptions({ ...wanted, firstAddress: parseIpv4('255.255.255.254') }, [], [])).toThrow(
    'there are not 3 addresses from 255.255.255.254 on',
  );
});
