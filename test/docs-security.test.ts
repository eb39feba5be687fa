/** Every attack that docs/security.md lists is tried: each row of its table names tests, by their file and title, that exist. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { expect, test } from 'vitest';

const project = path.resolve(import.meta.dirname, '..');
const page = readFile(path.join(project, 'docs/security.md'), 'utf8');

interface Row {
  readonly number: number;
  readonly attack: string;
  readonly tests: readonly (readonly [file: string, title: string])[];
}

/** Of the table below `## Attacks`. */
function rowsOf(text: string): Row[] {
  const [, section = ''] = /^## Attacks$([^]*?)^## /m.exec(text) ?? [];
  return [...section.matchAll(/^\| +(\d+) +\|(.*)\|$/gm)].map(([, number, cells = '']) => {
    const [attack = '', , , tried = ''] = cells.split(/(?<!\\)\|/).map((cell) => cell.trim());
    const tests = tried.split(/; (?=`)/).map((each): readonly [string, string] => {
      const [, file = '', title = ''] = /^`(test\/[\w./-]+\.test\.ts)` (.+)$/.exec(each) ?? [];
      return [file, title.replaceAll(String.raw`\|`, '|')];
    });
    return { number: Number(number), attack, tests };
  });
}

const escaped = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);

/** As the title of a test, in quotes, whatever else its line has. */
function hasTest(source: string, title: string): boolean {
  const inQuotes = [`'${title}'`, `"${title}"`, `\`${title}\``].map(escaped).join('|');
  return new RegExp(String.raw`(?:\btest|\)|\btest\.\w+)\(\s*(?:${inQuotes})`).test(source);
}

test('its rows are numbered and say all there is to say', async () => {
  const rows = rowsOf(await page);

  expect(rows.length).toBeGreaterThan(30);
  expect(rows.map(({ number }) => number)).toEqual(rows.map((_, index) => index + 1));
  expect(rows.filter(({ attack }) => attack === '')).toEqual([]);
});

test('each row names a test that exists', async () => {
  const missing: string[] = [];
  for (const { number, attack, tests } of rowsOf(await page)) {
    for (const [file, title] of tests) {
      const source = file === '' ? '' : await readFile(path.join(project, file), 'utf8').catch(() => '');
      if (!hasTest(source, title)) missing.push(`${number} ${attack}: ${file || 'no file'}: ${title}`);
    }
  }

  expect(missing).toEqual([]);
});

test.each([
  ["test('is refused', async () => {", true],
  ["])('is refused', async () => {", true],
  ["test(\n  'is refused',", true],
  ["const title = 'is refused';", false],
  ["test('is refused twice', () => {", false],
])('%j has a test "is refused": %s', (source, expected) => {
  expect(hasTest(source, 'is refused')).toBe(expected);
});
