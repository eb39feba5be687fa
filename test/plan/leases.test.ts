/** Addresses for boards that are no nodes: stable, free, used again in a fair order, and a clear word when there are none. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { ipv4FromNumber, isInRange, parseIpv4, parseIpv4Range, type Ipv4Address } from '../../src/model/ipv4.ts';
import { parseMac, type MacAddress } from '../../src/model/mac.ts';
import { Leases } from '../../src/plan/leases.ts';

const me = parseMac('02:00:00:00:00:01');
const mac = (last: number) => parseMac(`02:00:00:00:01:${last.toString(16).padStart(2, '0')}`);
const pool = parseIpv4Range('10.42.0.200-10.42.0.203');
const address = (last: number) => parseIpv4(`10.42.0.${last}`);
const isFree = () => true;
const nowMs = 1_000_000;
const later = nowMs + 60_000;

const board = (of: MacAddress, last: number, leaseUntilMs?: number) => ({
  mac: of,
  address: address(last),
  firstSeenMs: 0,
  lastSeenMs: nowMs - 1,
  ...(leaseUntilMs !== undefined && { leaseUntilMs }),
});

const choose = (leases: Leases, of = me, more: object = {}, atMs = nowMs) => {
  const found = leases.choose({ mac: of, pool, isFree, ...more }, atMs);
  return found.kind === 'full' ? 'full' : `${found.address}${found.isPromised ? ' again' : ''}`;
};

describe('a board gets', () => {
  test.each<[string, Leases, object, string]>([
    ['the lowest address', new Leases(), {}, '10.42.0.200'],
    ['the lowest that no other board has', new Leases([board(mac(2), 200, later)]), {}, '10.42.0.201'],
    ['the one that it has', new Leases([board(me, 203, later)]), {}, '10.42.0.203 again'],
    ['the one that it had', new Leases([board(me, 203, nowMs)]), {}, '10.42.0.203'],
    ['the one that an older version wrote down', new Leases([board(me, 203)]), {}, '10.42.0.203'],
    ['another one when its own is no longer in the pool', new Leases([board(me, 150, later)]), {}, '10.42.0.200'],
    [
      'another one when a node has got its own',
      new Leases([board(me, 200, later)]),
      { isFree: (at: Ipv4Address) => at !== '10.42.0.200' },
      '10.42.0.201',
    ],
    ['the one that it asks for', new Leases(), { requested: address(202) }, '10.42.0.202'],
    [
      'its own and not the one that it asks for',
      new Leases([board(me, 200, later)]),
      { requested: address(202) },
      '10.42.0.200 again',
    ],
    ['none that it asks for outside of the pool', new Leases(), { requested: address(99) }, '10.42.0.200'],
    [
      'none that it asks for and another board had',
      new Leases([board(mac(2), 202, nowMs)]),
      { requested: address(202) },
      '10.42.0.200',
    ],
  ])('%s', (_name, leases, more, expected) => {
    expect(choose(leases, me, more)).toBe(expected);
  });

  test('another one while its own is declined', () => {
    const leases = new Leases([board(me, 200, later)]);

    leases.decline(address(200), nowMs + 1000);

    expect(choose(leases)).toBe('10.42.0.201');
    expect(choose(leases, mac(2), { requested: address(200) }, nowMs + 999)).toBe('10.42.0.201');
    expect(choose(leases, mac(2), { requested: address(200) }, nowMs + 1000)).toBe('10.42.0.200');
  });
});

describe('a pool in which all addresses are taken', () => {
  const full = () => {
    const leases = new Leases([board(mac(1), 200, later), board(mac(2), 201, nowMs + 1000)]);
    leases.give(mac(3), address(202), { untilMs: nowMs + 3000, isTaken: false });
    leases.give(mac(4), address(203), { untilMs: nowMs + 2000, isTaken: true });
    return leases;
  };

  test('gives nothing before a lease or an offer has ended', () => {
    expect(choose(full())).toBe('full');
  });

  test('gives the lease that ended first, then later ones, then offers that nobody took', () => {
    const leases = full();
    const at = (atMs: number, of: number) => {
      const found = choose(leases, mac(of), {}, atMs);
      if (found !== 'full') leases.give(mac(of), parseIpv4(found), { untilMs: later + 60_000, isTaken: true });
      return found;
    };

    expect(at(nowMs + 999, 11)).toBe('full');
    expect(at(nowMs + 5000, 11)).toBe('10.42.0.201');
    expect(at(nowMs + 5000, 12)).toBe('10.42.0.203');
    expect(at(nowMs + 5000, 13)).toBe('10.42.0.202');
    expect(at(nowMs + 5000, 14)).toBe('full');
    expect(at(later, 14)).toBe('10.42.0.200');
    expect(leases.of(mac(2))).toBeUndefined();
    expect(leases.holderOf(address(201))?.mac).toBe(mac(11));
  });

  test('gives what was given back', () => {
    const leases = full();

    leases.release(mac(1));

    expect(choose(leases)).toBe('10.42.0.200');
    expect(choose(leases, mac(1))).toBe('10.42.0.200');
  });

  test('finds an address that became free, a second after it looked in vain', () => {
    const leases = full();
    expect(choose(leases)).toBe('full');

    leases.forget(mac(1));

    expect(choose(leases, me, {}, nowMs + 1000)).toBe('10.42.0.200');
  });
});

test('what is on the disk does not shorten what was told since', () => {
  const leases = new Leases();
  leases.give(me, address(200), { untilMs: nowMs + 5000, isTaken: true });

  leases.learn(board(me, 200, nowMs + 9000));

  expect(leases.of(me)).toMatchObject({ untilMs: nowMs + 5000, recordedUntilMs: nowMs + 9000 });
});

test('boards that come in any order, again and again, never share an address', () => {
  const range = parseIpv4Range('10.42.0.5-10.42.0.24');
  const event = fc.record({
    who: fc.nat(30),
    act: fc.constantFrom('ask', 'take', 'release', 'forget', 'decline'),
    afterMs: fc.nat(4000),
  });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 200 }), (events) => {
      const leases = new Leases();
      const promised = new Map<Ipv4Address, { readonly by: MacAddress; readonly untilMs: number }>();
      let atMs = nowMs;
      for (const { who, act, afterMs } of events) {
        atMs += afterMs;
        const by = mac(who);
        const own = leases.of(by)?.address;
        if (act === 'release' || act === 'forget') {
          if (own !== undefined) promised.delete(own);
          leases[act](by);
        } else if (act === 'decline') {
          if (own === undefined) continue;
          promised.delete(own);
          leases.decline(own, atMs + 5000);
        } else {
          const found = leases.choose({ mac: by, pool: range, isFree }, atMs);
          if (found.kind === 'full') continue;
          expect(isInRange(found.address, range)).toBe(true);
          expect(leases.isDeclined(found.address, atMs)).toBe(false);
          const other = promised.get(found.address);
          if (other !== undefined && other.by !== by) expect(other.untilMs).toBeLessThanOrEqual(atMs);
          const untilMs = atMs + (act === 'take' ? 20_000 : 3000);
          leases.give(by, found.address, { untilMs, isTaken: act === 'take' });
          promised.set(found.address, { by, untilMs });
        }
      }
      expect(leases.size).toBeLessThanOrEqual(20);
    }),
  );
});

test('sixty thousand boards get an address each in well under a second, and so do those that come when all is full', () => {
  const leases = new Leases();
  const wide = parseIpv4Range('10.77.0.2-10.77.255.254');
  const started = performance.now();
  for (let at = 0; at < 60_000; at++) {
    const of = parseMac(`02:00:${hex(at >> 24)}:${hex((at >> 16) & 255)}:${hex((at >> 8) & 255)}:${hex(at & 255)}`);
    const found = leases.choose({ mac: of, pool: wide, isFree }, nowMs);
    if (found.kind === 'full') throw new Error('full');
    leases.give(of, found.address, { untilMs: later, isTaken: true });
  }
  for (let at = 0; at < 10_000; at++)
    leases.choose({ mac: me, pool: parseIpv4Range('10.77.0.2-10.77.200.1'), isFree }, nowMs);

  expect(leases.holderOf(ipv4FromNumber(0x0a4d0002))).toBeDefined();
  expect(performance.now() - started).toBeLessThan(3000);
});

test('the next addresses can be known ahead', () => {
  const leases = new Leases([board(mac(1), 201, later)]);

  expect(leases.upcoming({ pool, isFree }, 8, nowMs)).toEqual(['10.42.0.200', '10.42.0.202', '10.42.0.203']);
  expect(leases.upcoming({ pool, isFree }, 1, nowMs)).toEqual(['10.42.0.200']);
});

function hex(value: number): string {
  return value.toString(16).padStart(2, '0');
}
