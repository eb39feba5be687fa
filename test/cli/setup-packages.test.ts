/** Which packages a part of pi-image needs. */
import { expect, test } from 'vitest';

import { packagesFor, toolSetNames } from '../../src/cli/setup-packages.ts';

test('an arm64 machine emulates nothing while it builds', () => {
  const names = (architecture: string) => packagesFor(['build'], architecture).map((tool) => tool.name);
  expect(names('x64')).toContain('qemu-user-static');
  expect(names('arm64')).not.toContain('qemu-user-static');
});

test('no package is listed twice, though several parts need it', () => {
  const names = packagesFor(toolSetNames, 'x64').map((tool) => tool.name);
  expect(new Set(names).size).toBe(names.length);
});
