/** What a person reads of two boots. */
import { expect, test } from 'vitest';

import { newPhases, renderTimeline } from '../../src/cli/demo-timeline.ts';
import { t0, timelines } from '../support/sample-timelines.ts';

test('boards that were switched on together stand on one scale that begins then', async () => {
  const boards = [
    { name: 'head', boots: [timelines.ready, timelines['loads-nothing']] },
    { name: 'node01', boots: [timelines.waited] },
  ];

  await expect(renderTimeline(boards, t0 - 5000)).toMatchFileSnapshot('../golden/waterfall/two-boards.txt');
});

test('a board that never asked is named', () => {
  expect(renderTimeline([{ name: 'head', boots: [] }], 0)).toBe('head: the service knows of no boot\n');
});

test('only what is new is told', () => {
  expect(newPhases(timelines.waited, 7).map(({ phase }) => phase)).toEqual(['waiting', 'ready']);
  expect(newPhases(undefined, 0)).toEqual([]);
});
