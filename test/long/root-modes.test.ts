/**
 * A role goes back a version and forth again; images get new versions under nodes with trees of their own, by each policy;
 * a root that does not fit into a board's memory. Each seen on a node that has booted. Needs root.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { buildImage, imageState } from '../support/pi-image.ts';
import { raiseRootModeRack, roleOf, type RootModeRack } from '../support/root-mode-rack.ts';
import { makeSampleImage, shippedLayers, type SampleImage } from '../support/sample-image.ts';

const name = 'root-marks';
const own = ['keep', 'reset', 'refuse'] as const;
const tree = (upgrade: (typeof own)[number]) => ({ image: name, root: 'persistent', upgrade });

let image: SampleImage;
let rack: RootModeRack;
/** The version that nodes boot first. */
let first: string;
/** What has to be undone, the last first. */
const undo: (() => Promise<unknown>)[] = [];

/** A version that says on each node which one it is. */
async function buildVersion(mark: string): Promise<string> {
  await image.addProgram('mark.sh', `echo ${mark} > /etc/mark`);
  const { code, stdout, stderr } = await image.build();
  if (code !== 0) throw new Error(stderr);
  return /@(\S+)/.exec(stdout)?.[1] ?? '';
}

/** Pulls the plug, and puts it back. */
async function bootAgain(...nodes: readonly string[]): Promise<void> {
  const before = await Promise.all(nodes.map(async (node) => (await rack.show(node)).lastBoot?.id));
  await rack.powerOff(...nodes);
  await rack.boot(...nodes);
  for (const [index, node] of nodes.entries()) await rack.ready(node, before[index]);
}

/** Which version a node runs, by what is in its root and by what the service says. */
async function runs(node: string): Promise<string[]> {
  const { running } = await rack.show(node);
  return [await rack.on(node, 'cat /etc/mark'), running?.image ?? ''];
}

const kept = (node: string) => rack.on(node, 'cat /root/kept || true');
const failedUnits = (node: string) => rack.on(node, 'systemctl --failed --no-legend --plain');

beforeAll(async () => {
  await buildImage();
  image = await makeSampleImage(name);
  undo.unshift(() => image.remove());
  // A rack begins with roles that have Slurm, and so must its image.
  await image.describe(`${await shippedLayers('debian-lite')}  - name: mark\n    run: [./mark.sh]\n`);
  first = await buildVersion('one');
  rack = await raiseRootModeRack(imageState, {
    keep: tree('keep'),
    reset: tree('reset'),
    refuse: tree('refuse'),
    shared: { image: name, root: 'shared' },
    small: { image: name, root: 'ram', memoryMib: 384 },
    boaster: { image: name, root: 'ram', memoryMib: 384, vars: { memoryMib: 900 } },
  });
  undo.unshift(() => rack.down());
  // Three trees and a squashfs.
  await rack.rootsMade(4);
}, 2 * 3_600_000);

afterAll(async () => {
  for (const step of undo) await step();
});

describe('what a node writes into a tree of its own', () => {
  beforeAll(async () => {
    await rack.boot(...own);
    for (const node of own) {
      await rack.ready(node);
      await rack.on(node, 'echo mine > /root/kept; sync /root/kept');
    }
  });

  test('is there when its plug was pulled', async () => {
    await bootAgain('keep');

    expect([await kept('keep'), await failedUnits('keep')]).toEqual(['mine', '']);
  });

  test('is there when it was restarted', async () => {
    const { lastBoot } = await rack.show('reset');
    await rack.run('node', 'reboot', 'reset');
    await rack.ready('reset', lastBoot?.id);

    expect([await kept('reset'), await failedUnits('reset')]).toEqual(['mine', '']);
  });
});

describe('when its image has a new version, a tree', () => {
  let second = '';
  beforeAll(async () => {
    await rack.powerOff('refuse');
    second = await buildVersion('two');
    // One that takes the place of another, and a squashfs.
    await rack.rootsMade(6);
    await bootAgain('keep', 'reset');
  });

  test('is kept with all that is in it, and boots the version that it was made of', async () => {
    expect([await kept('keep'), ...(await runs('keep'))]).toEqual(['mine', 'one', `${name}@${first}`]);
    await rack.powerOff('keep');
  });

  test('is made anew where that is wanted', async () => {
    expect(await runs('reset')).toEqual(['two', `${name}@${second}`]);
    expect(await rack.on('reset', 'ls /root/kept')).toContain('No such file');
    const trees = async () => (await rack.exec('ls', `${rack.dir}/state/persistent/reset/${name}`)).stdout.trim();
    await expect.poll(trees, { timeout: 300_000, interval: 2000 }).toBe(second);
    await rack.powerOff('reset');
  });

  test('boots nothing where its owner has to decide, and says so; then it boots what was decided', async () => {
    const { lastBoot } = await rack.show('refuse');
    await rack.boot('refuse');
    const loader = () => rack.firmwareLog('refuse');
    await expect.poll(loader, { timeout: 300_000, interval: 1000 }).toContain('"event":"stuck"');
    const shown = await rack.show('refuse');
    expect(shown.reason).toContain(`refuse has a tree of ${name}@${first}, and its role`);
    expect(shown.reason).toContain(`wants ${name}@${second}`);
    expect(shown.lastBoot?.id).toBe(lastBoot?.id);

    // The board asks again by itself.
    await rack.setRole('refuse', tree('keep'));
    await rack.ready('refuse', lastBoot?.id);
    expect([await kept('refuse'), ...(await runs('refuse'))]).toEqual(['mine', 'one', `${name}@${first}`]);
    await rack.powerOff('refuse');
  });
});

test('a role goes back to the version before, and forth again', async () => {
  const versions = await image.versions();
  const [before = '', newest = ''] = versions.slice(-2);
  await rack.boot('shared');
  await rack.ready('shared');
  expect(await runs('shared')).toEqual(['two', `${name}@${newest}`]);

  await rack.run('rollback', roleOf('shared'));
  await bootAgain('shared');
  expect(await runs('shared')).toEqual(['one', `${name}@${before}`]);

  await rack.run('rollback', roleOf('shared'), '--newest');
  await bootAgain('shared');
  expect(await runs('shared')).toEqual(['two', `${name}@${newest}`]);
  await rack.powerOff('shared');
});

describe('a root that does not fit into the memory', () => {
  test('of a board as its node describes it is refused before it boots; the same file over NFS is not', async () => {
    expect((await rack.show('small')).reason).toMatch(
      /does not fit into the memory of small: with room to work it needs \d{3} MiB, and a system finds 260 MiB there/,
    );

    await rack.setRole('small', { image: name, root: 'squash' });
    await rack.boot('small');
    expect((await rack.ready('small')).closed?.reason).toBe('ready');
    expect(await rack.on('small', 'findmnt -n -o FSTYPE /run/pi-image/image')).toBe('squashfs');
    await rack.powerOff('small');
  });

  test('that a board really has is refused by its initramfs, which says so to the storage node', async () => {
    await rack.boot('boaster');
    const why = async () => (await rack.failures('boaster')).at(-1);

    await expect
      .poll(why, { timeout: 900_000, interval: 2000 })
      .toMatch(/a root of \d{3} MiB does not fit into this board's/);
    await rack.powerOff('boaster');
  });
});
