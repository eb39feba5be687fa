/** overlays/base's agent on a node whose root is a tree on the storage node: secrets that change stay in memory. */
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { agentDir, shells } from './support/agent-node.ts';
import { isMissing } from './support/programs.ts';

let dir = '';
beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'agent-private-'));
  for (const name of [
    'facts/private/secrets/etc/munge',
    'root/etc/munge',
    'work/new/.pi-image',
    'work/new/etc/munge',
  ]) {
    await mkdir(path.join(dir, name), { recursive: true });
  }
  await writeFile(path.join(dir, 'root/etc/munge/munge.key'), '');
  await writeFile(path.join(dir, 'facts/private/secrets/etc/munge/munge.key'), 'old');
  await writeFile(path.join(dir, 'work/new/etc/munge/munge.key'), 'new', { mode: 0o400 });
  await writeFile(path.join(dir, 'work/new/etc/hosts'), 'hosts\n');
  await writeFile(path.join(dir, 'work/new/.pi-image/secret'), 'etc/munge/munge.key\n');
});
afterEach(() => rm(dir, { recursive: true, force: true }));

/** Mounts are printed; the first umount succeeds, as where one thing is mounted. */
function agent(shell: readonly string[], script: string): string {
  const stubs = `
    set -fu
    facts=${dir}/facts root=${dir}/root work=${dir}/work mounted=yes
    busybox() {
      case $1 in
        mount) echo "$*" ;;
        umount) [ "$mounted" = yes ] && echo "$*" && mounted=no ;;
        *) command busybox "$@" ;;
      esac
    }
    busybox=busybox
    . '${agentDir}/agent-live-files.sh'`;
  const [program = 'sh', ...args] = shell;
  const output = execFileSync(program, [...args, '-c', `${stubs}\n${script}`], { encoding: 'utf8' });
  return output.replaceAll(dir, '@');
}

const read = (name: string) => readFile(path.join(dir, name), 'utf8');

describe.skipIf(isMissing('busybox')).each(shells)('%s', (_name, shell) => {
  test('mounts a secret that changed over the one before, and writes none of it to the tree', async () => {
    expect(agent(shell, 'put_file etc/munge/munge.key')).toBe(
      'mount --bind @/facts/private/secrets/etc/munge/munge.key @/root/etc/munge/munge.key\n',
    );

    expect(await read('facts/private/secrets/etc/munge/munge.key')).toBe('new');
    expect((await stat(path.join(dir, 'facts/private/secrets/etc/munge/munge.key'))).mode & 0o777).toBe(0o400);
    expect(await read('root/etc/munge/munge.key')).toBe('');
    expect(await readdir(path.join(dir, 'root/etc/munge'))).toEqual(['munge.key']);
    expect(await read('work/changed')).toBe('etc/munge/munge.key\n');
  });

  test('makes a place for one that is new', async () => {
    await rm(path.join(dir, 'root/etc/munge'), { recursive: true });
    agent(shell, 'put_file etc/munge/munge.key');

    expect(await read('root/etc/munge/munge.key')).toBe('');
    expect((await stat(path.join(dir, 'root/etc/munge/munge.key'))).mode & 0o777).toBe(0o600);
  });

  test('takes one away that is none any more', async () => {
    const script = "had=etc/munge/munge.key paths='' kept=''; remove_gone";

    expect(agent(shell, script)).toBe('umount @/root/etc/munge/munge.key\n');
    expect(await readdir(path.join(dir, 'root/etc/munge'))).toEqual([]);
  });

  test('writes other files as ever', async () => {
    expect(agent(shell, 'put_file etc/hosts')).toBe('');
    expect(await read('root/etc/hosts')).toBe('hosts\n');
  });

  test('writes a secret to the root where that is in memory itself', async () => {
    await rm(path.join(dir, 'facts/private'), { recursive: true });

    expect(agent(shell, 'put_file etc/munge/munge.key')).toBe('');
    expect(await read('root/etc/munge/munge.key')).toBe('new');
  });
});
