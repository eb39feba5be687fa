/** Storms on a wire without sockets and clock: minutes of boards' time in moments. */
import { describe, expect, test } from 'vitest';

import { parseBootOrder } from '../../../src/rack/boot-order.ts';
import { noFaults, type FaultRates } from '../../../src/rack/stack/faults.ts';
import { planStorm, parseMix, defaultMix } from '../../../src/rack/storm/mix.ts';
import type { BoardRecord } from '../../../src/rack/storm/record.ts';
import { stormOutcome, type StormOutcome } from '../../../src/rack/storm/report.ts';
import { Storm, type StormOptions } from '../../../src/rack/storm/storm.ts';
import { StormWire, type WireOptions } from '../../support/storm-wire.ts';

function patterned(sizeBytes: number): Uint8Array {
  return Uint8Array.from({ length: sizeBytes }, (_, at) => (at * 7 + (at >> 9)) & 0xff);
}

const imageFiles = new Map([
  ['bootcode.bin', patterned(5000)],
  ['start.elf', patterned(30_000)],
  ['fixup.dat', patterned(700)],
  ['start4.elf', patterned(30_000)],
  ['fixup4.dat', patterned(700)],
  ['bcm2710-rpi-3-b.dtb', patterned(3000)],
  ['bcm2711-rpi-4-b.dtb', patterned(3000)],
  ['bcm2712-rpi-5-b.dtb', patterned(3000)],
  ['kernel8.img', patterned(90_000)],
  ['initramfs8', patterned(40_960)],
]);
const text = (value: string) => new Uint8Array(Buffer.from(value));
const served = new Map([
  ...imageFiles,
  ['config.txt', text('kernel=kernel8.img\ninitramfs initramfs8 followkernel\n')],
  ['cmdline.txt', text('console=ttyS1,115200 panic=10\n')],
]);

interface Weather extends Partial<Omit<StormOptions, 'nodes' | 'faults'>>, Partial<Omit<WireOptions, 'nodes'>> {
  readonly boards?: number;
  readonly mix?: string;
  readonly faults?: Partial<FaultRates>;
  readonly deadlineMs?: number;
}

function storm(weather: Weather = {}): { outcome: StormOutcome; records: readonly BoardRecord[]; wire: StormWire } {
  const nodes = planStorm(weather.boards ?? 1, parseMix(weather.mix ?? 'pi4'));
  const wire = new StormWire({ files: served, ...weather, nodes });
  const options: StormOptions = {
    contents: { files: imageFiles, kernels: new Set(['kernel8.img']) },
    diePercent: 0,
    powerOnOverMs: 0,
    repeatMs: 0,
    seed: 1,
    bootOrder: parseBootOrder('0xf2'),
    isStrict: false,
    ...weather,
    nodes,
    faults: { ...noFaults, ...weather.faults },
  };
  const all = new Storm(options, wire);
  wire.run(all, weather.deadlineMs ?? 600_000);
  const outcome = stormOutcome(all.records, wire.nowMs / 1000);
  const { waits, restarts, errors } = outcome;
  const unexplained = [...waits, ...restarts, ...errors].filter(({ why }) => why === undefined);
  expect(unexplained).toEqual([]);
  return { outcome, records: all.records, wire };
}

const reasons = ({ restarts }: StormOutcome) => restarts.map(({ reason, boards }) => `${boards}x ${reason}`);

describe('on a good network', () => {
  test('boards of every kind load everything at once, none begins again', () => {
    const { outcome } = storm({ boards: 20, mix: defaultMix });
    expect(outcome).toMatchObject({ boards: 20, complete: 20, restarts: [], waits: [], errors: [], unfinished: [] });
    expect(outcome.kinds.map(({ kind, complete }) => `${kind} ${complete}`)).toEqual([
      'pi3 2',
      'pi4 6',
      'pi4@2019-12-03 2',
      'pi4@2020-04-16 2',
      'pi4@2022-10-18 2',
      'pi5 6',
    ]);
  });

  test('a Pi 3 asks for an address twice, and for bootcode.bin without a prefix', () => {
    const { wire, outcome } = storm({ mix: 'pi3' });
    expect(outcome.complete).toBe(1);
    expect(wire.requests.slice(0, 3)).toEqual(['node0001 bootcode.bin', 'node0001 bootsig.bin', 'node0001 start.elf']);
  });
});

describe('a bad network', () => {
  test.each([
    ['loses', { lossPercent: 2 }],
    ['delays', { delayMs: 5 }],
    ['doubles', { duplicatePercent: 3 }],
    ['mixes up', { reorderPercent: 3 }],
    ['does all of it', { lossPercent: 1, delayMs: 3, duplicatePercent: 1, reorderPercent: 1 }],
  ])('%s frames, and every board completes with the right bytes', (_name, faults) => {
    const { outcome } = storm({ boards: 10, mix: defaultMix, faults });
    expect(outcome).toMatchObject({ complete: 10, errors: [] });
  });

  test('the same seed has the same weather, another seed another', () => {
    const times = (seed: number) =>
      storm({ boards: 5, faults: { lossPercent: 3 }, seed }).records.map(({ completeMs }) => completeMs);
    expect(times(7)).toEqual(times(7));
    expect(times(7)).not.toEqual(times(8));
  });

  test('power that fails in the middle of a file is back 5 s later', () => {
    const { outcome } = storm({ boards: 10, diePercent: 100 });
    expect(reasons(outcome)).toEqual(['10x power cut in the middle of a file']);
    expect(outcome.complete).toBe(10);
    expect(outcome.phases.complete?.p50Ms).toBeGreaterThanOrEqual(5000);
  });
});

