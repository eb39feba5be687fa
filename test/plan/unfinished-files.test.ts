/** Files that a board began to load. */
import { expect, test } from 'vitest';

import { beginBoot, closeBoot } from '../../src/plan/boot-timeline.ts';
import { noteUnfinished } from '../../src/plan/unfinished-files.ts';

const facts = { id: 'b', node: 'node01', mac: 'm', address: 'a', generation: 'g', token: 's', sign: 'read' } as const;
const boot = beginBoot({ ...facts, nowMs: 0 });
const of = (file: string, bytes = 1000) => ({ file, sizeBytes: 5000, bytes, blockSizeBytes: 1468 });

test('the last try of each file is noted, and the last files of many', () => {
  const files = [of('a'), of('b'), of('a', 2000), of('c'), of('d'), of('e')];
  const noted = files.reduce((before, file, index) => noteUnfinished(before, file, index), boot);

  expect(noted.unfinished?.map(({ file, bytes, atMs }) => [file, bytes, atMs])).toEqual([
    ['a', 2000, 2],
    ['c', 1000, 3],
    ['d', 1000, 4],
    ['e', 1000, 5],
  ]);
});

test('a file of which nothing arrived was only looked at', () => {
  expect(noteUnfinished(boot, of('start4.elf', 0), 1)).toBe(boot);
});

test('a boot that is closed takes no more', () => {
  const closed = closeBoot(boot, 'silent', 1);

  expect(noteUnfinished(closed, of('kernel8.img'), 2)).toBe(closed);
});
