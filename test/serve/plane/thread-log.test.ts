import { expect, test } from 'vitest';

import type { FromThread } from '../../../src/serve/plane/messages.ts';
import { threadLog } from '../../../src/serve/plane/thread-log.ts';

test('lines that the service does not take are counted, and told of when it listens again', () => {
  const sent: FromThread[] = [];
  let taken = 0;
  const log = threadLog({ send: (message) => void sent.push(message), backlog: () => sent.length - taken });

  for (let count = 0; count < 100_000; count++) log.info('flood');
  expect(sent).toHaveLength(5000);

  taken = sent.length;
  log.warn('again', { after: true });

  expect(sent.slice(5000)).toEqual([
    { kind: 'log', level: 'warn', event: 'log.dropped', fields: { lines: 95_000 } },
    { kind: 'log', level: 'warn', event: 'again', fields: { after: true } },
  ]);
});
