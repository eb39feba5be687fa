/** When is a batch closed, and what becomes of changes that come while it is written? With a disk that a test holds up. */
import { expect, test } from 'vitest';

import { GroupCommits } from '../../../src/host/database/commits.ts';
import type { Batch } from '../../../src/host/database/writer.ts';

/** A list of words as the value, each change one word. */
function setUp() {
  let committed: readonly string[] = [];
  let current = committed;
  const writes: { batch: Batch; done: () => void; fail: () => void }[] = [];
  const commits = new GroupCommits({
    write: (batch) =>
      new Promise((resolve, reject) => {
        writes.push({ batch, done: () => resolve([]), fail: () => reject(new Error('disk')) });
      }),
    explain: (error) => error,
    now: () => 1000,
  });
  commits.join({
    take: () => {
      const value = current;
      const put =
        value === committed ? [] : [{ row: { key: 'words', position: 1, document: value.join(' ') }, item: value }];
      return { rows: [{ table: 'counters', put, remove: [] }], accept: () => void (committed = value) };
    },
    revert: () => void (current = committed),
  });
  const add = (word: string) => () => void (current = [...current, word]);
  const written = () => writes.map(({ batch }) => batch.rows[0]?.put[0]?.row.document);
  return { commits, add, writes, written, words: () => current };
}

const turn = () => new Promise((resolve) => void setImmediate(resolve));

test('all changes of a turn go out in one write, later ones in the next', async () => {
  const { commits, add, writes, written, words } = setUp();
  const first = [commits.update(add('a')), commits.update(add('b'))];
  expect(words()).toEqual(['a', 'b']);
  expect(written()).toEqual([]);
  await turn();
  const second = commits.update(add('c'));
  expect(written()).toEqual(['a b']);

  writes[0]?.done();
  await Promise.all(first);
  await turn();
  expect(written()).toEqual(['a b', 'a b c']);
  writes[1]?.done();
  await second;
});

test('a change that comes while a write fails stands on its own', async () => {
  const { commits, add, writes, written, words } = setUp();
  const lost = commits.update(add('lost'));
  await turn();
  const late = commits.update(add('late'));
  expect(words()).toEqual(['lost', 'late']);

  writes[0]?.fail();
  await expect(lost).rejects.toThrow('disk');
  expect(words()).toEqual(['late']);
  await turn();
  expect(written()).toEqual(['lost', 'late']);
  writes[1]?.done();
  await late;
});

test('an update that stood on a lost one is rejected with its own reason', async () => {
  const { commits, add, writes, words } = setUp();
  const lost = commits.update(add('lost'));
  await turn();
  const late = commits.update(() => {
    if (!words().includes('lost')) throw new Error('there is no "lost"');
    add('late')();
  });

  writes[0]?.fail();
  await expect(lost).rejects.toThrow('disk');
  await expect(late).rejects.toThrow('there is no "lost"');
  expect(words()).toEqual([]);
});

test('a change that throws is rejected, and not written', async () => {
  const { commits, add, written } = setUp();
  const refuse = () => {
    throw new Error('no such node');
  };
  await expect(commits.update(refuse)).rejects.toThrow('no such node');
  expect(() => commits.amend(refuse)).toThrow('no such node');
  await turn();
  expect(written()).toEqual([]);
  void commits.update(add('a'));
  await turn();
  expect(written()).toEqual(['a']);
});

test('what changes nothing is written nowhere, and resolves', async () => {
  const { commits, written } = setUp();
  await commits.update(() => undefined);
  expect(written()).toEqual([]);
});

test('flush waits for a write under way, and for what came meanwhile', async () => {
  const { commits, add, writes, written } = setUp();
  void commits.update(add('a'));
  await turn();
  commits.amend(add('b'));
  let isFlushed = false;
  const flushed = commits.flush().then(() => (isFlushed = true));

  writes[0]?.done();
  await turn();
  await turn();
  expect(written()).toEqual(['a', 'a b']);
  expect(isFlushed).toBe(false);
  writes[1]?.done();
  await flushed;
});
