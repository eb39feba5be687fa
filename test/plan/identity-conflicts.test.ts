/** Which boards are not answered because nobody can say which node they are, as nodes.yaml is now. */
import { expect, test } from 'vitest';

import { parseMac } from '../../src/model/mac.ts';
import { NodeList } from '../../src/model/node.ts';
import { parseSerial } from '../../src/model/serial.ts';
import { IdentityConflicts } from '../../src/plan/identity-conflicts.ts';

const node = { name: 'node01', serial: '00000001', mac: 'dc:a6:32:00:00:01', board: 'pi4', role: 'compute' };
const nodes = NodeList.parse([{ ...node, address: '10.42.0.1' }]);
const board = (last: string, serial = '00000001') => {
  return { mac: parseMac(`dc:a6:32:00:01:${last}`), serial: parseSerial(serial) };
};
const hourMs = 3_600_000;

test('it is told until nodes.yaml is corrected, or a day is over', () => {
  const conflicts = new IdentityConflicts();

  conflicts.noted(board('02'), 0);

  expect(conflicts.current(nodes, hourMs)).toMatchObject([
    { nodes: ['node01'], cause: expect.stringContaining('its MAC is dc:a6:32:00:01:02') as string },
  ]);
  const corrected = NodeList.parse([{ ...node, mac: 'dc:a6:32:00:01:02', address: '10.42.0.1' }]);
  expect(conflicts.current(corrected, hourMs)).toEqual([]);
  expect(conflicts.current(nodes, 24 * hourMs)).toEqual([]);
});

test('a board that asks again is one, and of too many the one that was not heard for longest goes', () => {
  const conflicts = new IdentityConflicts();
  const hex = (number: number) => number.toString(16).padStart(2, '0');

  for (let number = 0; number < 64; number++) conflicts.noted(board(hex(number)), number);
  conflicts.noted(board('00'), 64);
  conflicts.noted(board('ff'), 65);

  const told = conflicts.current(nodes, hourMs).map(({ cause }) => /MAC is (\S+)/.exec(cause)?.[1]);
  expect(told).toHaveLength(64);
  expect(told).not.toContain('dc:a6:32:00:01:01');
  expect(told.slice(-2)).toEqual(['dc:a6:32:00:01:00', 'dc:a6:32:00:01:ff']);
});
