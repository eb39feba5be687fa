/** What a large program takes for new objects: tried in a process of its own, as flags of V8 hold for all of it. */
import path from 'node:path';

import { expect, test } from 'vitest';

import { run } from '../../src/host/process.ts';

const heap = path.resolve(import.meta.dirname, '../../src/host/heap.ts');

/** Survivors are what makes V8 take more: 32 MB when nothing stops it. */
const program = `
  import { getHeapSpaceStatistics } from 'node:v8';
  import { Worker } from 'node:worker_threads';
  import { once } from 'node:events';
  import { keepHeapSmall } from ${JSON.stringify(heap)};
  const kept = [];
  const newSpaceBytes = () => {
    for (let index = 0; index < 400_000; index++) kept.push({ index, items: [index] });
    return getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space').space_size;
  };
  if (process.argv.includes('small')) keepHeapSmall();
  await once(new Worker('0', { eval: true }), 'online');
  if (process.argv.includes('small')) keepHeapSmall();
  console.log(newSpaceBytes());
`;

async function newSpaceMib(...words: readonly string[]): Promise<number> {
  const argv = [process.execPath, '--import', 'tsx', '--input-type=module', '-e', program, '--', ...words] as const;
  const stdout = await run(argv, { signal: AbortSignal.timeout(30_000) });
  return Number(stdout) / 2 ** 20;
}

test('new objects take little memory, however many there are and whatever threads were started', async () => {
  expect(await newSpaceMib()).toBeGreaterThan(30);
  expect(await newSpaceMib('small')).toBeLessThan(9);
});
