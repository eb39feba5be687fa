/** pi-image rack storm: what it refuses before it starts anything, and how it tells what happened. */
import { describe, expect, test } from 'vitest';

import { renderStormEvent, renderStormResult } from '../../src/cli/rack-storm-text.ts';
import { noFlood } from '../../src/rack/storm/flood.ts';
import type { StormResult } from '../../src/rack/storm/inside.ts';
import type { StormSpec } from '../../src/rack/storm/spec.ts';
import { runHere } from '../support/command-line.ts';

describe('flags', () => {
  test.each([
    [['--boards', '0'], 'from 1 to 3500'],
    [['--boards', '4000'], 'from 1 to 3500'],
    [['--loss', '51'], 'from 0 to 50'],
    [['--loss', '-1'], 'from 0 to 50'],
    [['--delay', '5'], 'with its unit'],
    [['--kernel', '9'], 'with its unit'],
    [['--kernel', '9000M'], 'with its unit'],
    [['--flood', 'discover'], 'KIND=RATE'],
    [['--flood', 'everything=3'], 'KIND=RATE'],
    [['--board', 'pi9'], '"pi9" is no kind of board'],
    [['--boot-order', '0xf1'], 'is not a BOOT_ORDER'],
    [['--image', '../x'], '"../x" is not an image'],
  ])('%s is refused', async (flags, message) => {
    const { code, err } = await runHere(['rack', 'storm', ...flags]);
    expect(code).toBe(2);
    expect(err).toContain(message);
  });
});

const spec: StormSpec = {
  boards: 3,
  mix: 'pi4,pi5',
  image: undefined,
  kernelBytes: 9e6,
  initramfsBytes: 3e6,
  faults: { lossPercent: 1, delayMs: 0, duplicatePercent: 0.5, reorderPercent: 0 },
  diePercent: 0,
  seed: 7,
  powerOnOverMs: 0,
  repeatMs: 0,
  bootOrder: '0xf2',
  isStrict: true,
  flood: { ...noFlood, discover: 2000 },
  deadlineMs: 60_000,
  imagesDir: '/images',
  dir: undefined,
};

const times = { boards: 3, p50Ms: 1500, p90Ms: 15_000, p99Ms: 15_000, maxMs: 15_000 };
const result: StormResult = {
  boards: 3,
  complete: 2,
  boots: 2,
  seconds: 60,
  phases: { offer: times, 'first file': times, kernel: { ...times, boards: 2 }, complete: undefined },
  kinds: [
    { kind: 'pi4', boards: 2, complete: 2, p50Ms: 1500 },
    { kind: 'pi5', boards: 1, complete: 0, p50Ms: undefined },
  ],
  restarts: [
    {
      reason: 'start4.elf was not complete 30 s after its request',
      boards: 2,
      times: 5,
      why: 'the limit for one file',
    },
  ],
  waits: [{ reason: 'held back', boards: 2, times: 2, why: undefined }],
  errors: [],
  unfinished: ['node0002'],
  blocks: 20_000,
  bytes: 30_000_000,
  generatorCpuSeconds: 0.1,
  floodFrames: 120_000,
  server: { cpuSeconds: 0.3, peakRssBytes: 150_000_000, ends: 1 },
};

test('the outcome as tables', () => {
  expect(renderStormResult(spec, result)).toBe(
    [
      '2 of 3 boards complete after 60.0 s (loss 1 %, duplicates 0.5 %, strict, discover 2000/s, seed 7)',
      '',
      'PHASE       BOARDS  P50     P90     P99     MAX',
      'offer       3       1.50 s  15.0 s  15.0 s  15.0 s',
      'first file  3       1.50 s  15.0 s  15.0 s  15.0 s',
      'kernel      2       1.50 s  15.0 s  15.0 s  15.0 s',
      'complete    0       -       -       -       -',
      '',
      'BOARD  BOARDS  COMPLETE  MEDIAN',
      'pi4    2       2         1.50 s',
      'pi5    1       0         -',
      '',
      'waits:',
      '  2 boards: held back',
      '',
      'restarts:',
      '  5 at 2 boards: start4.elf was not complete 30 s after its request',
      '    the limit for one file',
      '',
      'errors:',
      '  the service ended and was started again 1 time',
      '',
      'loaded: 30 MB in 20000 blocks, 0.5 MB/s',
      'service: 0.3 s of processor time (10.0 s per GB), at most 150 MB of memory',
      'boards: 0.1 s of processor time, 5.0 us per block',
      'flood: 120000 frames',
      '',
    ].join('\n'),
  );
});

test('a line while it lasts', () => {
  const progress = { seconds: 12.3, offers: 3, complete: 1, boots: 4, restarts: 2, bytes: 5e6, rssBytes: 1e8 };
  expect(renderStormEvent({ event: 'progress', ...progress }, 3)).toBe(
    '  12 s  3 of 3 have an address  1 complete (4 boots)  2 restarts  5 MB  service 100 MB\n',
  );
});
