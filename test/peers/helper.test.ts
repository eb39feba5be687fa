/** The helper over its socket: it copies, removes and gives away for names alone, and nothing that is sent to it ends it. Root. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import {
  chmod,
  chown,
  link,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { helperSocket } from '../../src/cli/root-runtime.ts';
import { openHelper, rootActsByHelper } from '../../src/cli/wire-up-root-acts.ts';
import { findAccount } from '../../src/host/account.ts';
import { answerRequests, requestOnce } from '../../src/host/request-socket.ts';
import { requireRootsPath } from '../../src/host/roots-path.ts';
import { openSecrets } from '../../src/host/secrets.ts';
import { prepareServiceState, rootsFolders } from '../../src/host/service-state.ts';
import { renderYaml } from '../../src/host/yaml-file.ts';
import { longestActBytes } from '../../src/wire/root-act.ts';
import { ordinaryUid } from '../support/ordinary-user.ts';
import { sampleClusterInput, sampleManifest } from '../support/sample-view.ts';

const account = { uid: ordinaryUid, gid: ordinaryUid };
const signal = new AbortController().signal;
const silent = { info: () => undefined, warn: () => undefined };
const of = { name: 'debian-lite', version: '20261121.1' };

let dir: string;
let paths: { config: string; dataDirs: readonly string[]; state: string; runtime: string };
const at = (...names: readonly string[]) => path.join(dir, ...names);
const uidOf = async (place: string) => (await lstat(place)).uid;

beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'helper-'));
  await chmod(dir, 0o755);
  paths = { config: at('etc/cluster.yaml'), dataDirs: [], state: at('state'), runtime: at('run') };
  await mkdir(at('etc'));
  const shares = [{ name: 'home', path: at('shares/home'), mount: '/home', owner: 'slurm' }];
  await writeFile(paths.config, renderYaml({ ...sampleClusterInput, shares }));
  const version = at('state/exports/images', of.name, of.version);
  await mkdir(path.join(version, 'root/usr/bin'), { recursive: true });
  await writeFile(path.join(version, 'root/usr/bin/su'), 'x');
  await chmod(path.join(version, 'root/usr/bin/su'), 0o4755);
  await writeFile(path.join(version, 'manifest.json'), JSON.stringify(sampleManifest(of)));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

describe('the state of a service that is not root', () => {
  test('is its own, and what builds make stays root’s', async () => {
    await mkdir(at('state/secrets/cluster'), { recursive: true, mode: 0o700 });
    await writeFile(at('state/secrets/cluster/mungeKey'), 'x', { mode: 0o600 });
    await writeFile(at('state/state.db'), '');

    for (const _ of ['once', 'again']) await prepareServiceState(paths.state, account);

    const own = ['.', 'secrets', 'secrets/cluster', 'secrets/cluster/mungeKey', 'state.db'];
    for (const name of own) expect([name, await uidOf(at('state', name))]).toEqual([name, account.uid]);
    expect((await stat(at('state/secrets/cluster/mungeKey'))).mode & 0o777).toBe(0o600);
    for (const name of rootsFolders) expect([name, await uidOf(at('state', name))]).toEqual([name, 0]);
    expect(await uidOf(at('state/exports/images', of.name, of.version, 'manifest.json'))).toBe(0);
  });

  test('gives away nothing that a link or a second name leads to', async () => {
    await mkdir(at('state/secrets'), { recursive: true });
    for (const name of ['target', 'twice']) await writeFile(at(name), '');
    await symlink(at('target'), at('state/secrets/link'));
    await symlink(at('etc'), at('state/eeprom'));
    await link(at('twice'), at('state/secrets/twice'));

    await prepareServiceState(paths.state, account);

    for (const place of [at('target'), at('twice'), at('etc'), paths.config]) expect(await uidOf(place)).toBe(0);
  });

  test('is refused where another user has taken the place of a folder of root’s', async () => {
    await mkdir(at('state/nfs'));
    await chown(at('state/nfs'), account.uid, account.gid);

    await expect(prepareServiceState(paths.state, account)).rejects.toThrow('nfs belongs to another user than root');
  });

  test('has what root’s commands add to its secrets', async () => {
    await prepareServiceState(paths.state, account);
    await mkdir(at('state/secrets'), { mode: 0o700 });
    await chown(at('state/secrets'), account.uid, account.gid);

    const secrets = await openSecrets(at('state/secrets'));
    await secrets.clusterSecret('mungeKey', { generateBytes: 32 });
    await secrets.nodeSecrets({ name: 'node01', address: '10.42.0.11' });

    const names = await readdir(at('state/secrets'), { recursive: true });
    expect(names.length).toBeGreaterThan(8);
    const others = await Promise.all(
      names.map(async (name) => [name, await uidOf(at('state/secrets', name))] as const),
    );
    expect(others.filter(([, uid]) => uid !== account.uid)).toEqual([]);
  });
});

describe('a path is trusted', () => {
  test.each<[string, (place: string) => Promise<unknown>, string | undefined]>([
    ['where all of it is root’s', () => Promise.resolve(), undefined],
    ['where its end is somebody’s', (place) => chown(place, account.uid, account.gid), undefined],
    ['where its end is missing', (place) => rm(place, { recursive: true }), undefined],
    ['not where a folder above is somebody’s', (place) => chown(path.dirname(place), account.uid, 0), 'another user'],
    ['not where others may write above', (place) => chmod(path.dirname(place), 0o775), 'others than root may write'],
    ['not where anybody may make its end', (place) => open(place), 'others may write beside it'],
  ])('%s', async (_, change, refusal) => {
    const place = at('a/b/c');
    await mkdir(place, { recursive: true });
    await change(place);

    const asked = requireRootsPath(place, dir);

    if (refusal === undefined) await expect(asked).resolves.toBeUndefined();
    else await expect(asked).rejects.toThrow(refusal);
  });

  /** As /tmp is, and its end is gone. */
  async function open(place: string): Promise<void> {
    await chmod(path.dirname(place), 0o1777);
    await rm(place, { recursive: true });
  }

  test('over a link of root’s, to where the same holds', async () => {
    await mkdir(at('real/c'), { recursive: true });
    await mkdir(at('a'));
    await symlink(at('real'), at('a/b'));
    await requireRootsPath(at('a/b/c'), dir);

    await chown(at('real'), account.uid, account.gid);
    await expect(requireRootsPath(at('a/b/c'), dir)).rejects.toThrow(`${at('real')} is not trusted`);
  });
});

