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

test.each([
  ['no look yet', {}, undefined],
  ['nothing', { checked: '60', drifted: '0', drift: '' }, { checkedAtSeconds: 60, count: 0, files: [] }],
  [
    'two files of three',
    { checked: '60', drifted: '3', drift: 'changed:etc/hosts missing:etc/a:b', overlay: 'a'.repeat(64) },
    {
      checkedAtSeconds: 60,
      overlayDigest: 'a'.repeat(64),
      count: 3,
      files: [
        { what: 'changed', path: 'etc/hosts' },
        { what: 'missing', path: 'etc/a:b' },
      ],
    },
  ],
  [
    'what is no path or no word of ours',
    { checked: '60', drifted: '0', drift: 'changed:../x\u001b[31m eaten:etc/x attributes:etc/y changed', overlay: 'x' },
    { checkedAtSeconds: 60, overlayDigest: undefined, count: 1, files: [{ what: 'attributes', path: 'etc/y' }] },
  ],
])('of files that differ: %s', (_, fields, drift) => {
  expect(readHeartbeat({ ...alive, ...fields })).toMatchObject({ report: { heartbeat: { drift } } });
});
