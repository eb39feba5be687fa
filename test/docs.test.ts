/** Links between pages lead to a page that is there, and to a heading that it has. */
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';

import { expect, test } from 'vitest';

import { listFiles } from '../src/host/tree.ts';

const project = path.resolve(import.meta.dirname, '..');
const read = (file: string) => readFile(path.join(project, file), 'utf8');
const withoutCode = (text: string) => text.replaceAll(/^ *```[^]*?^ *```/gm, '');

/** As GitHub makes them. */
function anchorsOf(text: string): Set<string> {
  const titles = [...withoutCode(text).matchAll(/^#+ (.*)$/gm)].map(([, title = '']) => title.trim().toLowerCase());
  return new Set(titles.map((title) => title.replaceAll(/[^\p{L}\p{N}_ -]/gu, '').replaceAll(' ', '-')));
}

/** @returns what is wrong with a link; undefined: nothing */
async function brokenLink(page: string, link: string): Promise<string | undefined> {
  const [file = '', anchor] = link.split('#');
  const target = file === '' ? page : path.join(path.dirname(page), file);
  const found = await stat(path.join(project, target)).catch(() => undefined);
  if (found === undefined) return `${page}: there is no ${target}`;
  if (anchor === undefined || !target.endsWith('.md')) return undefined;
  return anchorsOf(await read(target)).has(anchor) ? undefined : `${page}: ${target} has no heading #${anchor}`;
}

test('links of the docs lead somewhere', async () => {
  const names = (await listFiles(project, ['docs'])).filter((name) => name.endsWith('.md'));
  const pages = [...names, 'README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'ARCHITECTURE.md'];
  const broken: (string | undefined)[] = [];
  let count = 0;
  for (const page of pages) {
    for (const [, link = ''] of withoutCode(await read(page)).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(link)) continue;
      count += 1;
      broken.push(await brokenLink(page, link));
    }
  }
  expect(count).toBeGreaterThan(50);
  expect(broken.filter((each) => each !== undefined)).toEqual([]);
});