test('power comes to one board after the other when it is told to', () => {
  const { outcome, wire } = storm({ boards: 11, powerOnOverMs: 10_000 });
  expect(outcome.complete).toBe(11);
  expect(wire.nowMs).toBeGreaterThanOrEqual(10_000);
  expect(outcome.phases.complete?.maxMs).toBeLessThan(100);
});

test('a board that is complete is switched off and on again when it is told to', () => {
  const { outcome } = storm({ boards: 3, repeatMs: 12_000 });
  expect(outcome).toMatchObject({ boards: 3, complete: 3, boots: 12, restarts: [] });
});

describe('a service that holds boards back', () => {
  test('an EEPROM asks again after 8 and 24 s, and that is told', () => {
    const { outcome } = storm({ boards: 2, admits: (_name, nowMs) => nowMs > 20_000 });
    expect(outcome.waits).toEqual([
      {
        reason: 'DISCOVER reached the service and was not answered: held back',
        boards: 2,
        times: 4,
        why: 'the service lets only as many boards load as finish in time; an EEPROM asks again 8 and 24 s after the first time',
      },
    ]);
    expect(outcome.phases.offer?.p50Ms).toBe(24_000);
    expect(outcome.restarts).toEqual([]);
  });

  test('after 45 s it begins again, as BOOT_ORDER says', () => {
    const { outcome } = storm({ admits: (_name, nowMs) => nowMs > 46_000, bootOrder: parseBootOrder('0xf24') });
    expect(reasons(outcome)).toEqual(['1x no OFFER in 45 s']);
    // 0.2 s of the loader's own, and 20 s for a stick that is not there.
    expect(outcome.phases.offer?.p50Ms).toBe(65_200);
  });

  test('without a restart in BOOT_ORDER that is the end', () => {
    const { outcome } = storm({ admits: () => false, bootOrder: parseBootOrder('0x2') });
    expect(outcome.errors.map(({ reason }) => reason)).toEqual(['no OFFER in 45 s; BOOT_ORDER 0x2 ends there']);
    expect(outcome.unfinished).toEqual(['node0001']);
  });

  test('a Pi 3 is dead after 25 s', () => {
    const { outcome } = storm({ mix: 'pi3', admits: (_name, nowMs) => nowMs > 24_000 });
    expect(outcome.errors.map(({ reason }) => reason)).toEqual(['no OFFER in 25 s: a Pi 3 does not ask again']);
    expect(outcome).toMatchObject({ complete: 0, seconds: expect.closeTo(25, 0) as number });
  });
});

describe('what is wrong is told', () => {
  test('blocks that a server sends again without a reason', () => {
    const { outcome } = storm({ boards: 2, sendsTwice: true });
    expect(outcome.errors.map(({ reason }) => reason)).toEqual(['block sent again although its ACK had left']);
    expect(outcome.complete).toBe(2);
  });

  test('a file that differs in one byte', () => {
    const spoil = (path: string, file: Uint8Array) =>
      path === 'initramfs8' ? file.map((byte, at) => (at === 30_000 ? byte ^ 1 : byte)) : file;
    const { outcome } = storm({ spoil, deadlineMs: 1000 });
    expect(outcome.errors[0]?.reason).toBe('initramfs8 is not the file of the image');
    expect(outcome.complete).toBe(0);
  });

  test('a file that is too short', () => {
    const spoil = (path: string, file: Uint8Array) => (path === 'kernel8.img' ? file.slice(0, -1) : file);
    expect(storm({ spoil, deadlineMs: 1000 }).outcome.errors[0]?.reason).toBe(
      'kernel8.img is not the file of the image',
    );
  });

  test('a file that an EEPROM gives up after 30 s', () => {
    const { outcome } = storm({ mix: 'pi5', faults: { lossPercent: 60 }, deadlineMs: 120_000 });
    expect(outcome.restarts.map(({ reason }) => reason)).toContain(
      'initramfs8 was not complete 30 s after its request',
    );
  });

  test('start4.elf gives up no file whose data flows, but with --strict', () => {
    const faults = { lossPercent: 35 };
    const late = ({ restarts }: StormOutcome) =>
      restarts.some(({ reason }) => reason.startsWith('kernel8.img was not'));
    expect(late(storm({ boards: 5, faults }).outcome)).toBe(false);
    expect(late(storm({ boards: 5, faults, isStrict: true }).outcome)).toBe(true);
  });
});
