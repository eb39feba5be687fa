/** What a node says of itself reaches the terminal of the administrator as text, whichever way it is shown. */
import { expect, test } from 'vitest';

import { renderListing, renderValue } from '../../src/cli/output.ts';

const said = 'a\u001b[2J\u009b31m\nb\u007f';
const rows = [{ name: 'node01', said }];
const listing = {
  columns: [
    { title: 'name', of: (row: (typeof rows)[0]) => row.name },
    { title: 'said', of: (row: (typeof rows)[0]) => row.said },
  ],
  name: (row: (typeof rows)[0]) => row.name,
  empty: 'none',
};
// oxlint-disable-next-line no-control-regex -- they are what is looked for
const steering = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/;

test('a table has one line for each row, and no character that steers it', () => {
  const table = renderListing(rows, 'table', listing);

  expect(table).toBe('NAME    SAID\nnode01  a [2J 31m b\n');
  expect(table).not.toMatch(steering);
});

test('as JSON it is escaped, and the same when it is read', () => {
  const text = renderValue(rows, 'json');

  expect(text).not.toMatch(steering);
  expect(JSON.parse(text)).toEqual(rows);
});