describe('over the socket', () => {
  let stop: AbortController;
  let running: Promise<void>;
  beforeEach(async () => {
    await prepareServiceState(paths.state, account);
    stop = new AbortController();
    await new Promise<void>((ready) => {
      const listen = { file: helperSocket(paths), gid: account.gid };
      const answer = openHelper({ paths, log: silent });
      running = answerRequests({ listen, answer, longestBytes: longestActBytes, signal: stop.signal, ready });
    });
  });
  afterEach(async () => {
    stop.abort();
    await running;
  });

  const acts = () => rootActsByHelper(paths);
  const tree = (node = 'node01') => at('state/persistent', node, of.name, of.version);

  test('a tree is copied with all it has, and removed without a look through its links', async () => {
    await acts().makeTree('node01', of, signal);

    expect((await stat(path.join(tree(), 'root/usr/bin/su'))).mode & 0o7777).toBe(0o4755);
    // What a node may make in its tree.
    await mkdir(at('outside'));
    await writeFile(at('outside/file'), '');
    await symlink(at('outside'), path.join(tree(), 'root/usr/out'));
    await acts().removeTree('node01', of);

    expect(await readdir(path.dirname(tree()))).toEqual([]);
    expect(await readdir(at('outside'))).toEqual(['file']);
  });

  test('a share gets the owner that the image names, whoever asks for another', async () => {
    await mkdir(at('shares'));

    await acts().keepShare({ name: 'home', path: at('shares/home'), ids: { uid: account.uid, gid: account.gid } });

    expect(await uidOf(at('shares/home'))).toBe(sampleManifest().users['slurm']);
  });

  test.each<[string, () => Promise<unknown>, () => Promise<unknown>]>([
    ['a share below a folder of another user', () => share(account.uid), () => acts().keepShare(home())],
    ['a tree below a folder that was put in the place of its own', swapTrees, () => acts().makeTree('n', of, signal)],
    ['a tree of a node that is a link', linkTree, () => acts().removeTree('node01', of)],
    ['what was swept by a link', swapTrees, () => acts().sweepRoots()],
  ])('%s is refused', async (_, prepare, ask) => {
    await prepare();

    await expect(ask()).rejects.toThrow('is not trusted');
    expect(await readdir(at('etc'))).toEqual(['cluster.yaml']);
  });

  const home = () => ({ name: 'home', path: at('shares/home'), ids: { uid: 1, gid: 1 } });

  async function share(uid: number): Promise<void> {
    await mkdir(at('shares'));
    await chown(at('shares'), uid, 0);
  }

  /** As the service could, outside of its unit: the folder above is its own. */
  async function swapTrees(): Promise<void> {
    await rename(at('state/persistent'), at('state/away'));
    await mkdir(at('state/persistent'));
    await chown(at('state/persistent'), account.uid, account.gid);
  }

  async function linkTree(): Promise<void> {
    await mkdir(path.dirname(tree()), { recursive: true });
    await mkdir(at('open'));
    await chown(at('open'), account.uid, account.gid);
    await mkdir(at('open/sub'));
    await symlink(at('open/sub'), tree());
  }

  test('nobody else can connect', async () => {
    const socket = helperSocket(paths);
    const script = `require('net').connect(${JSON.stringify(socket)}).on('connect', () => process.exit(0)).on('error', (error) => { console.log(error.code); process.exit(3) })`;
    const who = (uid: number) => ['--reuid', String(uid), '--regid', String(uid), '--clear-groups'];
    const as = (uid: number) =>
      promisify(execFile)('setpriv', [...who(uid), '--', process.execPath, '-e', script]).then(
        () => 'connected',
        ({ stdout }: { stdout: string }) => stdout.trim(),
      );

    expect(await as(ordinaryUid)).toBe('connected');
    expect(await as(ordinaryUid + 1)).toBe('EACCES');
  });

  test('it goes on after whatever is sent', async () => {
    const lines = [
      '',
      '\n',
      'x\n',
      '{"act":"sh"}\n',
      `${'['.repeat(100_000)}\n`,
      '\0\0\n',
      'y'.repeat(9 * 1024 * 1024),
    ];
    for (const line of lines) await send(line);

    const asked = requestOnce(helperSocket(paths), '{"act":"nfs-status","server":"ganesha"}\n', {
      longestBytes: longestActBytes,
      signal: AbortSignal.timeout(10_000),
    });
    expect(JSON.parse(await asked)).toMatchObject({ kind: 'stopped' });
  });

  /** And goes without waiting for the answer. */
  async function send(line: string): Promise<void> {
    const socket = connect(helperSocket(paths));
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    // It is cut off in the middle of what is too long.
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.end(line);
    socket.resume();
    await closed;
  }
});

test('users are found by name and by number', async () => {
  expect(await findAccount('root', signal)).toEqual({ uid: 0, gid: 0 });
  expect(await findAccount('12:34', signal)).toEqual({ uid: 12, gid: 34 });
  await expect(findAccount('nobody-of-this-name', signal)).rejects.toThrow('this machine has no user');
});

test('setup makes the user of the service once, without a shell', async () => {
  await promisify(execFile)('cp', ['--archive', '/etc', at('machine')]);
  const makeUser = path.resolve(import.meta.dirname, '../support/make-service-user.ts');
  const script = 'mount --bind "$1" /etc; shift; "$@"; "$@"; getent passwd pi-image';
  const inside = ['--mount', '--propagation=private', 'sh', '-euc', script, 'sh', at('machine')];
  const { stdout } = await promisify(execFile)('unshare', [...inside, process.execPath, '--import', 'tsx', makeUser]);

  expect(stdout).toMatch(/^made\nthere already\npi-image:x:\d+:\d+::\/nonexistent:\/usr\/sbin\/nologin\n$/);
  expect(await readFile('/etc/passwd', 'utf8')).not.toMatch(/^pi-image:/m);
});
