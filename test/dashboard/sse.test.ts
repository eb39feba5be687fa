import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { createSseReader, type SseFrame } from '../../src/dashboard/sse.ts';

const text = [
  'event: cluster\ndata: {"asOf":1}\n\n',
  ': still here\n\n',
  'id: 7\nevent: boot.ready\ndata: {"id":7}\n\n',
  'data:no space\n\n',
].join('');
const frames: SseFrame[] = [
  { event: 'cluster', id: undefined, data: '{"asOf":1}' },
  { event: 'boot.ready', id: 7, data: '{"id":7}' },
  { event: 'message', id: undefined, data: 'no space' },
];

test('frames are read, and a comment is none', () => {
  expect(createSseReader().push(text)).toEqual(frames);
});

test('it does not matter where the stream is cut', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(text.length), { maxLength: 12 }), (cuts) => {
      const reader = createSseReader();
      const ends = [...new Set([...cuts, text.length])].toSorted((a, b) => a - b);
      const read = ends.flatMap((end, index) => reader.push(text.slice(ends[index - 1] ?? 0, end)));
      expect(read).toEqual(frames);
    }),
  );
});

test('half a frame is kept until the rest comes', () => {
  const reader = createSseReader();

  expect(reader.push('id: 1\ndata: a')).toEqual([]);
  expect(reader.push('b\n\n')).toEqual([{ event: 'message', id: 1, data: 'ab' }]);
});
