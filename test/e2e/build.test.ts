/** Real builds on the cached base of debian-lite: what a version holds, what is refused, and what a build that dies leaves. */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { lstat, mkdir, readdir, readFile, readlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { ImageManifest } from '../../src/model/manifest.ts';
import { imageState, piImage, processesWith, type Ended } from '../support/pi-image.ts';
import { makeSampleImage, type SampleImage } from '../support/sample-image.ts';

const sh = async (program: string, ...args: string[]) =>
  (await promisify(execFile)(program, args, { maxBuffer: 1 << 26 })).stdout;

/** Shell text that succeeds where there is a network: a route beside the heading. */
const hasNetwork = '[ "$(wc -l < /proc/net/route)" -gt 1 ]';

/** Every path of a tree with mode, owner, size, target and time; the size of a folder depends on its past. */
const listTree = (folder: string) =>
  sh(
    'sh',
    '-c',
    String.raw`cd "$1" && find . -type d -printf '%p %m %U %G %T@\n' -o -printf '%p %m %U %G %s %l %T@\n' | sort`,
    'sh',
    folder,
  );

let image: SampleImage;

beforeAll(async () => {
  const { code, stderr } = await piImage(['--state', imageState, 'build', 'debian-lite'], 40 * 60_000);
  if (code !== 0) throw new Error(stderr);
  image = await makeSampleImage('build-test');
});
afterAll(() => image.remove());

/** Folders of the state directory that exist only while a build runs. */
const leftovers = async () =>
  (await readdir(imageState)).filter((name) => name === 'build' || name.startsWith('build.'));

/** Mounts of, or on, folders of the state directory, in the mount namespace of any process. */
async function mountsOfBuilds(): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const tables = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/mounts`, 'utf8').catch(() => '')));
  const lines = tables.flatMap((table) => table.split('\n')).filter((line) => line.includes(`${imageState}/`));
  // The versions' own file system stays.
  return lines.filter((line) => line.split(' ')[1] !== `${imageState}/exports`);
}

test('an unchanged image is not built again, and no network is asked', async () => {
  const { stdout } = await promisify(execFile)('unshare', [
    '--net',
    process.execPath,
    '--import',
    path.resolve('node_modules/tsx/dist/esm/index.mjs'),
    'src/cli/main.ts',
    '--state',
    imageState,
    'build',
    'debian-lite',
  ]);
  expect(stdout).toMatch(
    /^nothing to do: debian-lite@[\d.]+ is up to date with its package lock of \d{4}-\d\d-\d\d; --update looks for newer packages\n$/,
  );
});

describe('a published version', () => {
  let root: string;
  let first: string;
  let built: Ended;

  beforeAll(async () => {
    await mkdir(image.file('files/etc'), { recursive: true });
    await mkdir(image.file('files/lib/site'), { recursive: true });
    await writeFile(image.file('files/etc/site.conf'), 'one\n', { mode: 0o640 });
    await writeFile(image.file('files/lib/site/data'), 'data\n');
    const facts = 'uname -m > /etc/site.machine; id -u > /etc/site.uid';
    await image.addProgram('setup.sh', `${facts}; cat image.yaml > /dev/null; ! ${hasNetwork}`);
    await image.addProgram('online.sh', `${hasNetwork}; touch /etc/site.online`);
    await image.describe(
      '  - { name: site, files: files/, run: [./setup.sh] }\n  - { name: online, run: [./online.sh], network: true }',
    );
    built = await image.build();
    root = await image.newestRoot();
    [first = ''] = await image.versions();
  });

  test('is made on the base that is in the cache', () => {
    expect(built.stderr).not.toMatch(/base of/);
    expect(built.code).toBe(0);
    expect(built.stdout).toBe(`published ${image.name}@${first}\n`);
  });

  test('has the files of its layers, owned by root, and links to folders stay links', async () => {
    const info = await lstat(path.join(root, 'etc/site.conf'));
    expect([info.uid, info.gid, info.mode & 0o777]).toEqual([0, 0, 0o640]);
    expect(await readlink(path.join(root, 'lib'))).toBe('usr/lib');
    expect(await readFile(path.join(root, 'usr/lib/site/data'), 'utf8')).toBe('data\n');
  });

  test('has what its programs wrote inside, as arm64 and root', async () => {
    expect(await readFile(path.join(root, 'etc/site.machine'), 'utf8')).toBe('aarch64\n');
    expect(await readFile(path.join(root, 'etc/site.uid'), 'utf8')).toBe('0\n');
  });

  test('is sealed', async () => {
    expect(await readFile(path.join(root, 'etc/machine-id'), 'utf8')).toBe('');
    for (const folder of ['run', 'tmp', 'dev', 'proc', 'var/lib/apt/lists', 'var/cache/apt']) {
      expect(await readdir(path.join(root, folder))).toEqual([]);
    }
    const absent = ['etc/hostname', 'etc/resolv.conf', 'usr/sbin/policy-rc.d', 'etc/apt/sources.list', 'boot/firmware'];
    const names = await Promise.all(absent.map((file) => lstat(path.join(root, file)).catch(() => undefined)));
    expect(names).toEqual(absent.map(() => undefined));
    expect(await readlink(path.join(root, 'etc/systemd/system/apt-daily.timer'))).toBe('/dev/null');
    const times = await Promise.all(
      ['usr', 'etc/.updated', 'var/.updated'].map((file) => lstat(path.join(root, file))),
    );
    expect(new Set(times.map(({ mtimeMs }) => mtimeMs)).size).toBe(1);
    expect(await sh('find', root, '-newermt', `@${(times[0]?.mtimeMs ?? 0) / 1000 + 86_400 * 365}`)).toBe('');
  });

  test('says in its manifest what it holds, with the digests that it really has', async () => {
    const folder = path.dirname(root);
    const manifest = ImageManifest.parse(JSON.parse(await readFile(path.join(folder, 'manifest.json'), 'utf8')));
    const kernel = { release: expect.stringMatching(/^7\./) as string, kernel: 'kernel8.img' };
    expect(manifest.kernels).toEqual([
      { ...kernel, initramfs: 'initramfs8', boards: ['pi3', 'pi4', 'pi5'] },
      { ...kernel, initramfs: 'initramfs_uefi', boards: ['uefi'] },
    ]);
    expect(manifest.users['root']).toBe(0);
    expect(manifest.folderLinks).toMatchObject({ bin: 'usr/bin', lib: 'usr/lib' });
    const files = Object.keys(manifest.bootFiles);
    for (const name of [
      'kernel8.img',
      'initramfs8',
      'start4.elf',
      'bootcode.bin',
      'bcm2712-rpi-5-b.dtb',
      'overlays/README',
    ]) {
      expect(files).toContain(name);
    }
    const sums = await sh('sh', '-c', 'cd "$1" && sha256sum -- *', 'sh', path.join(folder, 'boot')).catch(
      (error: { stdout: string }) => error.stdout,
    );
    for (const line of sums.trim().split('\n')) {
      const [digest, name = ''] = line.split(/\s+/);
      expect(manifest.bootFiles[name]?.sha256).toBe(digest);
    }
    expect(
      (await sh('file', '-b', path.join(folder, 'boot/kernel8.img')).catch(() => 'gzip compressed')).startsWith('gzip'),
    ).toBe(true);
  });

  test('is listed and shown', async () => {
    const list = await piImage(image.args('image', 'list', image.name, '-o', 'name'));
    expect(list.stdout).toBe(`${image.name}@${first}\n`);
    const show = await piImage(image.args('image', 'show', image.name, '-o', 'json'));
    expect(JSON.parse(show.stdout)).toMatchObject({ name: image.name, version: first });
  });

  test('stays as it is when a changed file makes a new one, from its layer on', async () => {
    // A layer of an earlier run of this test must not answer: the cache outlives it.
    const two = `two ${randomUUID()}\n`;
    await writeFile(image.file('files/etc/site.conf'), two, { mode: 0o640 });
    const plan = await image.build('--explain', '--offline');
    expect(plan.stdout).toMatch(
      /1\. cached +base of .*\n.*\n 2\. run +layer site: \.\/setup\.sh\n +changed: files\/etc\/site\.conf\n/,
    );

    expect((await image.build('--offline')).code).toBe(0);

    expect(await image.versions()).toHaveLength(2);
    expect(await readFile(path.join(root, 'etc/site.conf'), 'utf8')).toBe('one\n');
    expect(await readFile(path.join(await image.newestRoot(), 'etc/site.conf'), 'utf8')).toBe(two);
  });
});

describe('nothing is published', () => {
  test.each<[string, string, RegExp]>([
    [
      'a private key is left behind',
      'umask 077; printf -- "-----BEGIN %s KEY-----\\n" "OPENSSH PRIVATE" > /root/id',
      /holds secrets.*\n +\/root\/id: a private key/,
    ],
    ['a user would change its number', 'usermod -u 1234 _apt', /user _apt would change from 42 to 1234/],
    ['a program fails', 'echo no luck >&2; exit 3', /broken\.sh of layer site of build-test failed\n +no luck/],
    ['a program wants the network that it was not given', hasNetwork, /broken\.sh of layer site/],
  ])('when %s', async (_name, script, message) => {
    const before = await image.versions();
    await image.addProgram('broken.sh', script);
    await image.describe('  - { name: site, run: [./broken.sh] }');

    const { code, stderr } = await image.build();

    expect(stderr).toMatch(message);
    expect(code).toBe(1);
    expect(await image.versions()).toEqual(before);
    expect(await leftovers()).toEqual([]);
  });

  test('when the archives cannot be reached, and the error names the host and the cure', async () => {
    const before = await image.versions();
    const nowhere = ['--mirror', 'debian=http://127.0.0.1:9/', '--mirror', 'debian-security=http://127.0.0.1:9/'];
    const { code, stderr } = await image.build('--update', ...nowhere);
    expect(stderr).toMatch(
      /pi-image: cannot reach the package archive at 127\.0\.0\.1:9\n {2}because: .*\n {2}hint: .*--offline/,
    );
    expect(code).toBe(1);
    expect(await image.versions()).toEqual(before);
  });
});

describe('a build that is stopped in the middle', () => {
  test.each<[NodeJS.Signals, number | null]>([
    ['SIGINT', 130],
    ['SIGKILL', null],
  ])('by %s leaves no mount, no process and no torso', async (signal, exitCode) => {
    const before = await image.versions();
    await image.addProgram('slow.sh', 'echo started\nsleep 4711');
    await image.describe('  - { name: site, run: [./slow.sh] }');
    const build = image.startBuild();
    const ended = once(build, 'exit');
    await expect.poll(async () => (await processesWith('4711')).length, { timeout: 60_000 }).toBeGreaterThan(0);
    expect((await mountsOfBuilds()).length).toBeGreaterThan(0);

    build.kill(signal);

    expect((await ended)[0]).toBe(exitCode);
    await expect.poll(() => processesWith('4711'), { timeout: 10_000 }).toEqual([]);
    expect(await mountsOfBuilds()).toEqual([]);
    expect((await image.versions()).filter((name) => !name.startsWith('.'))).toEqual(before);
  });

  test('is swept away by the next one', async () => {
    expect(await leftovers()).toEqual(['build']);
    await image.addProgram('quick.sh', ':');
    await image.describe('  - { name: site, run: [./quick.sh] }');

    expect((await image.build()).code).toBe(0);

    expect(await leftovers()).toEqual([]);
    expect((await image.versions()).filter((name) => name.startsWith('.'))).toEqual([]);
  });
});

describe('an import', () => {
  test('of a folder and of a tar file keeps every byte and owner', async () => {
    const root = await image.newestRoot();
    const boot = path.join(path.dirname(root), 'boot');
    const tar = path.join(image.dir, 'root.tar');
    await sh('tar', '--numeric-owner', '--xattrs', '-C', root, '-cf', tar, '.');
    for (const source of [root, tar]) {
      const { code, stderr, stdout } = await piImage(
        image.args('image', 'import', image.name, '--root', source, '--boot', boot, '--boards', 'pi4,uefi'),
        20 * 60_000,
      );
      expect(stderr).not.toMatch(/bug/);
      expect(code).toBe(0);
      expect(stdout).toMatch(/^published build-test@/);
      expect(await listTree(await image.newestRoot())).toBe(await listTree(root));
    }
  });

  test('without a kernel says what is missing', async () => {
    const before = await image.versions();
    const root = await image.newestRoot();
    await mkdir(path.join(image.dir, 'empty'));
    const { code, stderr } = await piImage(
      image.args('image', 'import', image.name, '--root', root, '--boot', path.join(image.dir, 'empty')),
    );
    expect(stderr).toMatch(/the boot folder lacks kernel8\.img, initramfs8/);
    expect(code).toBe(1);
    expect(await image.versions()).toEqual(before);
  });
});
