import { expect, test } from 'vitest';

import {
  findSharedFileSystems,
  parseSize,
  planShareFolders,
  planSize,
  requireOwnFileSystems,
} from '../../src/plan/file-systems.ts';

const images = { what: 'images', path: '/s/exports', access: 'read-only', fileSystem: '2' } as const;
const squash = { what: 'squashed images', path: '/s/squash', access: 'read-only', fileSystem: '2' } as const;
const home = { what: 'files of share home', path: '/srv/home', access: 'read-write', fileSystem: '3' } as const;
const own = [{ what: 'the secrets', fileSystem: '1' }];

test('images may lie together, shares may lie together, and nothing else', () => {
  expect(findSharedFileSystems([images, squash, home, { ...home, what: 'files of share work' }], own)).toEqual([]);
  expect(findSharedFileSystems([{ ...images, fileSystem: '1' }], own)).toEqual([
    'images (/s/exports) lie on the file system of the secrets',
  ]);
  expect(findSharedFileSystems([images, { ...home, fileSystem: '2' }], own)).toEqual([
    'files of share home (/srv/home) may be written to, and lie on the file system of images',
  ]);
});

test('all that is wrong is said at once, with the cure', () => {
  const wrong = [
    { ...images, fileSystem: '1' },
    { ...home, fileSystem: '1' },
  ];
  expect(() => requireOwnFileSystems(wrong, own)).toThrow(/images[\s\S]*share home/);
  expect(() => requireOwnFileSystems(wrong, own)).toThrow(
    expect.objectContaining({ hint: expect.stringContaining('pi-image init --file-systems') }),
  );
});

const gibibyte = 2 ** 30;

test.each([
  ['16G', 16 * gibibyte],
  ['1.5g', 1.5 * gibibyte],
  ['512MiB', 512 * 2 ** 20],
  ['1T', 1024 * gibibyte],
])('%s is %d bytes', (text, bytes) => {
  expect(parseSize(text)).toBe(bytes);
});

test.each(['', '16', '1K', '1M', '-5G', 'G'])('%j is no size', (text) => {
  expect(() => parseSize(text)).toThrow('is not a size');
});

test('a part of what is free, within bounds', () => {
  expect(planSize('exports', 50 * gibibyte)).toBe(20 * gibibyte);
  expect(planSize('exports', 1000 * gibibyte)).toBe(64 * gibibyte);
  expect(planSize('exports', 9 * gibibyte)).toBe(4 * gibibyte);
  expect(() => planSize('exports', 5 * gibibyte)).toThrow('too little room');
});

test('shares beside each other get one file system; one that lies beside other things is refused', () => {
  expect(
    planShareFolders([
      { name: 'a', path: '/srv/shares/a' },
      { name: 'b', path: '/srv/shares/b' },
    ]),
  ).toEqual(['/srv/shares']);
  expect(() => planShareFolders([{ name: 'home', path: '/home' }])).toThrow('share home lies in /');
  expect(() => planShareFolders([{ name: 'data', path: '/srv/data' }])).toThrow('share data lies in /srv');
});
