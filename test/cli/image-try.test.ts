import { expect, test } from 'vitest';

import { sampleSite } from '../support/command-line.ts';

test('an image that was not built here is told so at once: no archive is asked', async () => {
  const site = await sampleSite();

  expect(await site.run('image', 'exec', 'debian-lite', '--', 'true')).toEqual({
    code: 1,
    out: '',
    err: 'pi-image: debian-lite was not built yet\n  hint: Run "pi-image build debian-lite".\n',
  });
});

test.each([['exec', '--', 'true'], ['shell']])(
  'image %s takes no version, and says what to write',
  async (verb, ...rest) => {
    const site = await sampleSite();

    expect(await site.run('image', verb, 'debian-lite@20261121.1', ...rest)).toMatchObject({
      code: 2,
      err: expect.stringMatching(
        /debian-lite@20261121\.1 is one version.*\n {2}hint: Write debian-lite alone;/,
      ) as string,
    });
  },
);
