/** What a person reads of two boots. */
import { expect, test } from 'vitest';

import { newPhases, renderTimeline } from '../../src/cli/demo-timeline.ts';
import type { PublicBoot } from '../../src/model/node-status.ts';

const boot: PublicBoot = {
  id: 'b1',
  node: 'node01',
  mac: 'dc:a6:32:00:ac:02',
  address: '10.42.0.12',
  generation: '0'.repeat(64),
  startedAtMs: 10_500,
  tokenExpiresAtMs: 600_000,
  lastSeenMs: 20_000,
  files: 9,
  bytes: 21_400_000,
  phases: [
    { phase: 'offered', atMs: 10_500 },
    { phase: 'root', atMs: 16_250, detail: '/images/debian-lite/1/root' },
  ],
};

test('phases stand behind their seconds after power-on', () => {
  expect(renderTimeline([{ name: 'node01', boots: [boot] }], 10_000)).toBe(
    'node01 (10.42.0.12, 9 files, 21.4 MB over TFTP)\n' +
      '    0.5 s  offered\n' +
      '    6.3 s  root      /images/debian-lite/1/root\n',
  );
});

test('a board that never asked is named', () => {
  expect(renderTimeline([{ name: 'head', boots: [] }], 0)).toBe('head: the service knows of no boot\n');
});

test('only what is new is told', () => {
  expect(newPhases(boot, 1).map(({ phase }) => phase)).toEqual(['root']);
  expect(newPhases(undefined, 0)).toEqual([]);
});
