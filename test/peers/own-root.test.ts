/** Builds without root: the same bytes as root's, published by root. An ordinary user is made for each command. Needs root. */
import {
  chmod,
  chown,
  copyFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { imagesDir, listVersions } from '../../src/host/image-store.ts';
import { readTreeIndex } from '../../src/host/index-file.ts';
import { run } from '../../src/host/process.ts';
import { makeCardImage, sampleBootFiles } from '../support/card-image.ts';
import { compile, compiledProgram } from '../support/compiled.ts';
import { makeOciImage, writeLayout } from '../support/oci-image.ts';
import { OrdinaryUser, ordinaryUid } from '../support/ordinary-user.ts';
import { processesWith } from '../support/pi-image.ts';
import { makeTinySystem } from '../support/tiny-system.ts';

const signal = AbortSignal.timeout(1_200_000);

const specOf = (base: string) => `base: ${base}
layers:
  - name: site
    users: [{ name: ada, groups: [video] }, { name: node, system: true, home: /var/lib/node }]
    run: [./change.sh]
    inputs: []
    files: files/
boards: [uefi]
`;
/** A tar file, the card that it makes, which fuse2fs reads without root, and a container image with it. */
const bases = {
  tree: '{ root: ../root.tar }',
  card: '{ image: { file: ../card.img } }',
  container: '{ oci: { layout: ../layout } }',
} as const;
const images = ['tree', 'card', 'container'] as const;

/** Whiteouts, an emptied folder, owners, a copy of a file with capabilities, links, devices. */
const change = `#!/bin/sh
set -eu
test "$(id -u)" = 0
rm -r /etc/keep /etc/renewed
mkdir /etc/renewed
touch /etc/renewed/new /usr/bin/ping
chown 105:110 /etc/renewed/new
chmod 2750 /etc/renewed
ln /etc/renewed/new /etc/renewed/again
echo x > /dev/null
`;

let dir: string;
let user: OrdinaryUser;
let rootState: string;
let userState: string;
const archives = new Map<string, string>();

const pi = (state: string, ...args: string[]): [string, ...string[]] => [
  process.execPath,
  compiledProgram,
  '--config',
  path.join(dir, 'etc/cluster.yaml'),
  '--state',
  state,
  ...args,
];
const asRoot = (state: string, ...args: string[]) => run(pi(state, ...args), { signal });
const newest = async (state: string, name: string) => {
  const [manifest] = await listVersions(imagesDir(state), name);
  if (manifest === undefined) throw new Error(`no version of ${name} in ${state}`);
  return manifest;
};
const versionDir = async (state: string, name: string) =>
  path.join(imagesDir(state), name, (await newest(state, name)).version);
const entriesOf = async (state: string, name: string) =>
  (await readTreeIndex(path.join(await versionDir(state, name), 'index.json.gz')))?.entries;

beforeAll(async () => {
  await compile();
  dir = await mkdtemp(path.join(tmpdir(), 'own-root-'));
  await chmod(dir, 0o755);
  user = new OrdinaryUser(path.join(dir, 'user'));
  await user.make();
  const folder = path.join(dir, 'etc/images');
  for (const name of images) {
    const image = path.join(folder, name);
    await mkdir(path.join(image, 'files/etc'), { recursive: true });
    await writeFile(path.join(image, 'files/etc/motd'), 'hello\n');
    await writeFile(path.join(image, 'image.yaml'), specOf(bases[name]));
    await writeFile(path.join(image, 'change.sh'), change, { mode: 0o755 });
  }
  const tar = await readFile(await makeTinySystem(folder, signal));
  await writeLayout(path.join(folder, 'layout'), makeOciImage([{ tar, packed: tar, packing: 'tar' }]));
  const content = { root: path.join(folder, 'root'), rootBytes: 20 << 20, bootFiles: sampleBootFiles };
  await makeCardImage(folder, content, signal);
  rootState = path.join(dir, 'root-state');
  userState = path.join(user.home, '.cache/pi-image');
  for (const name of images) {
    await asRoot(rootState, 'build', name);
    // The lock that root has written beside image.yaml is the user's, too.
    const { code, stdout, stderr } = await user.run(pi(userState, 'build', name));
    if (code !== 0) throw new Error(stderr);
    archives.set(
      name,
      /^to publish it on this machine: sudo pi-image image import (\S+)$/m.exec(stdout)?.[1] ?? stdout,
    );
  }
}, 600_000);

afterAll(() => rm(dir, { recursive: true, force: true }));

describe.each(images)('an image that a user has built from a %s', (name) => {
  test('has the bytes, owners, attributes and times of the one that root has built', async () => {
    expect((await stat(path.join(userState, 'layers'))).uid).toBe(ordinaryUid);
    expect(await entriesOf(userState, name)).toEqual(await entriesOf(rootState, name));
    expect((await newest(userState, name)).index).toBe((await newest(rootState, name)).index);
    expect((await newest(userState, name)).bootFiles).toEqual((await newest(rootState, name)).bootFiles);
  });

  test('is published by root from the archive that the build names, and is still the same', async () => {
    const system = path.join(dir, `system-${name}`);
    expect(await asRoot(system, 'image', 'import', archives.get(name) ?? '')).toMatch(
      new RegExp(`^published ${name}@`),
    );
    const [published, built] = [await newest(system, name), await newest(userState, name)];
    expect(published.index).toBe((await newest(rootState, name)).index);
    for (const part of ['bootFiles', 'layers', 'key', 'kernels', 'diskless', 'users'] as const)
      expect(published[part]).toEqual(built[part]);
    expect(await asRoot(system, 'image', 'verify', name)).toContain('as it was published');
    const root = path.join(await versionDir(system, name), 'root');
    const ping = path.join(root, 'usr/bin/ping');
    const capability = await run(['getfattr', '-n', 'security.capability', '-e', 'hex', '--', ping], { signal });
    expect(capability).toContain('0x0100000200200000000000000000000000000000');
    expect((await stat(path.join(root, 'usr/lib/secret'))).uid).toBe(105);
    expect(await readdir(path.join(root, 'etc/renewed'))).toEqual(['again', 'new']);
    expect(await readFile(path.join(root, 'etc/motd'), 'utf8')).toBe('hello\n');
  });
});

test('a build that has nothing to do names its archive again', async () => {
  const { stdout } = await user.run(pi(userState, 'build', 'tree'));
  expect(stdout).toMatch(/^nothing to do/);
  expect(stdout).toContain(archives.get('tree'));
});

test.each<[string[], RegExp]>([
  [['list', 'tree', '-o', 'name'], /^tree@\S+\n$/],
  [['why', 'tree', '/etc/motd'], /layer: +site/],
  [['gc', '--dry-run'], /^would remove 0 versions/m],
  [['verify', 'tree'], /as it was published/],
])('a user who has built finds it with image %j, without --state and cluster.yaml', async (args, wanted) => {
  const argv = pi(userState, 'image', ...args).filter((each) => each !== '--state' && each !== userState);
  const { code, stdout, stderr } = await user.run(argv);
  expect([code, code === 0 ? '' : stderr]).toEqual([0, '']);
  expect(stdout).toMatch(wanted);
});

test('a user tries things in the image, and is root there', async () => {
  const { code, stdout } = await user.run(
    pi(userState, 'image', 'exec', 'tree', '--', 'sh', '-c', 'id -u; touch /x; exit 7'),
  );
  expect([code, stdout]).toEqual([7, '0\n']);
});

test('a build that is killed leaves no process, and the next one goes on', async () => {
  const program = path.join(dir, 'etc/images/tree/change.sh');
  await writeFile(program, `${change}sleep 86421\n`);
  const running = user.run(pi(userState, 'build', 'tree'));
  const ours = async (word: string) =>
    (await processesWith(userState)).filter((each) => each.commandLine.includes(word));
  await expect
    .poll(async () => (await processesWith('86421')).filter((each) => each.commandLine.includes('sleep')), {
      timeout: 60_000,
    })
    .toHaveLength(1);
  const [outer] = (await ours('build')).toSorted((a, b) => a.pid - b.pid);
  if (outer === undefined) throw new Error('the build is not there');
  process.kill(outer.pid, 'SIGKILL');
  expect((await running).code).not.toBe(0);
  await expect.poll(() => processesWith(userState), { timeout: 20_000 }).toEqual([]);
  await writeFile(program, change);
  await writeFile(path.join(dir, 'etc/images/tree/files/etc/motd'), 'after a kill\n');
  const { code, stderr } = await user.run(pi(userState, 'build', 'tree'));
  expect([code, code === 0 ? '' : stderr]).toEqual([0, '']);
  expect(await readdir(userState)).not.toContain('build');
});

describe('an archive', () => {
  /** Unpacked by root, changed, and packed again. */
  async function forged(name: string, tamper: (tree: string) => Promise<unknown>): Promise<string> {
    const tree = path.join(dir, `forged-${name}`);
    await mkdir(tree);
    const keep = ['--numeric-owner', '--xattrs', '--xattrs-include=*'];
    await run(['tar', '-x', ...keep, '-p', '-f', archives.get('card') ?? '', '-C', tree], { signal });
    await tamper(tree);
    const file = `${tree}.tar`;
    await run(['tar', '-c', ...keep, '-f', file, '-C', tree, 'handover.json', 'index.json.gz', 'boot', 'root'], {
      signal,
    });
    return file;
  }
  const state = () => path.join(dir, 'system-forged');
  const half = async (): Promise<string> => {
    const file = path.join(dir, 'half.tar.zst');
    await copyFile(archives.get('card') ?? '', file);
    await truncate(file, Math.floor((await stat(file)).size / 2));
    return file;
  };
  const linkAsBoot = async (tree: string): Promise<void> => {
    await rm(path.join(tree, 'boot'), { recursive: true });
    await symlink('/etc', path.join(tree, 'boot'));
  };
  const addKey = (tree: string) => writeFile(path.join(tree, 'root/etc/key.pem'), '-----BEGIN PRIVATE KEY-----\n');

  test.each<[string, () => Promise<string> | string, string]>([
    ['that is half there', half, 'The archive may be damaged'],
    ['with a key in it', () => forged('key', addKey), 'a private key'],
    ['with a link where boot files were', () => forged('boot', linkAsBoot), 'boot is no folder'],
    [
      'without a kernel that it names',
      () => forged('kernel', (tree) => rm(path.join(tree, 'boot/kernel8.img'))),
      'it lacks boot/kernel8.img',
    ],
    ['of something else', () => path.join(dir, 'etc/images/root.tar'), 'it has no handover.json'],
  ])('%s is refused, and nothing of it is shown', async (_, make, message) => {
    await expect(asRoot(state(), 'image', 'import', await make())).rejects.toThrow(message);
    expect(await listVersions(imagesDir(state()), 'card')).toEqual([]);
    expect(await readdir(path.join(imagesDir(state()), 'card')).catch(() => [])).toEqual([]);
  });

  test('with devices, host keys and capabilities of a namespace loses them, and the rest is as it was built', async () => {
    const file = await forged('devices', async (tree) => {
      const root = path.join(tree, 'root');
      await run(['mknod', path.join(root, 'dev/sda'), 'b', '8', '0'], { signal });
      await run(['mknod', path.join(root, 'usr/lib/mem'), 'c', '1', '1'], { signal });
      await run(['touch', '--date=@1000000000', path.join(root, 'usr/lib')], { signal });
      await mkdir(path.join(root, 'etc/ssh'));
      await writeFile(path.join(root, 'etc/ssh/ssh_host_rsa_key'), 'a key\n');
      const ours = '0x010000030020000000000000000000000000000092100000';
      await run(['setfattr', '-n', 'security.capability', '-v', ours, path.join(root, 'usr/bin/ping')], { signal });
    });
    await asRoot(state(), 'image', 'import', file);
    const found = new Map((await entriesOf(state(), 'card'))?.map((entry) => [entry.path, entry]));
    expect([...found.keys()].filter((name) => /^(?:dev|usr\/lib\/mem|etc\/ssh)/.test(name))).toEqual([
      'dev',
      'etc/ssh',
    ]);
    const built = await entriesOf(userState, 'card');
    const others = built?.filter((entry) => JSON.stringify(found.get(entry.path)) !== JSON.stringify(entry));
    expect(others?.map((entry) => entry.path)).toEqual(['usr/lib']);
  });
});

describe('a user gets a sentence and a cure', () => {
  test('who has no numbers for the users of an image', async () => {
    const poor = new OrdinaryUser(path.join(dir, 'poor'));
    await poor.make('');
    const state = path.join(poor.home, 'state');
    const { code, stderr } = await poor.run(pi(state, 'build', 'tree'));
    expect(code).toBe(1);
    expect(stderr).toContain('without root this takes a user namespace, and an image has files of many users');
    expect(stderr).toMatch(/hint: Run "sudo usermod --add-subuids .* ada".* Or run it with sudo\.\n$/);
    expect(await readdir(state)).toEqual([]);
  });

  test('who builds where root has built', async () => {
    const { code, stderr } = await user.run(pi(rootState, 'build', 'tree'));
    expect([code, stderr]).toEqual([1, expect.stringContaining(`cannot write to ${rootState}`)]);
  });

  test('who builds where root has begun, in a folder of theirs', async () => {
    const state = path.join(user.home, 'mixed');
    await mkdir(path.join(state, 'layers'), { recursive: true });
    await chown(state, ordinaryUid, ordinaryUid);
    const { code, stderr } = await user.run(pi(state, 'build', 'tree'));
    expect([code, stderr]).toEqual([1, expect.stringContaining(`${state} was begun by root`)]);
  });

  test('who has got other numbers since the last build', async () => {
    await writeFile(path.join(dir, 'etc/images/tree/files/etc/motd'), 'of others\n');
    await user.make('900000:65536');
    const { code, stderr } = await user.run(pi(userState, 'build', 'tree'));
    expect([code, stderr]).toEqual([1, expect.stringContaining('had other numbers in /etc/subuid')]);
  });

  test('root, who builds where a user has built', async () => {
    await writeFile(path.join(dir, 'etc/images/tree/files/etc/motd'), 'changed\n');
    await expect(asRoot(userState, 'build', 'tree')).rejects.toThrow(`${userState} is of builds without root`);
  });
});
