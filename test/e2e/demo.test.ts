/** The demo from its first line to its last. Needs root. */
import { expect, test } from 'vitest';

import { demoDir, piImage, processesWith } from '../support/pi-image.ts';

test('the demo boots two boards, runs a job, changes a role and back, and leaves no process', async () => {
  const { code, stdout, stderr } = await piImage(['demo', '--dir', demoDir], 50 * 60_000);

  expect(stderr).not.toContain('pi-image:');
  expect(code).toBe(0);
  expect(stdout.match(/^node01 aarch64$/gm)).toHaveLength(2);
  expect(stdout).toMatch(/node01 is ready as login\n.*Slurm no longer lists node01\n/);
  expect(stdout.match(/^head \(10\.42\.0\.11\): ready after/gm)).toHaveLength(1);
  expect(stdout.match(/^node01 \(10\.42\.0\.12\): /gm)).toHaveLength(3);
  expect(stdout).toMatch(/^Total: [\d.]+ s wall, [\d.]+ s of processor time$/m);
  expect(await processesWith(demoDir)).toEqual([]);
});
