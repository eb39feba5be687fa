import { expect, test } from 'vitest';

import { sampleSite } from '../support/command-line.ts';

test('the NFS servers are told as values, too', async () => {
  const site = await sampleSite();

  const { code, out } = await site.run('nfs', 'status', '-o', 'json');

  expect(code).toBe(0);
  expect(JSON.parse(out)).toEqual([
    { server: 'ganesha', isRunning: false, detail: expect.any(String) as string },
    { server: 'kernel', isRunning: expect.any(Boolean) as boolean, detail: expect.any(String) as string },
  ]);
  expect((await site.run('nfs', 'status')).out).toMatch(/^ganesha: .+\nkernel: .+\n$/);
});
