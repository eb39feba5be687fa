/** The scripts of boot/initramfs that make a root in each mode, run by this machine's shell with what they call replaced. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { lstat, mkdir, mkdtemp, readFile, readlink, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const folder = path.resolve(import.meta.dirname, '../boot/initramfs');
const parts = readdirSync(path.join(folder, 'lib')).filter((name) => name.endsWith('.sh'));

let scratch = '';
beforeEach(async () => {
  scratch = await mkdtemp(path.join(tmpdir(), 'initramfs-roots-'));
  await mkdir(path.join(scratch, 'work/image'), { recursive: true });
  await mkdir(path.join(scratch, 'root'));
});
afterEach(() => rm(scratch, { recursive: true, force: true }));

/** Sources all parts below this test's folder, replaces what would touch the machine, then runs `script`. */
function sh(script: string, stubs = ''): string {
  const sources = parts.map((name) => `. '${folder}/lib/${name}'`).join('\n');
  const harmless =
    `to_kernel_log() { echo "$1: $2"; }; restart() { exit 7; }; sleep() { :; }; report() { echo "report $*"; }; ` +
    `mount() { echo "mount $*"; }; work=${scratch}/work new_root=${scratch}/root private=${scratch}/work/private; ` +
    `server=10.42.0.1 nfs_port=2049 address=10.42.0.11 http_port=80`;
  const run = () =>
    execFileSync('/bin/sh', ['-uc', `${sources}\n${harmless}\n${stubs}\n${script}`], { encoding: 'utf8' });
  try {
    return run().replaceAll(scratch, '@');
  } catch (error) {
    const { status, stdout } = error as { status: number; stdout: string };
    return `${stdout}exit ${status}\n`.replaceAll(scratch, '@');
  }
}

describe('make_root', () => {
  const nfs = 'set_nfs_parameters() { :; }';
  const options = (own: string) =>
    `${own},vers=4.1,proto=tcp,port=2049,hard,addr=10.42.0.1,clientaddr=10.42.0.11 10.42.0.1:/r`;

  test.each([
    ['shared', `mount -t nfs4 -o ${options('ro,nocto,actimeo=3600')} @/work/image\nlaid\n`],
    [
      'squash',
      `mount -t nfs4 -o ${options('ro,nocto,actimeo=3600')} @/work/store\n` +
        'mount -t squashfs -o ro,loop @/work/store/root.squashfs @/work/image\nlaid\n',
    ],
    ['ram', 'fetched\nmount -t squashfs -o ro,loop @/work/ram/root.squashfs @/work/image\nlaid\n'],
    ['persistent', `mount -t nfs4 -o ${options('rw,nocto,actimeo=60')} @/root\n`],
  ])('in the mode %s', (mode, expected) => {
    const stubs = `${nfs}; lay_changes_over_image() { echo laid; }; fetch_squashfs() { echo fetched; }`;

    expect(sh(`mode=${mode} root=/r; make_root`, stubs)).toBe(expected);
  });

  test('in a mode that it does not know ends in one sentence', () => {
    expect(sh('mode=disk root=/r; make_root')).toContain('3: this initramfs knows no root mode disk. ');
  });
});

describe('a root in memory', () => {
  const bytes = Buffer.from('a squashfs');
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const stubs = (mib: number) =>
    `memory_mib() { echo ${mib}; }; get_patiently() { printf 'a squashfs' > "$2"; }; ` +
    'sha256sum() { command sha256sum -c --status; }';

  test('is mounted when its digest is right', () => {
    expect(sh(`sha256=${sha256} size=${100 * 1024 * 1024}; fetch_squashfs && echo whole`, stubs(900))).toBe(
      'mount -t tmpfs -o mode=0700,size=101m ram @/work/ram\nwhole\n',
    );
  });

  test('is fetched again when its digest is wrong, and at last refused', () => {
    const said = sh(`sha256=${'0'.repeat(64)} size=1048576; fetch_squashfs`, stubs(900));

    expect(said.match(/fetching it again/g)).toHaveLength(3);
    expect(said).toContain("3: this node's root arrived damaged three times. ");
  });

  test.each([
    [900, 700, 'whole'],
    [900, 800, "a root of 801 MiB does not fit into this board's 900 MiB of memory"],
  ])('with %i MiB, of %i MiB: %s', (memory, mib, expected) => {
    expect(sh(`sha256=${sha256} size=${mib * 1024 * 1024}; fetch_squashfs && echo whole`, stubs(memory))).toContain(
      expected,
    );
  });

  test.each([
    ['squash', true],
    ['ram', true],
    ['shared', false],
    ['persistent', false],
  ])('%s loads the modules of a squashfs: %s', async (mode, loads) => {
    await writeFile(path.join(scratch, 'order'), 'every nfs-of-test\nsquash squashfs-of-test\n');
    await writeFile(path.join(scratch, 'machines'), '');
    const stub = `modules='${scratch}' compatible_file=/nonexistent mode=${mode}; insmod() { echo "$1"; }`;

    expect(sh('load_modules', stub).includes('@/squashfs-of-test.ko')).toBe(loads);
  });
});

