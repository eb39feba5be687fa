import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { expect, onTestFinished, test } from 'vitest';

import { bundleDashboard, scriptBytes, scriptLimitBytes } from '../../src/cli/bundle-dashboard.ts';

const project = path.resolve(import.meta.dirname, '../..');

test('the dashboard is small, and holds nothing of the service', async () => {
  const dir = await mkdtemp(path.join(tmpdir(), 'dashboard-'));
  onTestFinished(() => rm(dir, { recursive: true }));

  await writeFile(path.join(dir, 'main-OLDOLD00.js'), 'of the build before');
  const files = await bundleDashboard(project, dir);
  const first = await readdir(dir);
  await bundleDashboard(project, dir);

  expect(await readdir(dir)).toEqual(first);
  expect(first.toSorted()).toEqual(files.map(({ name }) => name).toSorted());
  expect(scriptBytes(files)).toBeGreaterThan(10_000);
  expect(scriptBytes(files)).toBeLessThan(scriptLimitBytes);
  expect(files.map(({ name }) => name.replace(/-[A-Z0-9]{8}\./, '-#.')).toSorted()).toEqual([
    'icon-#.svg',
    'main-#.js',
    'style-#.css',
  ]);
  const inputs = files.flatMap((file) => file.inputs);
  const places = new Set(inputs.map((input) => /^(?:src\/[^/]+|node_modules\/[^/]+)/.exec(input)?.[0] ?? input));
  expect([...places].toSorted()).toEqual(['node_modules/preact', 'src/dashboard', 'src/model', 'src/plan']);
  expect(inputs.filter((input) => /^src\/(?:model|plan)\//.test(input)).toSorted()).toEqual([
    'src/model/boot-phase.ts',
    'src/model/bytes.ts',
    'src/plan/boot-bars.ts',
  ]);
});
