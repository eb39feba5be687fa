import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, lstat, mkdir, mkdtemp, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { packNodeFiles, type PackedFiles } from '../../src/host/tar.ts';
import { ConfigError } from '../../src/model/errors.ts';
import type { NodeFile } from '../../src/model/node-file.ts';
import { isMissing } from '../support/programs.ts';

const root = { uid: 0, gid: 0 };

const file = (name: string, text: string, mode = 0o644): NodeFile => {
  return { kind: 'file', path: name, mode, ...root, bytes: Buffer.from(text) };
};

const sample: readonly NodeFile[] = [
  { kind: 'remove', glob: 'etc/ssh/ssh_host_*' },
  { kind: 'link', path: 'etc/systemd/system/slurmctld.service', target: '/dev/null' },
  file('etc/munge/munge.key', 'secret', 0o400),
  { kind: 'directory', path: 'etc/munge', mode: 0o700, uid: 100, gid: 101 },
  file('usr/local/bin/hello', '#!/bin/sh\n', 0o755),
  { kind: 'file', path: 'etc/slurm/slurm.conf', mode: 0o640, uid: 64030, gid: 64030, bytes: Buffer.from('x\n') },
  { kind: 'remove', glob: 'etc/cron.d' },
  file(`etc/${'long/'.repeat(20)}name`, 'deep'),
  file('x'.repeat(100), ''),
];

const whole = ({ chunks }: PackedFiles) => Buffer.concat(chunks);

let dir: string;
let archive: string;

beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'pi-image-tar-'));
  archive = path.join(dir, 'overlay.tar');
});

afterEach(async () => {
  await chmod(dir, 0o700);
  await rm(dir, { recursive: true, force: true });
});

const unpackers = [
  { name: 'GNU tar', list: ['tar', '--numeric-owner', '-tvf'], extract: ['tar', '-xpf'] },
  { name: 'busybox tar', list: ['busybox', 'tar', '-tvf'], extract: ['busybox', 'tar', '-xpf'] },
];

describe.each(unpackers)('$name', ({ list, extract }) => {
  const run = ([program = '', ...args]: readonly string[], ...more: readonly string[]) =>
    execFileSync(program, [...args, ...more], { encoding: 'utf8' });

  const isAbsent = isMissing(list[0] ?? '');

  test.skipIf(isAbsent)('lists the globs first, then folders, files and links by path', async () => {
    await writeFile(archive, whole(await packNodeFiles(sample)));

    const lines = run(list, archive).trimEnd().split('\n');

    expect(lines.map((line) => line.replace(/^\S+ +(\d+)\/(\d+) .* \d\d:\d\d(?::\d\d)? /, '$1/$2 '))).toEqual([
      '0/0 .pi-image/remove',
      '100/101 etc/munge',
      `0/0 etc/${'long/'.repeat(20)}name`,
      '0/0 etc/munge/munge.key',
      '64030/64030 etc/slurm/slurm.conf',
      '0/0 usr/local/bin/hello',
      `0/0 ${'x'.repeat(100)}`,
      '0/0 etc/systemd/system/slurmctld.service -> /dev/null',
    ]);
  });

  test.skipIf(isAbsent)('unpacks content, modes and links', async () => {
    const own = sample.map((entry) =>
      'uid' in entry ? { ...entry, uid: process.getuid?.(), gid: process.getgid?.() } : entry,
    );
    await writeFile(archive, whole(await packNodeFiles(own as NodeFile[])));
    const out = path.join(dir, 'out');
    await mkdir(out);

    run(extract, archive, '-C', out);

    expect(await readFile(path.join(out, '.pi-image/remove'), 'utf8')).toBe('etc/cron.d\netc/ssh/ssh_host_*\n');
    expect(await readFile(path.join(out, 'etc/munge/munge.key'), 'utf8')).toBe('secret');
    expect(await readFile(path.join(out, `etc/${'long/'.repeat(20)}name`), 'utf8')).toBe('deep');
    expect(await readlink(path.join(out, 'etc/systemd/system/slurmctld.service'))).toBe('/dev/null');
    const mode = async (name: string) => ((await lstat(path.join(out, name))).mode & 0o7777).toString(8);
    expect(await mode('etc/munge')).toBe('700');
    expect(await mode('etc/munge/munge.key')).toBe('400');
    expect(await mode('etc/slurm/slurm.conf')).toBe('640');
    expect(await mode('usr/local/bin/hello')).toBe('755');
    expect(await mode('.pi-image/remove')).toBe('600');
  });
});

test('the order in which files come does not change a byte', async () => {
  const expected = whole(await packNodeFiles(sample));

  await fc.assert(
    fc.asyncProperty(fc.shuffledSubarray([...sample], { minLength: sample.length }), async (shuffled) => {
      expect(whole(await packNodeFiles(shuffled)).equals(expected)).toBe(true);
    }),
    { numRuns: 20 },
  );
});

test('a path that is given twice has the later content', async () => {
  const twice = await packNodeFiles([file('etc/hosts', 'frozen'), file('etc/hosts', 'live')]);

  expect(whole(twice)).toEqual(whole(await packNodeFiles([file('etc/hosts', 'live')])));
});

test('archives that begin alike share what they begin with, and are what they would be alone', async () => {
  const tables = [file('etc/slurm/slurm.conf', 'x'.repeat(17_000)), file('etc/hosts', 'y'.repeat(20_000))];
  const folder: NodeFile = { kind: 'directory', path: 'etc/slurm', mode: 0o755, ...root };
  const ofNode = (name: string) => [file('etc/a', name), ...tables, folder];
  /** Nothing is known of these objects. */
  const copied = (files: readonly NodeFile[]) =>
    files.map((each) => (each.kind === 'file' ? { ...each, bytes: Buffer.from(each.bytes) } : each));

  const one = await packNodeFiles(ofNode('node01'));
  const other = await packNodeFiles(ofNode('node02'));

  expect(one.chunks.filter((chunk) => other.chunks.includes(chunk)).length).toBe(one.chunks.length - 1);
  for (const [packed, name] of [
    [one, 'node01'],
    [other, 'node02'],
  ] as const) {
    expect(whole(packed).equals(whole(await packNodeFiles(copied(ofNode(name)))))).toBe(true);
    expect(packed.sha256).toBe(createHash('sha256').update(whole(packed)).digest('hex'));
    expect(packed.sizeBytes).toBe(whole(packed).byteLength);
  }
  const [first, ...others] = ofNode('node01');
  const changed = await packNodeFiles([...others, { ...first, mode: 0o600 } as NodeFile]);
  expect(changed.sha256).not.toBe(one.sha256);
});

test('nothing to lay over is an archive with an empty list of globs', async () => {
  await writeFile(archive, whole(await packNodeFiles([])));

  expect(execFileSync('tar', ['-tf', archive], { encoding: 'utf8' })).toBe('.pi-image/remove\n');
});

test.each<[string, NodeFile]>([
  ['a name of 101 characters', file('x'.repeat(101), '')],
  ['a name outside of ASCII', file('etc/müsli', '')],
  ['a folder that fits no prefix', file(`${'x'.repeat(156)}/y`, '')],
  ['a newline in a name', file('etc/a\nb', '')],
  ['a link target of 101 characters', { kind: 'link', path: 'a', target: 'x'.repeat(101) }],
])('%s is refused', async (_what, entry) => {
  await expect(packNodeFiles([entry])).rejects.toThrow(ConfigError);
});