describe('the overlay of a tree of its own', () => {
  /** Texts, or where links lead. */
  async function overlay(
    files: Record<string, string>,
    secrets: readonly string[] = [],
    folders: readonly string[] = [],
  ): Promise<void> {
    const source = path.join(scratch, 'source');
    await rm(source, { recursive: true, force: true });
    const lists = { '.pi-image/remove': '', '.pi-image/secret': secrets.map((name) => `${name}\n`).join('') };
    for (const [name, text] of Object.entries({ ...lists, ...files })) {
      await mkdir(path.dirname(path.join(source, name)), { recursive: true });
      if (text.startsWith('-> ')) await symlink(text.slice(3), path.join(source, name));
      else await writeFile(path.join(source, name), text);
    }
    const names = ['.pi-image/remove', '.pi-image/secret', ...folders, ...Object.keys(files)];
    const archive = path.join(scratch, 'work/overlay.tar');
    execFileSync('tar', ['-cf', archive, '--no-recursion', '-C', source, ...names]);
  }

  const apply = () => {
    execFileSync('rm', ['-rf', path.join(scratch, 'work/private')]);
    return sh('put_overlay_into_tree');
  };
  const inTree = (name: string) => readFile(path.join(scratch, 'root', name), 'utf8');
  async function image(files: Record<string, string>): Promise<void> {
    for (const [name, text] of Object.entries(files)) {
      await mkdir(path.dirname(path.join(scratch, 'root', name)), { recursive: true });
      await writeFile(path.join(scratch, 'root', name), text);
    }
  }

  test('is written into it, and secrets are mounted over empty files', async () => {
    await image({ 'etc/hostname': 'image\n', 'etc/own': 'of the node\n' });
    await overlay({ 'etc/hostname': 'own\n', 'etc/munge.key': 'secret', 'etc/localtime': '-> /usr/zone' }, [
      'etc/munge.key',
    ]);

    expect(apply()).toBe('mount --bind @/work/private/secrets/etc/munge.key @/root/etc/munge.key\n');

    expect(await inTree('etc/hostname')).toBe('own\n');
    expect(await inTree('etc/own')).toBe('of the node\n');
    expect(await inTree('etc/munge.key')).toBe('');
    expect((await lstat(path.join(scratch, 'root/etc/munge.key'))).mode & 0o777).toBe(0o600);
    expect(await readlink(path.join(scratch, 'root/etc/localtime'))).toBe('/usr/zone');
    expect(await readFile(path.join(scratch, 'work/private/secrets/etc/munge.key'), 'utf8')).toBe('secret');
  });

  test('with folders gives them their modes, and takes none of them away later', async () => {
    await image({ 'root/.ssh/authorized_keys': 'of the node\n' });
    await overlay({ 'root/.ssh/config': 'of the overlay\n' }, [], ['root/.ssh']);
    apply();
    await overlay({ 'etc/other': 'now\n' });
    apply();

    expect(await inTree('root/.ssh/authorized_keys')).toBe('of the node\n');
    await expect(inTree('root/.ssh/config')).rejects.toThrow('ENOENT');
  });

  test('changes the time of no folder that it only passes through', async () => {
    await image({ 'usr/lib/there': 'of the image\n' });
    const usr = path.join(scratch, 'root/usr');
    await utimes(usr, 1000, 1000);
    await overlay({ 'usr/lib/added': 'too\n' });
    apply();

    expect(await inTree('usr/lib/added')).toBe('too\n');
    expect((await lstat(usr)).mtimeMs).toBe(1_000_000);
  });

  test('leaves no secret in it, wherever one looks', async () => {
    await image({ 'etc/munge.key': 'of the image' });
    await overlay({ 'etc/munge.key': 'top-secret' }, ['etc/munge.key']);
    apply();

    const found = execFileSync('sh', ['-c', `grep -r top-secret '${scratch}/root' || true`], { encoding: 'utf8' });
    expect(found).toBe('');
  });

  test('that has a file less gives back what was there, and keeps what the node wrote', async () => {
    await image({ 'etc/fstab': 'of the image\n' });
    await overlay({ 'etc/fstab': 'of the overlay\n', 'etc/added': 'too\n', 'etc/link': '-> x' });
    apply();
    await image({ 'etc/written': 'by the node\n' });
    await overlay({ 'etc/other': 'now\n' });

    expect(apply()).toBe('');

    expect(await inTree('etc/fstab')).toBe('of the image\n');
    expect(await inTree('etc/other')).toBe('now\n');
    expect(await inTree('etc/written')).toBe('by the node\n');
    await expect(inTree('etc/added')).rejects.toThrow('ENOENT');
    await expect(lstat(path.join(scratch, 'root/etc/link'))).rejects.toThrow('ENOENT');
  });

  test('at each boot is the same again, and forgets nothing of the image', async () => {
    await image({ 'etc/fstab': 'of the image\n' });
    await overlay({ 'etc/fstab': 'of the overlay\n' });
    apply();
    apply();
    await overlay({ 'etc/other': 'now\n' });
    apply();

    expect(await inTree('etc/fstab')).toBe('of the image\n');
  });

  test('that cannot be unpacked ends the boot with the reason', async () => {
    await writeFile(path.join(scratch, 'work/overlay.tar'), 'no archive');

    expect(apply()).toMatch(/^3: cannot put this node's overlay into its tree: .+exit 7\n$/s);
  });
});
