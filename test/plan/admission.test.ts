/** Who is let in, who waits, and what becomes of a storm. */
import { describe, expect, test } from 'vitest';

import type { BoardName } from '../../src/model/board.ts';
import { ipv4FromNumber } from '../../src/model/ipv4.ts';
import { parseMac } from '../../src/model/mac.ts';
import { Admission, type AdmissionDecision } from '../../src/plan/admission.ts';
import { weather, type Storm } from '../support/storm-model.ts';

const board = (index: number, name: BoardName | undefined = 'pi4') => ({
  mac: parseMac(`dc:a6:32:00:00:${index.toString(16).padStart(2, '0')}`),
  address: ipv4FromNumber(0x0a2a0000 + index),
  board: name,
});

/** 20 MB a second: 20 boards in 20 s, 27 in 27 s. One board has loaded already. */
function newAdmission(bytesPerSecond = 20_000_000): Admission {
  const admission = new Admission(bytesPerSecond);
  const first = board(255).address;
  admission.began(first, 0);
  admission.ended(first, 20_000_000, 0);
  return admission;
}

function admit(admission: Admission, count: number, nowMs = 0, from = 0): AdmissionDecision['kind'][] {
  return Array.from({ length: count }, (_none, index) => admission.decide(board(from + index), nowMs).kind);
}

test('nobody waits before a board has asked for a file: many may only ask for an address', () => {
  const admission = new Admission(20_000_000);
  const decisions = Array.from({ length: 200 }, (_none, index) => admission.decide(board(index), index).kind);
  expect(new Set(decisions)).toEqual(new Set(['now']));
  admission.asked(board(220).address, 300);
  expect(admission.decide(board(201), 400).kind).toBe('now');
  admission.asked(board(0).address, 500);
  expect(admission.decide(board(202), 500).kind).toBe('later');
});

test('a crowd after a power cut has had no time to ask, and is not let in as a whole', () => {
  const decisions = admit(new Admission(20_000_000), 200);
  expect(decisions.slice(0, 64)).toEqual(Array.from({ length: 64 }, () => 'now'));
  expect(new Set(decisions.slice(64))).toEqual(new Set(['later']));
});

describe('a place', () => {
  test('is there for as many as load in 20 s at the measured rate', () => {
    const decisions = admit(newAdmission(), 25);
    expect(decisions.slice(0, 20)).toEqual(Array.from({ length: 20 }, () => 'now'));
    expect(decisions.slice(20)).toEqual(Array.from({ length: 5 }, () => 'later'));
  });

  test('goes to whoever asks among the first that wait, not to those far behind them', () => {
    const admission = newAdmission();
    admit(admission, 45);
    admission.began(board(0).address, 1000);
    admission.ended(board(0).address, 20_000_000, 2000);

    expect(admission.decide(board(60), 3000).kind).toBe('later');
    expect(admission.decide(board(44), 3000).kind).toBe('later');
    expect(admission.decide(board(21), 8000)).toEqual({ kind: 'now', waitedMs: 8000 });
    expect(admission.decide(board(20), 8000).kind).toBe('later');
    expect(admission.decide(board(20), 24_000)).toEqual({ kind: 'now', waitedMs: 24_000 });
  });

  test('is not kept for a board that is gone', () => {
    const admission = newAdmission();
    admit(admission, 21);
    expect(admission.state(59_999).waiting).toBe(1);
    expect(admission.state(60_000).waiting).toBe(0);
  });

  test.each([
    ['when it never asked for a file', 0, 15_000],
    ['when it asked for no more', 1000, 11_000],
  ])('is free again %s', (_name, fileMs, freeMs) => {
    const admission = newAdmission();
    admission.decide(board(0), 0);
    if (fileMs > 0) {
      admission.began(board(0).address, fileMs);
      admission.ended(board(0).address, 100, fileMs);
    }
    expect(admission.state(freeMs - 1).loading).toBe(1);
    expect(admission.state(freeMs).loading).toBe(0);
  });

  test('is held while a file is sent, but not for ever', () => {
    const admission = newAdmission();
    admission.decide(board(0), 0);
    admission.began(board(0).address, 1000);
    expect(admission.state(119_999).loading).toBe(1);
    expect(admission.state(120_000).loading).toBe(0);
  });

  test('is taken by boards too that DHCP was not asked about', () => {
    const admission = newAdmission();
    for (let index = 100; index < 120; index++) admission.began(board(index).address, 0);
    expect(admission.decide(board(0), 0).kind).toBe('later');
  });

  test('counts by what a boot loads', () => {
    const admission = newAdmission();
    const small = Array.from({ length: 45 }, (_none, index) =>
      admission.decide({ ...board(index), bytes: 10_000_000 }, 0),
    );
    expect(small.filter(({ kind }) => kind === 'now')).toHaveLength(40);
  });
});

