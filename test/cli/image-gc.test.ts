/** What "image gc" says it would free, for people and for programs, and whose store it cleans. */
import { rm } from 'node:fs/promises';

import { expect, test } from 'vitest';

import { sampleManifest } from '../support/sample-view.ts';
import { sampleSite, type TestSite } from '../support/command-line.ts';

const sizeBytes = 3_000_000;

/** Of three versions, the oldest is nobody's. */
async function siteWithVersions(): Promise<TestSite> {
  const folder = 'state/exports/images/debian-lite';
  const files = ['20261121.2', '20261121.3'].map((version): [string, string] => [
    `${folder}/${version}/manifest.json`,
    JSON.stringify(sampleManifest({ version })),
  ]);
  const root = `${folder}/20261121.1/root/large`;
  return sampleSite(Object.fromEntries([...files, [root, 'x'.repeat(sizeBytes)]]));
}

const dryRun = (site: TestSite, ...args: string[]) => site.run('image', 'gc', '--dry-run', ...args);

// Removing takes root.
const isRoot = process.getuid?.() === 0;

test.runIf(isRoot)('the bytes of each version that goes stand in its row, and programs can add them up', async () => {
  const site = await siteWithVersions();

  const { out } = await dryRun(site, '-o', 'json');

  const rows = JSON.parse(out) as { version: string; goes: boolean; bytes: number }[];
  expect(rows.map(({ version, goes }) => [version, goes])).toEqual([
    ['20261121.3', false],
    ['20261121.2', false],
    ['20261121.1', true],
  ]);
  expect(rows.map(({ bytes }) => Math.floor(bytes / sizeBytes))).toEqual([0, 0, 1]);
  expect((await dryRun(site)).out).toMatch(/debian-lite@20261121\.1 +yes +3 MB +nobody uses it\n/);
});

test.runIf(isRoot)('names are those of what goes', async () => {
  const site = await siteWithVersions();
  expect((await dryRun(site, '-o', 'name')).out).toBe('debian-lite@20261121.1\n');
  expect((await site.run('image', 'gc', '-o', 'name')).out).toBe('debian-lite@20261121.1\n');
  expect((await dryRun(site, '-o', 'name')).out).toBe('');
});

const withoutCluster = async (files: readonly string[]): Promise<TestSite> => {
  const site = await siteWithVersions();
  await rm(`${site.dir}/cluster.yaml`);
  for (const file of files) await site.write(file, '{}');
  return site;
};

test.runIf(isRoot)('where a user builds, there need be no cluster.yaml', async () => {
  const site = await withoutCluster(['state/user-namespace.json']);
  expect(await dryRun(site, '-o', 'name')).toMatchObject({ code: 0, out: 'debian-lite@20261121.1\n' });
});

test.runIf(isRoot)('the state of a service without cluster.yaml is refused: all of it would go', async () => {
  const site = await withoutCluster([]);
  const { code, err } = await dryRun(site);
  expect([code, err]).toEqual([1, expect.stringContaining(`there is no ${site.dir}/cluster.yaml`)]);
});

test.runIf(isRoot)('where a user builds beside a cluster, its roles count', async () => {
  const site = await siteWithVersions();
  await site.write('state/user-namespace.json', '{}');
  expect((await dryRun(site, '--keep', '1')).out).toMatch(/debian-lite@20261121\.3 +no +- +the newest version, role /);
});

test.runIf(isRoot)('a file beside the folders of images is no image', async () => {
  const site = await siteWithVersions();
  await site.write('images/card.img', '');
  expect(await dryRun(site, '-o', 'name')).toMatchObject({ code: 0, out: 'debian-lite@20261121.1\n' });
});
