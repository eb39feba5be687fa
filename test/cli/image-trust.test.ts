/** A version whose manifest was changed: what the service offers and says, and what "image verify" and "image sign" do. */
import { access } from 'node:fs/promises';
import path from 'node:path';

import { expect, test } from 'vitest';

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

test('what is not as its manifest says is not signed', async () => {
  const site = await sampleSite();
  const { code, err } = await site.run('image', 'sign', 'debian-lite');
  expect(code).toBe(1);
  expect(err).toContain('debian-lite@20261121.1 is not what its manifest says: boot/');
});