describe('nobody holds back', () => {
  test.each(['pi3', 'uefi', undefined] as const)('%s', (name) => {
    const admission = newAdmission();
    admit(admission, 25);
    expect(admission.decide({ ...board(40), board: name }, 0)).toEqual({ kind: 'now', waitedMs: 0 });
  });

  test('a board whose boot is under way', () => {
    const admission = newAdmission();
    admit(admission, 25);
    expect(admission.decide(board(3), 500).kind).toBe('now');
  });

  test('but one that had begun to load starts over, and waits like any other', () => {
    const admission = newAdmission();
    admit(admission, 20);
    for (let count = 0; count < 20; count++) {
      admission.measured({
        transfers: 20,
        bytes: 5_000_000,
        overMs: 1000,
        bytesLeft: 100_000_000,
        boardBytesPerSecond: 250_000,
        busyShare: 1,
      });
    }
    admission.began(board(3).address, 1000);

    expect(admission.decide(board(4), 2000).kind).toBe('now');
    expect(admission.decide(board(3), 2000).kind).toBe('later');
  });

  test('a board that would soon give up, where it can still load in time', () => {
    const admission = newAdmission();
    admit(admission, 22);
    for (let index = 0; index < 20; index++) admission.began(board(index).address, 1000);
    expect(admission.decide(board(20), 8000).kind).toBe('later');
    expect(admission.decide(board(20), 24_000)).toEqual({ kind: 'now', waitedMs: 24_000 });
  });

  test('the first four, however slow everything is', () => {
    expect(admit(newAdmission(1), 5)).toEqual(['now', 'now', 'now', 'now', 'later']);
  });

  test('a board for longer than ten minutes', () => {
    const admission = new Admission(1);
    for (let atMs = 0; atMs <= 600_000; atMs += 20_000) {
      for (let index = 0; index < 10; index++) admission.began(ipv4FromNumber(0x0b000000 + atMs + index), atMs);
      expect(admission.decide(board(0), atMs).kind).toBe(atMs === 600_000 ? 'now' : 'later');
    }
  });
});

describe('the rate', () => {
  const load = (transfers: number, bytesPerSecond: number) => ({
    transfers,
    bytes: bytesPerSecond,
    overMs: 1000,
    bytesLeft: transfers * 5_000_000,
    boardBytesPerSecond: bytesPerSecond / transfers,
    busyShare: 0.5,
  });

  test('follows what was measured while boards share it', () => {
    const admission = newAdmission();
    for (let count = 0; count < 20; count++) admission.measured(load(40, 10_000_000));
    expect(admission.state(0).bytesPerSecond).toBeCloseTo(10_000_000, -6);
  });

  test('is not taken for slow because boards are', () => {
    const admission = newAdmission();
    for (let count = 0; count < 20; count++) admission.measured(load(4, 6_000_000));
    expect(admission.state(0).bytesPerSecond).toBe(20_000_000);
  });

  test('is not judged by small files, by an instant, or by nothing', () => {
    const admission = newAdmission();
    admission.measured({ ...load(40, 1000), bytesLeft: 40_000 });
    admission.measured({ ...load(40, 1000), overMs: 100 });
    admission.measured({ transfers: 0, bytes: 0, overMs: 1000, bytesLeft: 0, boardBytesPerSecond: 0, busyShare: 0 });
    // Each lost block is a wait: less comes over, and the rate is what it was.
    admission.measured({ ...load(40, 3_000_000), boardBytesPerSecond: 5_000_000 });
    expect(admission.state(0).bytesPerSecond).toBe(20_000_000);
  });

  test.each([
    ['the server has time', 0.5, 20_000_000],
    ['the server has none', 0.9, 3_000_000],
  ])('where boards wait for lost packets and round trips are long, while %s', (_name, busyShare, expected) => {
    const admission = newAdmission();
    const lossy = { ...load(40, 3_000_000), boardBytesPerSecond: 500_000, busyShare };
    for (let count = 0; count < 30; count++) admission.measured(lossy);
    expect(admission.state(0).bytesPerSecond).toBeCloseTo(expected, -4);
  });

  test('that was low is not low for ever', () => {
    const admission = newAdmission();
    for (let count = 0; count < 30; count++) admission.measured(load(40, 5_000_000));
    expect(admission.state(0).bytesPerSecond).toBeLessThan(5_100_000);
    for (let count = 0; count < 100; count++) admission.measured({ ...load(4, 1_000_000), boardBytesPerSecond: 2e6 });
    expect(admission.state(0).bytesPerSecond).toBe(20_000_000);
  });

  test('rises with what is seen', () => {
    const admission = newAdmission();
    for (let count = 0; count < 20; count++) admission.measured(load(40, 110_000_000));
    expect(admission.state(0).bytesPerSecond).toBeCloseTo(110_000_000, -6);
  });
});

