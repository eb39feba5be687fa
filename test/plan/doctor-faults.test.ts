/** Each rule of the doctor is shown by a test that makes its fault, with real programs: one that only a sample shows is refused here. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { expect, test } from 'vitest';

import { diagnosisRules } from '../../src/plan/diagnosis-rules.ts';
import { nodeNotes, nodeRules } from '../../src/plan/doctor-node-rules.ts';
import { machineRules } from '../../src/plan/doctor-rules.ts';

const folders = ['peers', 'e2e', 'long'].map((name) => path.resolve(import.meta.dirname, '..', name));

/** A test says what it expects as `id: cause`, at the begin of a text or a pattern, or as a field of a boot. */
const expected = /(?:\/\^|['"`]\^?)([a-z][a-z-]+): |\brule: '([a-z-]+)'/g;

function faultsMade(): readonly string[] {
  const files = folders.flatMap((folder) => filesIn(folder).map((name) => path.join(folder, name)));
  const texts = files.filter((file) => file.endsWith('.test.ts')).map((file) => readFileSync(file, 'utf8'));
  return texts.flatMap((text) => [...text.matchAll(expected)].map(([, first, second]) => first ?? second ?? ''));
}

/** Not every project has long tests. */
function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

test('every rule has a test that makes its fault; one that stands in two tables has two', () => {
  const tables = [diagnosisRules, [...nodeRules, ...nodeNotes], machineRules];
  const wanted = tables.flatMap((rules) => Array.from(new Set(rules.map(({ id }) => id))));
  const made = faultsMade();

  const times = (all: readonly string[], id: string) => all.filter((each) => each === id).length;
  expect(wanted.filter((id) => times(made, id) < times(wanted, id))).toEqual([]);
});
