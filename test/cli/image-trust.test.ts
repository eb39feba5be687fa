/** A version whose manifest was changed: what the service offers and says, and what "image verify" and "image sign" do. */
import { createHash } from 'node:crypto';
import { access, chmod, rm } from 'node:fs/promises';
import path from 'node:path';

import { describe, expect, test } from 'vitest';

import { readStoreFacts } from '../../src/cli/store-facts.ts';
import { sampleSite } from '../support/command-line.ts';
import { sampleManifest } from '../support/sample-view.ts';
import { serveSite } from '../support/serve-site.ts';

const file = 'state/exports/images/debian-lite/20261121.2/manifest.json';
const newer = (rootFiles: number) =>
  JSON.stringify(sampleManifest({ version: '20261121.2', bootFiles: {}, rootFiles, packages: [] }));
const image = 'debian-lite@20261121.2';

test('the first start signs what is there; what is changed afterwards is named and not offered until it is signed again', async () => {
  const site = await sampleSite({ [file]: newer(1) });
  const service = await serveSite(site.dir);
  const offered = () =>
    service.site
      .view()
      .images.get('debian-lite')
      ?.map(({ version }) => version);
  const told = () => service.health.parts().find(({ name }) => name === 'images')?.problems;
  await access(path.join(site.dir, file.replace('.json', '.sig')));
  expect([offered(), told()]).toEqual([['20261121.2', '20261121.1'], []]);
  expect(await site.run('image', 'verify', image)).toMatchObject({ code: 0 });

  await site.write(file, newer(2));
  await service.site.reload();

  const reason = 'its manifest is not what was signed, or another store has signed it';
  expect([offered(), told()]).toEqual([['20261121.1'], [`${image} is not offered to nodes: ${reason}`]]);
  const verified = await site.run('image', 'verify', image);
  expect(verified).toMatchObject({ code: 1, err: expect.stringContaining(`  ${reason}\n`) as string });
  const status = await site.run('status');
  expect(status.out).toContain(`${image} is not offered to nodes`);

  expect(await site.run('image', 'sign', image)).toMatchObject({ code: 0, err: '' });
  await service.site.reload();
  expect([offered(), told()]).toEqual([['20261121.2', '20261121.1'], []]);
  expect(await site.run('image', 'verify', image)).toMatchObject({ code: 0 });
});

test('a version whose manifest is damaged is named and not offered, and the others are as before', async () => {
  const site = await sampleSite({ [file]: '{' });
  const problem = 'its manifest.json is damaged: ';

  const service = await serveSite(site.dir);

  expect(
    service.site
      .view()
      .images.get('debian-lite')
      ?.map(({ version }) => version),
  ).toEqual(['20261121.1']);
  const told = service.health.parts().find(({ name }) => name === 'images')?.problems;
  expect(told).toEqual([expect.stringContaining(`${image} is not offered to nodes: ${problem}`)]);
  expect(await site.run('config', 'check')).toMatchObject({ code: 0 });
  const list = await site.run('image', 'list');
  expect([list.code, list.err]).toEqual([0, expect.stringContaining(`${image} is left out: ${problem}`)]);
  expect(list.out).toContain('20261121.1');
});

test.each([
  ['image', 'verify', '--all'],
  ['image', 'verify'],
  ['image', 'verify', 'debian-lite'],
  ['image', 'verify', image],
])('a version without a manifest is named by %s %s %s', async (...args) => {
  const site = await sampleSite({ [file]: newer(1) });
  await rm(path.join(site.dir, file));

  const { code, err } = await site.run(...args);

  expect([code, err]).toEqual([
    1,
    expect.stringContaining(`${image} is not as it was published:\n  its manifest.json is missing\n`),
  ]);
});

test('a clean-up decides over versions that nodes are not offered, too', async () => {
  const other = file.replace('20261121.2', '20261121.3');
  const allSigned = 'state/image-keys/all-signed';
  const site = await sampleSite({ [file]: newer(1), [other]: '{', [allSigned]: '' });

  const { images, offered } = await readStoreFacts({
    config: `${site.dir}/cluster.yaml`,
    state: `${site.dir}/state`,
    runtime: `${site.dir}/run`,
    dataDirs: [path.resolve(import.meta.dirname, '../..')],
  });

  const found = images.get('debian-lite')?.map(({ version }) => version);
  expect(found).toEqual(['20261121.3', '20261121.2', '20261121.1']);
  expect([...offered]).toEqual([]);
});

test('what is not as its manifest says is not signed', async () => {
  const site = await sampleSite();
  const { code, err } = await site.run('image', 'sign', 'debian-lite');
  expect(code).toBe(1);
  expect(err).toContain('debian-lite@20261121.1 is not what its manifest says: boot/');
});

test('what is too much among boot files, and what others may write to, is named', async () => {
  const boot = path.dirname(file).concat('/boot');
  const site = await sampleSite({ [file]: newer(1), [`${boot}/overlays/extra.dtbo`]: 'more' });
  await chmod(path.join(site.dir, boot), 0o777);

  const { code, err } = await site.run('image', 'verify', image);

  expect(code).toBe(1);
  expect(err).toContain('  boot/overlays/extra.dtbo does not belong there\n');
  expect(err).toContain('  boot has the mode 0777: others than its owner may write to it\n');
});

describe('a root.squashfs', () => {
  const folder = 'state/exports/squash/debian-lite/20261121.2';
  const record = JSON.stringify({ sha256: createHash('sha256').update('packed').digest('hex'), sizeBytes: 6 });
  const whole = { [file]: newer(0), [`${folder}/root.squashfs`]: 'packed', [`${folder}/root.json`]: record };
  const verify = async (files: Readonly<Record<string, string>>, gone?: string) => {
    const site = await sampleSite({ ...whole, ...files });
    if (gone !== undefined) await rm(path.join(site.dir, gone));
    return site.run('image', 'verify', image);
  };

  test('that is as it was made is no problem', async () => {
    expect(await verify({})).toMatchObject({ code: 0 });
  });

  test.each([
    ['with another content', { [`${folder}/root.squashfs`]: 'pocked' }, undefined, 'root.squashfs has another content'],
    ['that is gone', {}, `${folder}/root.squashfs`, 'root.squashfs is missing'],
    ['without its record', {}, `${folder}/root.json`, 'root.json is missing'],
    ['with a broken record', { [`${folder}/root.json`]: '{' }, undefined, 'root.json is damaged'],
  ])('%s is named', async (_how, files, gone, said) => {
    const { code, err } = await verify(files, gone);
    expect([code, err]).toEqual([1, expect.stringContaining(`${folder}/${said}`)]);
  });
});