test('a flood of boards that never were holds no more memory than a large cluster', () => {
  const admission = newAdmission();
  for (let index = 0; index < 50_000; index++) {
    const mac = parseMac(
      `02:00:00:00:${(index >> 8).toString(16).padStart(2, '0')}:${(index & 255).toString(16).padStart(2, '0')}`,
    );
    admission.decide({ mac, address: ipv4FromNumber(0x0b000000 + index), board: 'pi4' }, 0);
    admission.began(ipv4FromNumber(0x0c000000 + index), 0);
  }
  const { loading, waiting } = admission.state(0);
  expect(loading).toBeLessThanOrEqual(4096);
  expect(waiting).toBeLessThanOrEqual(4096);
});

describe('a storm', () => {
  const usual: Storm = {
    boards: 256,
    board: () => 'pi4',
    serverBytesPerSecond: 100_000_000,
    boardBytesPerSecond: 5_000_000,
    waitingShare: 0,
    files: [1_000_000, 8_000_000, 16_000_000],
    admission: undefined,
  };
  const seconds = (storm: Storm): number =>
    (storm.boards * storm.files.reduce((sum, size) => sum + size, 0)) / storm.serverBytesPerSecond;

  test('without admission starts over and over: every file takes longer than the loader waits', () => {
    expect(weather(usual, 120)).toMatchObject({ booted: 0 });
  });

  test.each([
    ['256 boards', usual],
    ['1000 boards', { ...usual, boards: 1000 }],
    ['a Pi 3 among four', { ...usual, board: (index: number): BoardName => (index % 4 === 0 ? 'pi3' : 'pi4') }],
    ['a server that is faster than was thought', { ...usual, serverBytesPerSecond: 250_000_000 }],
  ])('of %s loads every file once', (_name, storm) => {
    const end = weather({ ...storm, admission: new Admission() });
    expect(end).toMatchObject({ booted: storm.boards, givenUp: 0, dead: 0 });
    expect(end.seconds).toBeLessThan(2 * seconds(storm) + 60);
  });

  test('of boards that wait for lost packets most of their time has more of them at once', () => {
    const lossy = { ...usual, boards: 1000, files: [1_000_000, 4_000_000, 4_000_000], waitingShare: 0.97 };
    const end = weather({ ...lossy, admission: new Admission() });
    expect(end).toMatchObject({ booted: 1000, givenUp: 0, dead: 0 });
    // One board alone takes a minute; those for which there is a place on a good network would take four and a half.
    expect(end.seconds).toBeLessThan(220);
  });

  test('behind a slow network learns how slow it is, and ends', () => {
    const storm = { ...usual, boards: 100, serverBytesPerSecond: 11_000_000, admission: new Admission() };
    const end = weather(storm);
    expect(end).toMatchObject({ booted: 100, dead: 0 });
    expect(end.givenUp).toBeLessThanOrEqual(150);
    expect(end.seconds).toBeLessThan(2 * seconds(storm));
  });
});
