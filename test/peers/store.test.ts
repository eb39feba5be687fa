/**
 * The store of versions on a small file system: kill -9 at every sort of system call of a publication and of a clean-up, and
 * a disk that is full. What was published stays as it was, nothing half-made is shown, and the next start sweeps.
 */
import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { run } from '../../src/host/process.ts';
import { readCost } from '../../src/host/version-cost.ts';
import { compile } from '../support/compiled.ts';
import { StoreLab } from '../support/store-lab.ts';
import type { KillPoint } from '../support/strace.ts';

const signal = AbortSignal.timeout(900_000);
const lab = new StoreLab();

beforeAll(async () => {
  await compile();
  await lab.open(24);
  await run(lab.import(path.join(lab.dir, 'root')), { signal });
}, 300_000);
afterAll(() => lab.close());

const published = async () => (await lab.look()).versions.toReversed();

test('owners, modes, capabilities, devices and names of one file are kept, and verified', async () => {
  const [version = ''] = await published();
  const root = path.join(lab.images, 'small', version, 'root');

  expect(await run(['getcap', path.join(root, 'usr/bin/ping')], { signal })).toContain('cap_net_raw=ep');
  expect((await stat(path.join(root, 'usr/bin/tool4'))).mode & 0o7777).toBe(0o4755);
  expect((await stat(path.join(root, 'usr/lib/null'))).rdev).toBe(0x103);
  const [one, again] = await Promise.all(
    ['tool1', 'tool1-again'].map((name) => stat(path.join(root, 'usr/bin', name))),
  );
  expect(one?.ino).toBe(again?.ino);
  expect(await lab.look()).toEqual({ versions: [version], problems: [] });
});

test('a second version shares what is equal; one changed byte, mode or owner is found', async () => {
  const [first = ''] = await published();
  const root = await lab.makeRoot('second', 'two\n');
  await run(lab.import(root), { signal });
  const second = (await published()).at(-1) ?? '';
  const at = (version: string, file: string) => path.join(lab.images, 'small', version, 'root', file);

  const links = async (file: string) => (await stat(at(second, file))).nlink;
  expect([await links('etc/passwd'), await links('etc/motd')]).toEqual([3, 2]);
  const inode = async (version: string, file: string) => (await stat(at(version, file))).ino;
  expect(await inode(second, 'etc/motd')).not.toBe(await inode(first, 'etc/motd'));
  const { ownBytes } = await readCost([path.join(lab.images, 'small', second)]);
  expect(ownBytes).toBeLessThan(100_000);
  expect(await lab.command('image', 'diff', `small@${first}`, 'small')).toContain('~ /etc/motd content');

  await writeFile(at(second, 'etc/motd'), 'bad\n');
  await run(['chmod', '0777', at(second, 'etc/passwd')], { signal });
  await writeFile(at(second, 'etc/new'), '');
  const said = await lab.command('image', 'verify', 'small');
  expect(said).toContain('/etc/motd has another content');
  expect(said).toContain('/etc/passwd has the mode 0777 and had 0644');
  expect(said).toContain('/etc/new does not belong there');

  // The first version has the same inode.
  expect(await lab.command('image', 'verify', `small@${first}`)).toContain('/etc/passwd has the mode 0777');
  await run(['chmod', '0644', at(first, 'etc/passwd')], { signal });
  await lab.keepOnly([first]);
  expect(await lab.sweep()).toEqual([]);
});

