import { expect, test, vi } from 'vitest';

import { runHere } from '../support/command-line.ts';

test('with --server it is refused, and no clock is left that would keep the process alive', async () => {
  const starts = vi.spyOn(globalThis, 'setInterval');

  const { code, err } = await runHere(['--server', 'http://127.0.0.1:1', 'image', 'import', 'x.tar.zst']);

  expect({ code, err }).toEqual({ code: 2, err: expect.stringContaining('it does not take --server') as string });
  expect(starts).not.toHaveBeenCalled();
  starts.mockRestore();
});
