import { expect, test } from 'vitest';

import { limitedLog } from '../../src/serve/limited-log.ts';

test('of one kind there are so many lines in ten seconds, and the next one says how many were left out', () => {
  const lines: string[] = [];
  const write = (event: string, fields?: object) => void lines.push(`${event} ${JSON.stringify(fields)}`);
  let nowMs = 0;
  const log = limitedLog(
    { info: write, warn: write },
    () => nowMs,
    (event) => (event === 'rare' ? 1 : 3),
  );

  for (let count = 0; count < 5; count += 1) log.warn('often', { count });
  for (let count = 0; count < 2; count += 1) log.info('rare', { count });
  nowMs = 9999;
  log.warn('often', { count: 5 });
  nowMs = 10_000;
  log.warn('often', { count: 6 });
  log.warn('often', { count: 7 });

  expect(lines).toEqual([
    'often {"count":0}',
    'often {"count":1}',
    'often {"count":2}',
    'rare {"count":0}',
    'often {"count":6,"untold":3}',
    'often {"count":7}',
  ]);
});
