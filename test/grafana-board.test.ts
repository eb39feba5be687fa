/** docs/monitoring/grafana.json is made from test/support/grafana-board.ts, and asks for nothing that nobody measures. */
import path from 'node:path';

import { format, resolveConfig } from 'prettier';
import { expect, test } from 'vitest';

import { boardQuestions, grafanaBoard } from './support/grafana-board.ts';
import { sampleMetrics } from './support/sample-metrics.ts';

const file = path.resolve(import.meta.dirname, '../docs/monitoring/grafana.json');

test('the file is up to date (vitest -u writes it)', async () => {
  const options = await resolveConfig(file);
  const text = await format(JSON.stringify(grafanaBoard()), { ...options, filepath: file });

  await expect(text).toMatchFileSnapshot(file);
});

/** A histogram is asked for by its three kinds of series. */
const known = new Set(
  sampleMetrics().flatMap(({ name, kind }) =>
    kind === 'histogram' ? ['bucket', 'sum', 'count'].map((what) => `${name}_${what}`) : [name],
  ),
);

const metricsIn = (question: string) => question.match(/\b(?:pi_image|process|nodejs|node)_[a-z0-9_]+/g) ?? [];

test.each(boardQuestions())('%s', (question) => {
  const asked = metricsIn(question);

  expect(asked.length).toBeGreaterThan(0);
  expect(asked.filter((name) => !known.has(name))).toEqual([]);
});
