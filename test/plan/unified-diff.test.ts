import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { unifiedDiff } from '../../src/plan/unified-diff.ts';

const lines = (...all: string[]) => all.map((line) => `${line}\n`).join('');
const upTo = (to: number) => lines(...Array.from({ length: to }, (_, index) => String(index + 1)));

test.each([
  ['the same text differs nowhere', upTo(5), upTo(5), ''],
  [
    'one line of many',
    upTo(9),
    upTo(9).replace('5\n', 'five\n'),
    lines('@@ -2,7 +2,7 @@', ' 2', ' 3', ' 4', '-5', '+five', ' 6', ' 7', ' 8'),
  ],
  ['a new file', '', lines('a', 'b'), lines('@@ -0,0 +1,2 @@', '+a', '+b')],
  ['a file that goes', 'a\n', '', lines('@@ -1 +0,0 @@', '-a')],
  ['a newline that goes', 'a\n', 'a', lines('@@ -1 +1 @@', '-a', '+a', '\\ No newline at end of file')],
])('%s', (_name, before, after, expected) => {
  expect(unifiedDiff(before, after)).toBe(expected);
});

test('changes far from each other are shown apart, near ones together', () => {
  const far = upTo(30).replace('3\n', 'x\n').replace('28\n', 'y\n');
  const near = upTo(30).replace('\n12\n', '\nx\n').replace('\n16\n', '\ny\n');

  expect(unifiedDiff(upTo(30), far)?.match(/^@@/gm)).toHaveLength(2);
  expect(unifiedDiff(upTo(30), near)?.match(/^@@/gm)).toHaveLength(1);
});

test('texts without a common line are given up when they are long', () => {
  expect(unifiedDiff(upTo(2000), upTo(2000).replaceAll('\n', 'x\n'))).toBeUndefined();
});

/** As patch(1) reads a diff: from the line that each hunk names on, its lines take the place of the old ones. */
function patched(before: string, diff: string): string {
  const old = before.split(/(?<=\n)/);
  const now: string[] = [];
  let at = 0;
  for (const hunk of diff.split(/^(?=@@)/m)) {
    const [, first = '', count] = /^@@ -(\d+)(?:,(\d+))?/.exec(hunk) ?? [];
    const start = count === '0' ? Number(first) : Number(first) - 1;
    now.push(...old.slice(at, start));
    at = start;
    const text = hunk.replace(/^@@.*\n/, '').replaceAll('\n\\ No newline at end of file\n', '\r');
    for (const line of text.split(/(?<=[\n\r])/)) {
      const content = line.slice(1).replace('\r', '');
      if (line.startsWith('-') || line.startsWith(' ')) expect(old[at++]).toBe(content);
      if (line.startsWith('+') || line.startsWith(' ')) now.push(content);
    }
  }
  return [...now, ...old.slice(at)].join('');
}

test('a patch makes one text of the other', () => {
  const text = fc.array(fc.constantFrom('a', 'b', 'c', ''), { maxLength: 25 }).map((each) => each.join('\n'));

  fc.assert(
    fc.property(text, text, (before, after) => {
      const diff = unifiedDiff(before, after) ?? '';
      expect(diff === '').toBe(before === after);
      if (diff !== '') expect(patched(before, diff)).toBe(after);
    }),
    { numRuns: 1000 },
  );
});
