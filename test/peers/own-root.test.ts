/** Builds without root: the same bytes as root's, published by root. An ordinary user is made for each command. Needs root. */
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { imagesDir, listVersions } from '../../src/host/image-store.ts';
import { readTreeIndex } from '../../src/host/index-file.ts';
import { run } from '../../src/host/process.ts';
import { compile, compiledProgram } from '../support/compiled.ts';
import { OrdinaryUser } from '../support/ordinary-user.ts';
import { makeTinySystem } from '../support/tiny-system.ts';

const signal = AbortSignal.timeout(600_000);
const spec = `base: { root: ./root.tar }
layers:
  - name: site
    users: [{ name: ada, groups: [video] }, { name: node, system: true, home: /var/lib/node }]
    run: [./change.sh]
    inputs: []
    files: files/
boards: [uefi]
`;

/** Whiteouts, an emptied folder, owners, a copy of a file with capabilities, links. */
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
const pi = (state: string, ...args: string[]) => [
  process.execPath,
  compiledProgram,
  '--config',
  path.join(dir, 'etc/cluster.yaml'),
  '--state',
  state,
  ...args,
];
const asRoot = async (state: string, ...args: string[]) => {
  const [program = '', ...rest] = pi(state, ...args);
  return run([program, ...rest], { signal });
};
const newest = async (state: string) => (await listVersions(imagesDir(state), 'tiny'))[0];
const entriesOf = async (state: string) => {
  const version = (await newest(state))?.version ?? '';
  return (await readTreeIndex(path.join(imagesDir(state), 'tiny', version, 'index.json.gz')))?.entries;
};

let rootState: string;
let userState: string;
let system: string;
let said: string;

beforeAll(async () => {
  await compile();
  dir = await mkdtemp(path.join(tmpdir(), 'own-root-'));
  await chmod(dir, 0o755);
  user = new OrdinaryUser(path.join(dir, 'user'));
  await user.make();
  const image = path.join(dir, 'etc/images/tiny');
  await mkdir(path.join(image, 'files/etc'), { recursive: true });
  await writeFile(path.join(image, 'files/etc/motd'), 'hello\n');
  await writeFile(path.join(image, 'image.yaml'), spec);
  await writeFile(path.join(image, 'change.sh'), change, { mode: 0o755 });
  await makeTinySystem(image, signal);
  rootState = path.join(dir, 'root-state');
  userState = path.join(user.home, '.cache/pi-image');
  system = path.join(dir, 'system');
  await asRoot(rootState, 'build', 'tiny');
  // The lock that root has written beside image.yaml is the user's, too.
  const built = await user.run(pi(userState, 'build', 'tiny'));
  if (built.code !== 0) throw new Error(built.stderr);
  said = built.stdout;
}, 180_000);

afterAll(() => rm(dir, { recursive: true, force: true }));

describe('an image that a user has built', () => {
  test('has the bytes, owners, attributes and times of the one that root has built', async () => {
    expect(await entriesOf(userState)).toEqual(await entriesOf(rootState));
    expect((await newest(userState))?.index).toBe((await newest(rootState))?.index);
    expect((await newest(userState))?.bootFiles).toEqual((await newest(rootState))?.bootFiles);
  });

  test('is published by root from the archive that the build names, and is still the same', async () => {
    const archive = /sudo pi-image image import (\S+)/.exec(said)?.[1] ?? '';
    const { uid } = await stat(archive);
    expect(uid).toBe(4242);
    expect(await asRoot(system, 'image', 'import', archive)).toMatch(/^published tiny@/);
    const [published, built] = [await newest(system), await newest(rootState)];
    expect(published?.index).toBe(built?.index);
    expect(published?.layers).toEqual((await newest(userState))?.layers);
    expect(await asRoot(system, 'image', 'verify', 'tiny')).toContain('as it was published');
    const root = path.join(imagesDir(system), 'tiny', published?.version ?? '', 'root');
    const capability = await run(
      ['getfattr', '-n', 'security.capability', '-e', 'hex', path.join(root, 'usr/bin/ping')],
      { signal },
    );
    expect(capability).toContain('0x0100000200200000000000000000000000000000');
    expect((await stat(path.join(root, 'usr/lib/secret'))).uid).toBe(105);
    expect(await readdir(path.join(root, 'etc/renewed'))).toEqual(['again', 'new']);
    expect(await readFile(path.join(root, 'etc/motd'), 'utf8')).toBe('hello\n');
  });
});
