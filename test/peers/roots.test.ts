/** What the service makes for root modes, with mksquashfs and cp: the same bytes each time, whole or not at all, apart from the image. Root. */
import { execFileSync } from 'node:child_process';
import { chmod, link, lstat, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { dropPatterns, listTrees, makeTree, removeTree, sweepTrees } from '../../src/host/persistent-tree.ts';
import { listSquashes, makeSquashfs, sweepTorsos } from '../../src/host/squashfs.ts';
import type { Cluster } from '../../src/model/cluster.ts';
import type { NewEvent } from '../../src/model/event.ts';
import { rootModes, type MadeRoots } from '../../src/model/root-mode.ts';
import type { State } from '../../src/model/state.ts';
import type { ClusterView } from '../../src/model/view.ts';
import { createHealth } from '../../src/serve/health.ts';
import { ownRootMaker } from '../../src/serve/own-root-acts.ts';
import { createRoots } from '../../src/serve/roots.ts';
import { sampleCluster, sampleClusterInput, sampleManifest, sampleNode, sampleView } from '../support/sample-view.ts';

const signal = AbortSignal.timeout(600_000);
const of = { name: 'debian-lite', version: '20261121.1' };
const capability = Buffer.from('0000000200040000000000000000000000000000', 'hex');

let dir: string;
let root: string;
beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'roots-'));
  root = path.join(dir, 'images', of.name, of.version, 'root');
  await mkdir(path.join(root, 'usr/bin'), { recursive: true });
  await writeFile(path.join(root, 'usr/bin/ping'), 'x'.repeat(300_000));
  await chmod(path.join(root, 'usr/bin/ping'), 0o4755);
  execFileSync('setfattr', [
    '-n',
    'security.capability',
    '-v',
    `0x${capability.toString('hex')}`,
    `${root}/usr/bin/ping`,
  ]);
  await link(path.join(root, 'usr/bin/ping'), path.join(root, 'usr/bin/ping6'));
  await symlink('ping', path.join(root, 'usr/bin/p'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const squash = (squashDir: string, version = of.version) =>
  makeSquashfs({ of: { ...of, version }, root, squashDir, epochSeconds: 1_700_000_000, signal });
const capabilityOf = (file: string) =>
  execFileSync('getfattr', ['--absolute-names', '-n', 'security.capability', '-e', 'hex', file], { encoding: 'utf8' });

describe('the squashfs of a version', () => {
  test('has the same bytes each time, and its record says which', async () => {
    const one = await squash(path.join(dir, 'one'));
    const other = await squash(path.join(dir, 'other'));

    expect(other).toEqual(one);
    expect(await listSquashes(path.join(dir, 'one'))).toEqual(new Map([['debian-lite@20261121.1', one]]));
    expect((await stat(path.join(dir, 'one', of.name, of.version, 'root.squashfs'))).size).toBe(one.sizeBytes);
  });

  test('keeps capabilities, owners, modes and links', async () => {
    await squash(path.join(dir, 'squash'));
    const file = path.join(dir, 'squash', of.name, of.version, 'root.squashfs');
    execFileSync('unsquashfs', ['-d', path.join(dir, 'out'), '-xattrs', file]);

    expect(capabilityOf(path.join(dir, 'out/usr/bin/ping'))).toContain(capability.toString('hex'));
    const [ping, ping6] = await Promise.all(
      ['ping', 'ping6'].map((name) => lstat(path.join(dir, 'out/usr/bin', name))),
    );
    expect(ping?.mode).toBe(0o104755);
    expect(ping6?.ino).toBe(ping?.ino);
  });

  test('that another process has made meanwhile is taken as it is', async () => {
    const squashDir = path.join(dir, 'squash');
    const made = await Promise.all([squash(squashDir), squash(squashDir, '20261121.2')]);

    expect(await squash(squashDir)).toEqual(made[0]);
    expect(await readdir(path.join(squashDir, of.name))).toEqual([of.version, '20261121.2']);
  });

  test('that could not be made leaves nothing, and says why', async () => {
    await expect(
      makeSquashfs({
        of,
        root: path.join(dir, 'nowhere'),
        squashDir: path.join(dir, 'squash'),
        epochSeconds: 0,
        signal,
      }),
    ).rejects.toMatchObject({ message: 'cannot make the squashfs of debian-lite@20261121.1' });

    expect(await readdir(path.join(dir, 'squash', of.name))).toEqual([]);
  });

  test('of a process that was killed is swept away', async () => {
    const folder = path.join(dir, 'squash', of.name);
    await mkdir(path.join(folder, '.tmp-999999999-20261121.1'), { recursive: true });
    await mkdir(path.join(folder, `.tmp-${process.ppid}-20261121.2`));

    expect(await listSquashes(path.join(dir, 'squash'))).toEqual(new Map());
    await sweepTorsos(path.join(dir, 'squash'));

    // The other one is still at work.
    expect(await readdir(folder)).toEqual([`.tmp-${process.ppid}-20261121.2`]);
  });
});

describe('the tree of a node', () => {
  const tree = (node = 'node01') => makeTree({ node, of, root, persistentDir: path.join(dir, 'persistent'), signal });
  const place = (node: string) => path.join(dir, 'persistent', node, of.name, of.version, 'root');

  test('is a copy with all that its image has, and shares no file with it or with another tree', async () => {
    await tree();
    await tree('node02');

    expect(capabilityOf(path.join(place('node01'), 'usr/bin/ping'))).toContain(capability.toString('hex'));
    const inodes = await Promise.all(
      [root, place('node01'), place('node02')].map(async (at) => (await lstat(path.join(at, 'usr/bin/ping'))).ino),
    );
    expect(new Set(inodes).size).toBe(3);
    await writeFile(path.join(place('node01'), 'usr/bin/ping'), 'changed in place');
    for (const at of [root, place('node02')]) {
      expect(await readFile(path.join(at, 'usr/bin/ping'), 'utf8')).toMatch(/^x+$/);
    }
    expect(await listTrees(path.join(dir, 'persistent'))).toEqual(
      new Map([
        ['node01', [of]],
        ['node02', [of]],
      ]),
    );
  });

  test('that was cut short is none, and is swept away', async () => {
    const folder = path.join(dir, 'persistent/node01', of.name);
    await mkdir(path.join(folder, '.tmp-999999999-20261121.1/root'), { recursive: true });
    expect(await listTrees(path.join(dir, 'persistent'))).toEqual(new Map());

    await sweepTrees(path.join(dir, 'persistent'));

    expect(await readdir(folder)).toEqual([]);
  });

  test('is no pattern: those of versions that are gone are dropped', async () => {
    const patterns = path.join(dir, 'persistent/.images/debian-lite');
    for (const version of ['20261120.1', of.version])
      await mkdir(path.join(patterns, version, 'root'), { recursive: true });
    await tree();

    await dropPatterns(path.join(dir, 'persistent'), ({ version }) => version === of.version);

    expect(await readdir(patterns)).toEqual([of.version]);
    expect(await listTrees(path.join(dir, 'persistent'))).toEqual(new Map([['node01', [of]]]));
  });

  test('is gone as a whole', async () => {
    await tree();
    await removeTree(path.join(dir, 'persistent'), 'node01', of);

    expect(await readdir(path.join(dir, 'persistent/node01', of.name))).toEqual([]);
  });
});

describe('the service', () => {
  function site(compute: Partial<Cluster['roles'][string]>) {
    const dirs = {
      imagesDir: path.join(dir, 'images'),
      squashDir: path.join(dir, 'squash'),
      persistentDir: path.join(dir, 'persistent'),
    };
    const roles = { compute: { ...sampleClusterInput.roles.compute, ...compute } };
    const images = new Map([['debian-lite', [sampleManifest({ rootModes: [...rootModes] })]]]);
    let view: ClusterView = sampleView({
      cluster: sampleCluster({ roles, slurm: undefined }),
      images,
      nodes: [sampleNode('node01')],
    });
    const events: NewEvent[] = [];
    const health = createHealth(() => 0);
    const reload = async () => {
      const roots: MadeRoots = {
        squashes: await listSquashes(dirs.squashDir),
        trees: await listTrees(dirs.persistentDir),
      };
      view = { ...view, roots };
    };
    const log = { info: () => undefined, warn: () => undefined };
    const state = {
      amend: (_: (same: State) => State, told: readonly NewEvent[] = []) => void events.push(...told),
    };
    const roots = createRoots({
      acts: ownRootMaker(dirs),
      site: { view: () => view, reload },
      state,
      health,
      log,
      signal,
    });
    return { roots, events, health, view: () => view };
  }

  test.each([
    ['squash', 'debian-lite@20261121.1'],
    ['ram', 'debian-lite@20261121.1'],
    ['persistent', 'node01 debian-lite@20261121.1'],
  ] as const)('in the mode %s makes what a board needs while it waits, once', async (mode, id) => {
    const { roots, events, view } = site({ root: mode });
    await Promise.all([roots.settle(sampleNode('node01')), roots.settle(sampleNode('node01'))]);

    expect(events.map(({ kind, fields }) => [kind, fields?.['of']])).toEqual([
      ['root.making', id],
      ['root.made', id],
    ]);
    expect(roots.settle(sampleNode('node01', view()))).toBeUndefined();
  });

  test('makes it before a board asks, and says what is in the way', async () => {
    const { roots, health } = site({ root: 'squash' });
    await rm(path.join(dir, 'images'), { recursive: true });
    const stop = new AbortController();
    const kept = roots.keep({ all: () => [], generations: () => new Map() }, stop.signal);

    await expect
      .poll(
        () =>
          health
            .parts()
            .find(({ name }) => name === 'roots')
            ?.problems.join(),
        { timeout: 20_000 },
      )
      .toContain('cannot make the squashfs of debian-lite@20261121.1');

    await mkdir(root, { recursive: true });
    await expect
      .poll(() => health.parts().find(({ name }) => name === 'roots')?.problems, { timeout: 20_000 })
      .toEqual([]);
    stop.abort();
    await kept;
  });
});
