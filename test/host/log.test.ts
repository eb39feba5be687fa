import { Writable } from 'node:stream';

import { expect, test } from 'vitest';

import { logTo } from '../../src/host/log.ts';

const at = () => new Date('2026-11-21T12:00:00Z');

test('a line ends where it should, whatever is in it', () => {
  const lines: string[] = [];
  const log = logTo(new Writable({ write: (chunk, _encoding, done) => done(void lines.push(String(chunk))) }), at);

  log.warn('tftp.missing', { path: 'a b\nc', peer: '10.42.0.11:1024', count: 2, names: ['x', 'y'], none: undefined });

  expect(lines).toEqual([
    '2026-11-21T12:00:00.000Z warn tftp.missing path="a b\\nc" peer=10.42.0.11:1024 count=2 names=x,y\n',
  ]);
});

test('no character of it steers the terminal of whoever reads the log', () => {
  const lines: string[] = [];
  const log = logTo(new Writable({ write: (chunk, _encoding, done) => done(void lines.push(String(chunk))) }), at);

  log.warn('tftp.refused', { path: '\u001b[2J\u009b2J\u007f\u0085\u2028\u202egpj\u2066', peer: 'ünïcödé' });

  expect(lines).toEqual([
    String.raw`2026-11-21T12:00:00.000Z warn tftp.refused path="\u001b[2J\u009b2J\u007f\u0085\u2028\u202egpj\u2066" peer="ünïcödé"` +
      '\n',
  ]);
});

test('a reader that stands still costs a megabyte, and hears how much it missed', async () => {
  const lines: string[] = [];
  const going: (() => void)[] = [];
  const log = logTo(
    new Writable({ write: (chunk, _encoding, done) => void (lines.push(String(chunk)), going.push(done)) }),
    at,
  );

  for (let count = 0; count < 20_000; count++) log.info('flood', { text: 'x'.repeat(100) });
  expect(lines).toHaveLength(1);
  for (let done = going.shift(); done !== undefined; done = going.shift()) {
    done();
    await Promise.resolve();
  }
  const kept = lines.length;
  expect(kept).toBeLessThan((1 << 20) / 100);

  log.info('again');
  expect(lines.at(-1)).toContain(`warn log.dropped lines=${20_000 - kept}`);
});