describe('kill -9', () => {
  const publication: readonly KillPoint[] = [
    ...([1, 3] as const).map((count) => ({ call: 'link', count, file: undefined }) as const),
    ...([1, 2, 4] as const).map((count) => ({ call: 'rename', count, file: undefined }) as const),
    ...([3, 6] as const).map((count) => ({ call: 'mkdir', count, file: undefined }) as const),
    ...([1] as const).map((count) => ({ call: 'unlink', count, file: undefined }) as const),
    { call: 'utimensat', count: 3, file: undefined },
    { call: 'syncfs', count: 1, file: undefined },
    { call: 'fsync', count: 1, file: undefined },
  ];

  test('of a publication, at every sort of call: old versions are whole, and the next one is made', async () => {
    const kept = await published();
    const root = await lab.makeRoot('killed', 'three\n');
    const killed: string[] = [];
    for (const point of publication) {
      if (await lab.kill(lab.import(root), point)) killed.push(`${point.call} ${point.count}`);

      const seen = await lab.look();
      expect({ point, problems: seen.problems }).toEqual({ point, problems: [] });
      expect(seen.versions).toEqual(expect.arrayContaining(kept));
      expect({ point, left: await lab.sweep() }).toEqual({ point, left: [] });
      await lab.keepOnly(kept);
    }
    // Calls that never come would prove nothing.
    expect(killed.length).toBeGreaterThan(publication.length - 4);

    await run(lab.import(root), { signal });
    expect((await lab.look()).problems).toEqual([]);
    await lab.keepOnly(kept);
  }, 600_000);

  test('of a clean-up: a version is there whole or not at all', async () => {
    const kept = await published();
    const root = await lab.makeRoot('collected', 'four\n');
    const points: readonly KillPoint[] = [
      ...([1, 2, 3] as const).map((count) => ({ call: 'rename', count, file: undefined }) as const),
      ...([1, 9] as const).map((count) => ({ call: 'unlink', count, file: undefined }) as const),
      ...([1] as const).map((count) => ({ call: 'rmdir', count, file: undefined }) as const),
      { call: 'fsync', count: 1, file: undefined },
    ];
    const killed: string[] = [];
    for (const point of points) {
      // Of three, the two older ones may go.
      for (let count = (await published()).length; count < 3; count += 1) await run(lab.import(root), { signal });
      const before = await published();
      if (await lab.kill(lab.argv('image', 'gc', '--keep', '1'), point)) killed.push(`${point.call} ${point.count}`);

      const seen = await lab.look();
      expect({ point, problems: seen.problems }).toEqual({ point, problems: [] });
      expect(before).toEqual(expect.arrayContaining(seen.versions));
      expect(seen.versions).toContain(before.at(-1));
      expect({ point, left: await lab.sweep() }).toEqual({ point, left: [] });
    }
    expect(killed.length).toBeGreaterThan(points.length - 3);
    expect(kept).toHaveLength(1);
  }, 600_000);
});

test('a full disk refuses a version in words, takes nothing away, and is free again after the sweep', async () => {
  const before = await lab.look();
  const root = await lab.makeRoot('large', 'five\n');
  await writeFile(path.join(root, 'usr/lib/large'), Buffer.alloc(40e6, 'x'));

  const said = await lab.command('image', 'import', 'small', '--root', root, '--boot', path.join(lab.dir, 'boot'));

  expect(said).toMatch(
    /the file system of versions of images is full: \S+\/exports has .* MB free, up to 4\d\.\d MB are written/,
  );
  expect(await lab.look()).toEqual(before);
  expect(await lab.sweep()).toEqual([]);

  // Room can be made while there is none.
  await lab.command(
    'image',
    'import',
    'small',
    '--root',
    path.join(lab.dir, 'root'),
    '--boot',
    path.join(lab.dir, 'boot'),
  );
  const filler = path.join(lab.mountPoint, 'filler');
  await run(['sh', '-c', 'cat /dev/zero > "$1" 2>/dev/null || true', 'sh', filler], { signal });
  expect(await lab.command('image', 'gc', '--keep', '1')).toContain('removed');
  expect((await lab.look()).versions).toHaveLength(1);
  await rm(filler);
  expect((await lab.look()).problems).toEqual([]);
});

test('a pinned version, and one that a role was rolled back to, stay', async () => {
  const root = await lab.makeRoot('pinned', 'six\n');
  for (const motd of ['seven\n', 'eight\n', 'nine\n']) {
    await writeFile(path.join(root, 'etc/motd'), motd);
    await run(lab.import(root), { signal });
  }
  const [oldest = '', , third = ''] = await published();
  await lab.command('image', 'pin', `small@${oldest}`);
  expect(await lab.command('rollback', 'compute')).toContain(`-> small@${third}`);

  expect(await lab.command('image', 'gc', '--keep', '1', '--dry-run')).toContain('would remove 1 version');
  await lab.command('image', 'gc', '--keep', '1');
  expect(await published()).toHaveLength(3);

  await lab.command('image', 'unpin', `small@${oldest}`);
  expect(await lab.command('rollback', 'compute', '--newest')).toContain(`small@${third} ->`);
  await lab.command('image', 'gc', '--keep', '1');
  const left = await published();
  expect(left).toHaveLength(1);
  expect(await readFile(path.join(lab.images, 'small', left[0] ?? '', 'root/etc/motd'), 'utf8')).toBe('nine\n');
});
