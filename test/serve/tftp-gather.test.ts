import { expect, test } from 'vitest';

import { TftpGathering } from '../../src/serve/tftp-gather.ts';

test.each([
  ['many boards that fill the link', { transfers: 64, blocks: 1000, overMs: 10 }, 150],
  ['just enough of both', { transfers: 16, blocks: 500, overMs: 10 }, 150],
  ['few boards, however fast', { transfers: 15, blocks: 5000, overMs: 10 }, undefined],
  ['many boards on a slow link', { transfers: 256, blocks: 499, overMs: 10 }, undefined],
  ['a late look sees more blocks, not a higher rate', { transfers: 64, blocks: 1000, overMs: 50 }, undefined],
])('%s', (_name, { transfers, blocks, overMs }, expected) => {
  const gathering = new TftpGathering();
  gathering.sent(blocks / 2);
  gathering.sent(blocks / 2);

  expect(gathering.judge(transfers, overMs)).toBe(expected);
});

test('it says so once, and once more when it is over', () => {
  const gathering = new TftpGathering();
  const said = [1000, 1000, 10, 10, 1000].map((blocks) => {
    gathering.sent(blocks);
    return gathering.judge(64, 10);
  });

  expect(said).toEqual([150, undefined, 0, undefined, 150]);
});
