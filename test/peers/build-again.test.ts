/** A version that is damaged: it is found, and what the error says to do makes a whole one beside it. Needs root. */
import { appendFile, chmod, lstat, readdir } from 'node:fs/promises';
import path from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { BuildLab } from '../support/build-lab.ts';
import { compile } from '../support/compiled.ts';

const minutesMs = 5 * 60_000;
const lab = new BuildLab();

beforeAll(async () => {
  await compile();
  await lab.open();
  await lab.change('one');
  await lab.command('build', 'tiny');
}, minutesMs);
afterAll(() => lab.close());

const at = (version: string, file: string) => path.join(lab.images, 'tiny', version, file);
const inode = async (version: string, file: string) => (await lstat(at(version, file))).ino;

async function bootFileOf(version: string): Promise<string> {
  const names = await readdir(at(version, 'boot'));
  return path.join('boot', names.find((name) => name.startsWith('initramfs')) ?? '');
}

test(
  'is made again with none of what is damaged, and shares the rest',
  async () => {
    const [first = ''] = (await lab.look()).versions;
    const boot = await bootFileOf(first);
    const damaged = ['root/etc/marker', 'root/usr/bin/dpkg', boot];
    await appendFile(at(first, 'root/etc/marker'), 'x');
    await chmod(at(first, 'root/usr/bin/dpkg'), 0o700);
    await appendFile(at(first, boot), 'x');

    const found = await lab.command('image', 'verify', 'tiny').catch(String);
    for (const file of damaged) expect(found).toContain(file.replace(/^root/, ''));
    expect(found).toContain('"pi-image build NAME --again"');
    expect(await lab.command('build', 'tiny')).toContain(`nothing to do: tiny@${first}`);
    expect(await lab.command('build', 'tiny', '--again', '--explain')).toContain('--again asks for another');

    await lab.command('build', 'tiny', '--again');

    const second = (await lab.look()).versions.at(-1) ?? '';
    expect(second).not.toBe(first);
    expect(await lab.command('image', 'verify', `tiny@${second}`)).toContain('as it was published');
    for (const file of damaged) expect([file, await inode(second, file)]).not.toEqual([file, await inode(first, file)]);
    expect(await inode(second, 'root/usr/bin/tar')).toBe(await inode(first, 'root/usr/bin/tar'));
    expect(await lab.command('image', 'verify', `tiny@${first}`).catch(String)).toContain('is not as it was published');
  },
  minutesMs,
);

test(
  'nothing that is whole is taken from the store',
  async () => {
    const before = (await lab.look()).versions.at(-1) ?? '';
    await lab.command('build', 'tiny', '--again');
    const after = (await lab.look()).versions.at(-1) ?? '';
    const boot = await bootFileOf(before);
    for (const file of ['root/etc/marker', boot]) expect(await inode(after, file)).toBe(await inode(before, file));
  },
  minutesMs,
);

test(
  'what comes of a build is one document for programs',
  async () => {
    const read = async (...args: string[]) => JSON.parse(await lab.command(...args, '-o', 'json')) as object;
    const of = { image: 'tiny', lookedForUpdates: false };

    const published = await read('build', 'tiny', '--again');
    const version = (await lab.look()).versions.at(-1) ?? '';

    expect(published).toEqual({ ...of, version, result: 'published' });
    expect(await read('build', 'tiny')).toEqual({ ...of, version, result: 'up-to-date' });
    expect(await read('build', 'tiny', '--plan')).toMatchObject({ image: 'tiny', isComplete: true, isUpToDate: true });
    expect(await read('image', 'sign', 'tiny')).toEqual({ image: 'tiny', version });
  },
  minutesMs,
);
