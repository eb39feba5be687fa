/** What a node says of itself is shown in terminals: nothing in it may steer one. */
import { expect, test } from 'vitest';

import { readHeartbeat } from '../../src/serve/node-reports.ts';

const alive = { phase: 'failed', uptime: '1', load: '0' };

test.each([
  ['a coloured text', '\u001b[31mred', '[31mred'],
  ['the one-byte form of that', '\u009b31mred', '31mred'],
  ['a line that is written over', 'one\rtwo', 'onetwo'],
  ['nothing else', '\u0000\u0007', undefined],
  ['two lines and a tab', 'one\n\ttwo', 'one\n\ttwo'],
  ['letters of other languages', 'Gerät läuft', 'Gerät läuft'],
])('of a detail with %s', (_, detail, shown) => {
  const read = readHeartbeat({ ...alive, detail });

  expect(read).toMatchObject({ kind: 'report', report: { heartbeat: { detail: shown } } });
});
