/** docs/images.md has the rules of the seal as they are. Written by this test: "npx vitest run --project unit test/plan/diskless-page.test.ts -u". */
import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { expect, test } from 'vitest';

import { keepableRules, requiredRules } from '../../src/model/diskless.ts';
import { withRules } from '../support/diskless-page.ts';

const page = path.resolve(import.meta.dirname, '../../docs/images.md');

test('the tables of rules are up to date', async () => {
  await expect(await withRules(await readFile(page, 'utf8'), page)).toMatchFileSnapshot(page);
});

test('every rule stands in one of them', async () => {
  const text = await readFile(page, 'utf8');
  expect([...requiredRules, ...keepableRules].filter((id) => !text.includes(`| \`${id}\` `))).toEqual([]);
});
