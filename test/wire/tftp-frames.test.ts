/** Parts of the framed buffer are the packets that the codec would make. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { encodeTftp } from '../../src/wire/tftp.ts';
import { frameBlocks, strideOf } from '../../src/wire/tftp-frames.ts';

test('each part is one DATA packet', () => {
  const sizes = fc.record({
    bytes: fc.uint8Array({ maxLength: 5000 }),
    firstBlock: fc.constantFrom(1, 65_534, 131_072),
    blockSizeBytes: fc.constantFrom(8, 512, 1468),
  });

  fc.assert(
    fc.property(sizes, ({ bytes, firstBlock, blockSizeBytes }) => {
      const count = Math.floor(bytes.byteLength / blockSizeBytes) + 1;
      const frames = new Uint8Array(bytes.byteLength + count * 4 + 100);
      const used = frameBlocks(frames, bytes, { firstBlock, count, blockSizeBytes });
      const stride = strideOf(blockSizeBytes);
      const packets = Array.from({ length: count }, (_none, index) => {
        const part = bytes.subarray(index * blockSizeBytes, (index + 1) * blockSizeBytes);
        return encodeTftp({ kind: 'data', block: firstBlock + index, bytes: part });
      });
      expect(used).toBe(bytes.byteLength + count * 4);
      for (const [index, packet] of packets.entries()) {
        const part = frames.subarray(index * stride, Math.min((index + 1) * stride, used));
        expect(Buffer.from(part)).toEqual(Buffer.from(packet));
      }
    }),
  );
});
