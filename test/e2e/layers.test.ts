/** Layers of every kind on the cached base of debian-lite: what is in the image, what is made again, and what a person keeps of a try. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { lstat, mkdir, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { indexFileName, readTreeIndex } from '../../src/host/index-file.ts';
import { imageState, piImage, startPiImage } from '../support/pi-image.ts';
import { makeSampleImage, type SampleImage } from '../support/sample-image.ts';

let image: SampleImage;
let root: string;
/** What the first build said. */
let said: string;

const hash = '$y$j9T$abc$def';
const ofBuild = (kind: string) => path.join(imageState, `builds/layers-test.${kind}`);

const inRoot = (file: string) => readFile(path.join(root, file), 'utf8');

beforeAll(async () => {
  const built = await piImage(['--state', imageState, 'build', 'debian-lite'], 40 * 60_000);
  if (built.code !== 0) throw new Error(built.stderr);
  image = await makeSampleImage('layers-test');
  await mkdir(image.file('files/etc'), { recursive: true });
  await writeFile(image.file('files/etc/motd'), 'hello\n');
  // A program that reads what it may, and the account that was made before it.
  await writeFile(image.file('setting'), 'on\n');
  // Its number is another one in every run: layers stay in the cache, and one from an earlier run would be used.
  await image.addProgram(
    'setup.sh',
    `cat setting > /etc/setting; ls > /etc/seen; id ada > /etc/ada; rm -f /etc/issue; echo ${randomUUID()} > /etc/run`,
  );
  await image.describe(`  - name: tools
    packages: [tree]
  - name: site
    remove: [tree]
    groups: [{ name: gpu, gid: 700 }]
    users:
      - { name: ada, groups: [video, gpu], passwordHash: "${hash}" }
      - { name: prom, system: true, home: /var/lib/prom }
    run: [./setup.sh]
    inputs: [setting]
    files: files/
    units: { enable: [fstrim.timer], disable: [systemd-timesyncd], mask: [getty@tty1] }`);
  const { code, stderr } = await image.build();
  if (code !== 0) throw new Error(stderr);
  said = stderr;
  root = await image.newestRoot();
}, 50 * 60_000);
afterAll(() => image.remove());

describe('an image', () => {
  test('has its accounts, with homes of their own', async () => {
    expect(await inRoot('etc/passwd')).toMatch(/^ada:x:1000:1000::\/home\/ada:\/bin\/bash$/m);
    expect(await inRoot('etc/passwd')).toMatch(/^prom:x:(\d{3}):\1::\/var\/lib\/prom:\/usr\/sbin\/nologin$/m);
    expect(await inRoot('etc/group')).toMatch(/^gpu:x:700:ada$/m);
    expect(await inRoot('etc/shadow')).toMatch(/^prom:\*:20000:/m);
    const home = await lstat(path.join(root, 'home/ada'));
    expect([home.uid, home.gid, home.mode & 0o777]).toEqual([1000, 1000, 0o700]);
    expect((await lstat(path.join(root, 'home/ada/.profile'))).uid).toBe(1000);
    expect(said).toMatch(/warning: the password of ada is in the image/);
    expect(await readdir(path.join(root, 'var/lib/prom'))).toEqual([]);
    const shadow = await lstat(path.join(root, 'etc/shadow'));
    expect([shadow.uid, shadow.gid, shadow.mode & 0o777]).toEqual([0, 42, 0o640]);
  });

  test('has what its programs made, who saw their inputs and the accounts and nothing else', async () => {
    expect(await inRoot('etc/setting')).toBe('on\n');
    expect(await inRoot('etc/seen')).toBe('setting\nsetup.sh\n');
    expect(await inRoot('etc/ada')).toMatch(/^uid=1000\(ada\) .*44\(video\).*700\(gpu\)/);
    expect(await inRoot('etc/motd')).toBe('hello\n');
  });

  test('has its units as it says, also where most images have them masked', async () => {
    const units = path.join(root, 'etc/systemd/system');
    expect(await readlink(path.join(units, 'timers.target.wants/fstrim.timer'))).toMatch(/\/fstrim\.timer$/);
    expect(await readlink(path.join(units, 'getty@tty1.service'))).toBe('/dev/null');
    expect(await readdir(path.join(units, 'sysinit.target.wants'))).not.toContain('systemd-timesyncd.service');
    await expect(lstat(path.join(units, 'fstrim.timer'))).rejects.toThrow('ENOENT');
  });

  test('lacks the packages that a layer removed, and dpkg knows', async () => {
    for (const gone of ['usr/bin/tree', 'etc/issue'])
      await expect(lstat(path.join(root, gone))).rejects.toThrow('ENOENT');
    expect(await inRoot('var/lib/dpkg/status')).not.toMatch(/^Package: tree$/m);
  });

  test('tells the hash of a password to nobody who does not read its shadow', async () => {
    expect(await inRoot('etc/shadow')).toContain(hash);
    const sbom = await piImage(image.args('image', 'sbom', image.name, '-o', 'cyclonedx-json'));
    const index = await readTreeIndex(path.join(root, '..', indexFileName));
    const files = [path.join(root, '../manifest.json'), image.file('image.lock.json'), ofBuild('json')];
    const texts = await Promise.all(files.map((file) => readFile(file, 'utf8')));
    const all = [said, sbom.stdout, JSON.stringify(index), ...texts];
    expect(all.filter((text) => text.length < 100)).toEqual([]);
    // Its programs may have nothing to say.
    const log = await readFile(ofBuild('log'), 'utf8');
    expect([...all, log].filter((text) => text.includes(hash))).toEqual([]);
  });

  test('has its lock beside image.yaml', async () => {
    const lock = JSON.parse(await readFile(image.file('image.lock.json'), 'utf8')) as { layers: { name: string }[] };
    expect(lock.layers.map(({ name }) => name)).toEqual(['base', 'tools', 'site']);
  });
});

