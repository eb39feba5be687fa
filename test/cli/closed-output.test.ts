/** A reader that goes away is no fault of the program: it says what it has to say by its exit code, and tidies up. */
import { once } from 'node:events';

import { expect, test } from 'vitest';

import { startPiImage } from '../support/pi-image.ts';

test.for(['stdout', 'stderr'] as const)('nobody reads %s', { timeout: 60_000 }, async (name, { onTestFinished }) => {
  const program = startPiImage(['node', 'nope']);
  onTestFinished(() => void program.kill('SIGKILL'));
  const other = name === 'stdout' ? program.stderr : program.stdout;
  let said = '';
  other?.on('data', (text: Buffer) => (said += text.toString()));
  program[name]?.destroy();

  const [code] = await once(program, 'close');

  expect(code).toBe(2);
  expect(said).not.toMatch(/EPIPE|node:/);
});
