/** The private tree of a node outlives the node, which is said when it goes, until somebody names it. */
import { access, mkdir } from 'node:fs/promises';
import path from 'node:path';

import { expect, test } from 'vitest';

import { describeAllLeft, removeLeft } from '../../src/cli/left-trees.ts';
import { sampleSite, type TestSite } from '../support/command-line.ts';

const treeOf = ({ dir }: TestSite, node: string) =>
  path.join(dir, 'state/persistent', node, 'debian-lite/20261121.1/root');

/** Two nodes with trees, and one without. */
async function siteWithTrees(): Promise<TestSite> {
  const site = await sampleSite();
  await site.run('apply', '-f', `${site.dir}/nodes.yaml`);
  for (const node of ['node01', 'login']) await mkdir(treeOf(site, node), { recursive: true });
  return site;
}

function contextOf({ dir }: TestSite) {
  const said: string[] = [];
  const tell = (text: string) => void said.push(text);
  const paths = () => ({
    config: `${dir}/cluster.yaml`,
    dataDirs: [dir],
    state: `${dir}/state`,
    runtime: `${dir}/run`,
  });
  return { said, paths, stdout: tell, stderr: tell, signal: new AbortController().signal };
}
type Context = Parameters<typeof removeLeft>[2];
const remove = (selector: string, context: ReturnType<typeof contextOf>, isDryRun = false) =>
  removeLeft(selector, isDryRun, context as unknown as Context);

const how = "pi-image image gc --trees 'login,node01'";

test('whoever removes nodes hears that their trees stay, and how to remove them', async () => {
  const site = await siteWithTrees();
  expect((await site.run('node', 'remove', 'node02', '--yes')).err).toBe('');

  const removed = await site.run('node', 'remove', 'node01', 'login', '--yes');

  expect(removed).toMatchObject({ code: 0, err: expect.stringContaining('the trees of login,node01 stay') as string });
  expect(removed.err).toContain(how);
  await access(treeOf(site, 'node01'));
  expect(await describeAllLeft(contextOf(site).paths())).toMatch(
    /^trees of nodes that were removed stay: login,node01, \d+ MB/,
  );
});

test('so does whoever applies a list without them', async () => {
  const site = await siteWithTrees();
  await site.write('none.yaml', '[]\n');

  expect((await site.run('apply', '-f', `${site.dir}/none.yaml`, '--yes')).err).toContain(how);
});

test('those that are named go, and no others', async () => {
  const site = await siteWithTrees();
  await site.run('node', 'remove', 'node01', 'login', '--yes');
  const context = contextOf(site);

  await remove('node01', context, true);
  expect(context.said).toEqual(['would remove the tree of node01 (debian-lite@20261121.1)\n']);
  await remove('node01', context);

  await expect(access(path.join(site.dir, 'state/persistent/node01'))).rejects.toThrow('ENOENT');
  await access(treeOf(site, 'login'));
  expect(await describeAllLeft(context.paths())).toContain("--trees 'login'");
});

test('nothing goes where one that is named is a node, or has no tree', async () => {
  const site = await siteWithTrees();
  await site.run('node', 'remove', 'login', '--yes');
  const context = contextOf(site);

  await expect(remove('login,node01', context)).rejects.toThrow('the tree of node01 is not removed: it is a node');
  await expect(remove('login,node03', context)).rejects.toMatchObject({
    message: 'there is no tree of node03',
    hint: 'There are: login.',
  });

  await access(treeOf(site, 'login'));
});