describe('built again', () => {
  test('from lock and kept packages alone it is the same, byte by byte', async () => {
    const before = await image.newestManifest();
    for (const { key } of before.layers?.slice(1) ?? [])
      await rm(path.join(imageState, 'layers', key), { recursive: true });
    await rm(path.dirname(root), { recursive: true });

    const { code, stderr } = await image.build('--offline');

    expect([code, stderr]).toEqual([0, expect.not.stringContaining('fetching')]);
    const after = await image.newestManifest();
    expect(after.index).toBe(before.index);
    expect(after.bootFiles).toEqual(before.bootFiles);
    root = await image.newestRoot();
  });

  test('with a comment more in a program nothing is published, and what lies above it is not made again', async () => {
    const versions = await image.versions();
    const program = await readFile(image.file('setup.sh'), 'utf8');
    await writeFile(image.file('setup.sh'), `${program}# a remark\n`);
    const plan = await image.build('--explain', '--offline');
    expect(plan.stdout).toMatch(/run +layer site: accounts gpu ada prom, \.\/setup\.sh\n +changed: setup\.sh\n/);

    const { stdout, stderr } = await image.build('--offline');

    expect(stdout).toMatch(/^nothing to publish: what was made anew holds what layers-test@[\d.]+ holds\n$/);
    expect(stderr).not.toMatch(/files from/);
    expect(await image.versions()).toEqual(versions);
  });

  test('with another file it runs no program and makes no boot file again', async () => {
    await writeFile(image.file('files/etc/motd'), 'good evening\n');
    const plan = await image.build('--explain', '--offline');
    expect(plan.stdout).toMatch(
      /cached +layer site: accounts.*\n.*\n.* run +layer site: files from files\/.*\n +changed: .*files\/etc\/motd\n/,
    );

    const { code } = await image.build('--offline');

    expect(code).toBe(0);
    expect(await readFile(ofBuild('log'), 'utf8')).not.toContain('modules:');
  });
});

describe('a try', () => {
  test('runs on the last build and leaves nothing', async () => {
    const { stdout, stderr, code } = await piImage(
      image.args('image', 'exec', image.name, '--', 'sh', '-c', 'uname -m; cat /etc/motd; rm /etc/motd; exit 3'),
    );
    expect([stdout, code]).toEqual(['aarch64\ngood evening\n', 3]);
    expect(stderr).not.toContain('pi-image');
    const kept = await piImage(image.args('image', 'exec', image.name, '--keep', 'no', '--', 'sh', '-c', 'exit 4'));
    expect([kept.code, kept.stderr]).toEqual([4, expect.stringContaining('nothing is kept: the command failed')]);
    expect((await piImage(image.args('image', 'exec', image.name, '--', 'nothing-of-that-name'))).code).toBe(127);
    expect((await image.build('--plan', '--offline')).stdout).not.toMatch(/ run /);
    expect((await readdir(imageState)).filter((name) => name.startsWith('build.'))).toEqual([]);
  });

  test('that is kept becomes a layer that the next build makes', async () => {
    const kept = await piImage(
      image.args('image', 'exec', image.name, '--keep', 'stamp', '--', 'touch', '/etc/a stamp'),
    );
    expect(kept.stdout).toMatch(/^kept: stamp\.sh, image\.yaml; /);
    expect(await readFile(image.file('stamp.sh'), 'utf8')).toBe("#!/bin/sh\nset -eu\ntouch '/etc/a stamp'\n");
    expect((await image.build('--offline')).code).toBe(0);
    root = await image.newestRoot();
    expect(await inRoot('etc/a stamp')).toBe('');
  });

  test('in a shell keeps what changed, and says what it cannot keep', async () => {
    const shell = startPiImage(image.args('image', 'shell', image.name, '--keep', 'byhand'), 'pipe');
    let told = '';
    for (const stream of [shell.stdout, shell.stderr])
      stream?.on('data', (chunk: Buffer) => (told += chunk.toString()));
    shell.stdin?.end('echo tool > /opt/tool; rm /etc/motd; useradd -r by-hand\n');
    await once(shell, 'exit');
    expect(told).toMatch(/not kept as it is: accounts belong under users: and groups:/);
    expect(told).toMatch(/kept: byhand\/, byhand\.sh, image\.yaml; /);
    expect(await readFile(image.file('byhand/opt/tool'), 'utf8')).toBe('tool\n');
    expect((await image.build('--offline')).code).toBe(0);
    root = await image.newestRoot();
    expect(await inRoot('opt/tool')).toBe('tool\n');
    await expect(lstat(path.join(root, 'etc/motd'))).rejects.toThrow('ENOENT');
  });
});
