/** docs/reference/api.md has every route with its scope, and every status. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { expect, test } from 'vitest';

import { apiRoutes } from '../../src/api/routes/all.ts';
import { problemsOf } from '../../src/api/problem-answers.ts';

const page = readFile(path.resolve(import.meta.dirname, '../../docs/reference/api.md'), 'utf8');
const routes = apiRoutes('0.1.0');

test('its table is that of the routes', async () => {
  const rows = [...(await page).matchAll(/^\| `([A-Z]+ \/\S+)`\s*\| `?(\w+)`?\s*\|/gm)];

  expect(rows.map(([, request, scope]) => `${request} ${scope}`).toSorted()).toEqual(
    routes.map(({ method, path: place, scope }) => `${method.toUpperCase()} ${place} ${scope}`).toSorted(),
  );
});

test('it names every error', async () => {
  const errors = (await page).split('## Errors')[1] ?? '';
  const statuses = new Set(routes.flatMap((route) => problemsOf(route).map(({ status }) => String(status))));

  expect(statuses.size).toBeGreaterThan(9);
  expect([...statuses].filter((status) => !errors.includes(status))).toEqual([]);
});
