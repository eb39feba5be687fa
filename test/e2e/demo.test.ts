/** The demo from its first line to its last. Needs root. */
import { expect, test } from 'vitest';

import { demoDir, piImage, processesWith } from '../support/pi-image.ts';

test('the demo boots two boards, runs a job, and leaves no process', async () => {
  const { code, stdout, stderr } = await piImage(['demo', '--dir', demoDir], 50 * 60_000);

  expect(stderr).not.toContain('pi-image:');
  expect(code).toBe(0);
  expect(stdout).toMatch(/^node01 aarch64$/m);
  for (const name of ['head', 'node01']) expect(stdout).toMatch(new RegExp(`^${name} \\(10\\.42\\.0\\.1[12], `, 'm'));
  expect(stdout).toMatch(/^Total: [\d.]+ s wall, [\d.]+ s of processor time$/m);
  expect(await processesWith(demoDir)).toEqual([]);
});
