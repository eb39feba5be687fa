/** The table of a rack. */
import { expect, test } from 'vitest';

import { renderRackStatus } from '../../src/cli/rack-status.ts';
import type { BoardStatus } from '../../src/rack/board.ts';

const board: BoardStatus = {
  name: 'head',
  board: 'pi4',
  role: 'controller',
  address: '10.42.0.11',
  mac: 'dc:a6:32:00:ac:01',
  state: 'off',
  sinceMs: 0,
  powerOns: 0,
  firmware: undefined,
  end: undefined,
  cpuSeconds: 12.34,
};

const detail = (change: Partial<BoardStatus>) =>
  renderRackStatus({ service: { state: 'healthy', detail: '' }, boards: [{ ...board, ...change }] })
    .split('\n')[1]
    ?.replace(/^head\s+pi4\s+controller\s+10\.42\.0\.11\s+/, '');

test.each<[string, Partial<BoardStatus>, string]>([
  ['off', {}, 'off    0'],
  ['off for a reason', { end: 'the power was cut' }, 'off    0          the power was cut'],
  ['in the kernel', { state: 'kernel', powerOns: 1 }, 'kernel  1          12.3 s of processor time'],
  [
    'in its firmware',
    { state: 'firmware', powerOns: 1, firmware: { atMs: 0, event: 'discover', attempt: 2 } },
    'firmware  1          asks for an address (DISCOVER 2)',
  ],
  [
    'stuck',
    { state: 'firmware', powerOns: 1, firmware: { atMs: 0, event: 'stuck', reason: 'no kernel' } },
    'firmware  1          stuck: no kernel',
  ],
])('a board that is %s', (_name, change, expected) => expect(detail(change)).toBe(expected));
