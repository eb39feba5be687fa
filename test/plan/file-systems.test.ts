import { expect, test } from 'vitest';

import {
  findSharedFileSystems,
  parseSize,
  planShareFileSystems,
  planSize,
  requireOwnFileSystems,
} from '../../src/plan/file-systems.ts';

const images = { what: 'images', path: '/s/exports', access: 'read-only', fileSystem: '2' } as const;
const squash = { what: 'squashed images', path: '/s/squash', access: 'read-only', fileSystem: '2' } as const;
const homeFiles = { what: 'files of share home', path: '/srv/home', access: 'read-write', fileSystem: '3' } as const;
const own = [{ what: 'the secrets', fileSystem: '1' }];

test('images may lie together, shares may lie together, and nothing else', () => {
  expect(
    findSharedFileSystems([images, squash, homeFiles, { ...homeFiles, what: 'files of share work' }], own),
  ).toEqual([]);
  expect(findSharedFileSystems([{ ...images, fileSystem: '1' }], own)).toEqual([
    'images (/s/exports) lie on the file system of the secrets',
  ]);
  expect(findSharedFileSystems([images, { ...homeFiles, fileSystem: '2' }], own)).toEqual([
    'files of share home (/srv/home) may be written to, and lie on the file system of images',
  ]);
});

test('all that is wrong is said at once, with the cure', () => {
  const wrong = [
    { ...images, fileSystem: '1' },
    { ...homeFiles, fileSystem: '1' },
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
  expect(planSize('share', 50 * gibibyte)).toBe(2 * gibibyte);
  expect(() => planSize('exports', 5 * gibibyte)).toThrow('too little room');
});

const home = { name: 'home', path: '/srv/shares/home' };
const slurm = { name: 'slurm', path: '/srv/shares/slurm', roles: ['controller'] };
const shared = { mountPoint: '/srv/shares', image: 'shares.img', size: 'shares' };
const ownOfSlurm = { mountPoint: '/srv/shares/slurm', image: 'share-slurm.img', size: 'share' };

test('shares of every node get one file system; one that lies beside other things is refused', () => {
  expect(planShareFileSystems([home, { name: 'work', path: '/srv/shares/work' }])).toEqual([shared]);
  expect(() => planShareFileSystems([{ name: 'home', path: '/home' }])).toThrow('share home lies in /');
  expect(() => planShareFileSystems([{ name: 'data', path: '/srv/data' }])).toThrow('share data lies in /srv');
});

test('a share for some roles has a file system of its own, mounted after the one around it', () => {
  expect(planShareFileSystems([slurm, home])).toEqual([shared, ownOfSlurm]);
  expect(planShareFileSystems([slurm])).toEqual([ownOfSlurm]);
  expect(() => planShareFileSystems([{ ...slurm, path: '/home' }])).toThrow('share slurm lies in /home');
});

test('a file that is mounted elsewhere is not mounted twice, and one that was to be mounted here is taken', () => {
  const elsewhere = { source: 'shares.img', mountPoint: '/data/shares' };
  expect(planShareFileSystems([home], [elsewhere])).toEqual([{ ...shared, image: 'shares-2.img' }]);
  const here = { source: 'shares-3.img', mountPoint: '/srv/shares' };
  expect(planShareFileSystems([home], [elsewhere, here])).toEqual([{ ...shared, image: 'shares-3.img' }]);
});
