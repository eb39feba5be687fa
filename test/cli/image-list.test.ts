import { expect, test } from 'vitest';

import { sampleSite } from '../support/command-line.ts';

test('image list of one image lists its versions alone', async () => {
  const site = await sampleSite();
  expect(await site.run('image', 'list', 'debian-lite', '-o', 'name')).toMatchObject({
    code: 0,
    out: 'debian-lite@20261121.1\n',
  });
});

test.each([
  ['debian-lit', 'Did you mean debian-lite?'],
  ['nope', 'Run "pi-image build nope".'],
])('image list %s is refused', async (name, hint) => {
  const site = await sampleSite();
  const { code, out, err } = await site.run('image', 'list', name);
  expect([code, out]).toEqual([1, '']);
  expect(err).toContain(`there is no version of the image ${name}`);
  expect(err).toContain(hint);
});
