/** Which node is it: every way in which MAC and serial can agree, be missing, or contradict. */
import { expect, test } from 'vitest';

import { parseMac } from '../../src/model/mac.ts';
import { NodeList } from '../../src/model/node.ts';
import { parseSerial } from '../../src/model/serial.ts';
import { identify } from '../../src/plan/identify.ts';

const nodes = NodeList.parse([
  { name: 'both', serial: '00000001', mac: 'dc:a6:32:00:00:01', board: 'pi4', address: '10.42.0.1', role: 'compute' },
  { name: 'serial-only', serial: '00000002', board: 'pi4', address: '10.42.0.2', role: 'compute' },
  { name: 'mac-only', mac: 'dc:a6:32:00:00:03', board: 'pi4', address: '10.42.0.3', role: 'compute' },
  { name: 'old', serial: 'd464247d', board: 'pi3', address: '10.42.0.4', role: 'compute' },
]);

test.each([
  ['its MAC and serial', 'dc:a6:32:00:00:01', '00000001', 'both'],
  ['its MAC alone', 'dc:a6:32:00:00:01', undefined, 'both'],
  ['its MAC, where no serial is known', 'dc:a6:32:00:00:03', '00000099', 'mac-only'],
  ['its serial alone', 'dc:a6:32:00:00:02', '00000002', 'serial-only (learns the MAC)'],
  ['the MAC that a Pi 3 has from its serial', 'b8:27:eb:64:24:7d', undefined, 'old (learns the MAC)'],
  ['the serial that such a Pi 3 says later', 'b8:27:eb:64:24:7d', 'd464247d', 'old (learns the MAC)'],
  ['neither', 'dc:a6:32:00:00:99', '00000099', 'unknown'],
  ['nothing but an unknown MAC', 'dc:a6:32:00:00:99', undefined, 'unknown'],
  ['a Pi 3 MAC with another serial', 'b8:27:eb:64:24:7d', '0064247d', 'unknown'],
])('a board is found by %s', (_name, mac, serial, expected) => {
  const found = identify({ mac: parseMac(mac), serial: serial === undefined ? undefined : parseSerial(serial) }, nodes);

  const words = found.kind === 'node' ? `${found.node.name}${found.learnsMac ? ' (learns the MAC)' : ''}` : found.kind;
  expect(words).toBe(expected);
});

test.each([
  [
    'MAC and serial of two nodes',
    'dc:a6:32:00:00:01',
    '00000002',
    ['both', 'serial-only'],
    'the board with MAC dc:a6:32:00:00:01 and serial 00000002 is both by its MAC and serial-only by its serial; correct one of the two in nodes.yaml',
  ],
  [
    'the MAC of a node with another serial',
    'dc:a6:32:00:00:01',
    '00000099',
    ['both'],
    'two boards have the MAC dc:a6:32:00:00:01 of both: one with serial 00000099, while nodes.yaml gives both the serial 00000001; give one board another MAC, or correct the serial in nodes.yaml',
  ],
  [
    'the serial of a node with another MAC',
    'dc:a6:32:00:00:99',
    '00000001',
    ['both'],
    'the board with serial 00000001 is both, but its MAC is dc:a6:32:00:00:99 and not dc:a6:32:00:00:01; if that is right, write "mac: dc:a6:32:00:00:99" for both in nodes.yaml',
  ],
])('%s is a conflict that names the nodes', (_name, mac, serial, names, reason) => {
  const found = identify({ mac: parseMac(mac), serial: parseSerial(serial) }, nodes);

  const [cause = '', cure = ''] = reason.split('; ');
  expect(found).toEqual({ kind: 'conflict', nodes: names, reason, cause, cure });
});
