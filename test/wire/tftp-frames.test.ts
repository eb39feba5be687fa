/** Slices of the framed buffer are the packets that the codec would make. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { encodeTftp } from '../../src/wire/tftp.ts';
import { frameBlocks, frameOf } from '../../src/wire/tftp-frames.ts';

test('each slice is one DATA packet', () => {
  const sizes = fc.record({
    bytes: fc.uint8Array({ maxLength: 5000 }),
    firstBlock: fc.constantFrom(1, 65_534, 131_072),
    blockSizeBytes: fc.constantFrom(8, 512, 1468),
  });

  fc.assert(
    fc.property(sizes, ({ bytes, firstBlock, blockSizeBytes }) => {
      const lastBlock = firstBlock + Math.floor(bytes.byteLength / blockSizeBytes);
      const frames = frameBlocks(bytes, { firstBlock, lastBlock, blockSizeBytes });
      for (let block = firstBlock; block <= lastBlock; block++) {
        const at = (block - firstBlock) * blockSizeBytes;
        const data = { kind: 'data', block, bytes: bytes.subarray(at, at + blockSizeBytes) } as const;
        expect(Buffer.from(frameOf(frames, block))).toEqual(Buffer.from(encodeTftp(data)));
      }
    }),
  );
});
