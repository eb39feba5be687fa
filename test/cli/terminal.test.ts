/** What is drawn on a terminal, and what a terminal is. */
import { expect, test } from 'vitest';

import { openScreen } from '../../src/cli/screen.ts';
import { describeTerminal } from '../../src/cli/terminal.ts';

test.each([
  [{ LANG: 'de_DE.UTF-8' }, true],
  [{ LANG: 'C.utf8' }, true],
  [{ LANG: 'C' }, false],
  [{}, false],
  [{ LC_ALL: 'C', LANG: 'de_DE.UTF-8' }, false],
  [{ LC_ALL: '', LC_CTYPE: 'C.UTF-8', LANG: 'C' }, true],
])('with %o it has UTF-8: %s', (env, isUtf8) => {
  expect(describeTerminal({}, env).isUtf8).toBe(isUtf8);
});

test.each([
  ['a terminal', { isTTY: true, columns: 132, rows: 50 }, {}, { isScreen: true, columns: 132, rows: 50 }],
  ['a terminal that cannot move its cursor', { isTTY: true }, { TERM: 'dumb' }, { isScreen: false, columns: 80 }],
  ['a pipe', {}, {}, { isScreen: false, columns: 80, rows: 24 }],
  ['a pipe of a shell that says how wide it is', {}, { COLUMNS: '200' }, { isScreen: false, columns: 200 }],
  ['a pipe of a shell that says nonsense', {}, { COLUMNS: '-3' }, { columns: 80 }],
])('%s', (_name, stream, env, expected) => {
  expect(describeTerminal(stream, env)).toMatchObject(expected);
});

/** Follows the few sequences that a screen writes, as a terminal would. */
function fakeTerminal(columns: number, rows: number) {
  const own = ['what was there before'];
  let lines: string[] = [];
  let row = 0;
  let isSecond = false;
  const write = (text: string) => {
    // oxlint-disable-next-line no-control-regex -- they are what a terminal reads
    for (const token of text.match(/\u001B\[[?\d]*[A-Za-z]|\r\n|\n|[^\u001B\r\n]+/g) ?? []) {
      if (token === '\u001B[?1049h') isSecond = true;
      else if (token === '\u001B[?1049l') isSecond = false;
      else if (token === '\u001B[H') row = 0;
      else if (token === '\u001B[J') lines = lines.slice(0, row);
      else if (token === '\r\n') row += 1;
      else if (token.startsWith('\u001B')) continue;
      else if (token === '\n') continue;
      else if (isSecond) lines[row] = token;
      else own.push(token);
    }
  };
  return { write, size: () => ({ columns, rows }), shown: () => lines, left: () => own };
}

test('a picture replaces the one before, and the last one stays below what was there', () => {
  const terminal = fakeTerminal(80, 24);
  const screen = openScreen(terminal);
  screen.draw('a\nb\nc\n');
  expect(terminal.shown()).toEqual(['a', 'b', 'c']);

  screen.draw('d\n');
  expect(terminal.shown()).toEqual(['d']);

  screen.close();
  expect(terminal.left()).toEqual(['what was there before', 'd']);
});

test('a picture that is too large is cut, and says so', () => {
  const terminal = fakeTerminal(10, 5);

  openScreen(terminal).draw(`${'x'.repeat(30)}\n2\n3\n4\n5\n6\n`);

  expect(terminal.shown()).toEqual(['xxxxxxxxxx', '2', '3', '(3 more li']);
});
