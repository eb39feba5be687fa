/** docs/troubleshooting.md has the rules as they are. Written by this test: "npx vitest run --project unit test/plan/troubleshooting.test.ts -u". */
import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { expect, test } from 'vitest';

import { diagnosisRules } from '../../src/plan/diagnosis-rules.ts';
import { nodeNotes, nodeRules } from '../../src/plan/doctor-node-rules.ts';
import { machineRules } from '../../src/plan/doctor-rules.ts';
import { tableNames, withTables } from '../support/troubleshooting-page.ts';

const page = path.resolve(import.meta.dirname, '../../docs/troubleshooting.md');

test('the tables are up to date', async () => {
  await expect(await withTables(await readFile(page, 'utf8'))).toMatchFileSnapshot(page);
});

test('it has a place for each table', async () => {
  const text = await readFile(page, 'utf8');

  for (const name of tableNames) expect(text).toContain(`<!-- rules: ${name} -->`);
});

test('no two rules have one name', () => {
  for (const rules of [diagnosisRules, nodeRules, nodeNotes, machineRules]) {
    expect(new Set(rules.map(({ id }) => id)).size).toBe(rules.length);
  }
});
