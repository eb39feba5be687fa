import { createHash } from 'node:crypto';

import { expect, test } from 'vitest';

import type { NodeFile } from '../../src/model/node-file.ts';
import { filesList, keepList, liveList } from '../../src/plan/live-part.ts';

const attributes = { uid: 100, gid: 101 };
const file = (path: string, text: string, mode = 0o644): NodeFile => {
  return { kind: 'file', path, mode, ...attributes, bytes: Buffer.from(text) };
};
const folder: NodeFile = { kind: 'directory', path: 'etc/munge', mode: 0o700, ...attributes };
const link: NodeFile = { kind: 'link', path: 'etc/a', target: '/dev/null' };
const sum = (text: string) => createHash('sha256').update(text).digest('hex');
const linesOf = (list: NodeFile | undefined) =>
  list?.kind === 'file' ? Buffer.from(list.bytes).toString().split('\n') : undefined;

test('the list of live files begins with their digest', () => {
  const list = liveList('d1', [file('etc/hosts', 'x'), folder, link, ...keepList([], ['etc/x'])]);

  expect(list).toMatchObject({ path: 'etc/pi-image/live', mode: 0o600 });
  expect(linesOf(list)).toEqual(['d1', 'etc/a', 'etc/hosts', '']);
});

test('the list of all files says how each is to be; a later one of the same path counts', () => {
  const list = filesList([
    file('etc/hosts', 'old'),
    { kind: 'remove', glob: 'x*' },
    folder,
    link,
    file('etc/hosts', 'new', 0o400),
  ]);

  expect(linesOf(list)).toEqual([
    'link etc/a /dev/null',
    `${sum('new')}  etc/hosts`,
    '8100 100:101 etc/hosts',
    '41c0 100:101 etc/munge',
    '',
  ]);
});

test('what is frozen now, and was not when the node booted, is kept until its next boot', () => {
  const booted: NodeFile[] = [{ kind: 'remove', glob: 'etc/b' }, file('etc/a', 'x')];

  expect(keepList(booted, ['etc/a'])).toEqual([]);
  expect(linesOf(keepList(booted, ['etc/a', 'etc/b'])[0])).toEqual(['etc/b', '']);
});
