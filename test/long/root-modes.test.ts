/** Images get new versions under nodes with trees of their own, by each policy; a role goes back a version and forth. Root. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { raiseRootModeRack, type RootModeRack } from '../support/root-mode-rack.ts';
import { makeSampleImage, testState, type SampleImage } from '../support/sample-image.ts';
import { buildImage } from '../support/pi-image.ts';

const name = 'root-marks';
const policies = ['keep', 'reset', 'refuse'] as const;

let image: SampleImage;
let rack: RootModeRack;

/** A version that says on each node which one it is. */
async function buildVersion(mark: string): Promise<string> {
  await image.addProgram('mark.sh', `echo ${mark} > /etc/mark`);
  const { code, stdout, stderr } = await image.build();
  if (code !== 0) throw new Error(stderr);
  return /@(\S+)/.exec(stdout)?.[1] ?? '';
}

async function bootAgain(node: string): Promise<void> {
  const { lastBoot } = await rack.show(node);
  await rack.powerOff(node);
  await rack.boot(node);
  await rack.ready(node, lastBoot?.id);
}

const markOf = (node: string) => rack.on(node, 'cat /etc/mark');
const kept = (node: string) => rack.on(node, 'cat /root/kept || true');

beforeAll(async () => {
  await buildImage();
  image = await makeSampleImage(name);
  await image.describe('  - name: mark\n    run: [./mark.sh]\n');
  await buildVersion('one');
  rack = await raiseRootModeRack(testState, {
    keep: { image: name, root: 'persistent', upgrade: 'keep' },
    reset: { image: name, root: 'persistent', upgrade: 'reset' },
    refuse: { image: name, root: 'persistent', upgrade: 'refuse' },
    shared: { image: name, root: 'shared' },
  });
});

afterAll(async () => {
  await rack.down();
  await image.remove();
});

test('what a node writes is there when it boots again, also when its plug was pulled', async () => {
  await rack.rootsMade(policies.length);
  await rack.boot(...policies);
  for (const node of policies) {
    await rack.ready(node);
    await rack.on(node, 'echo mine > /root/kept; sync /root/kept');
  }
  for (const node of policies) await rack.powerOff(node);

  const { lastBoot } = await rack.show('keep');
  await rack.boot('keep');
  await rack.ready('keep', lastBoot?.id);

  expect(await kept('keep')).toBe('mine');
  expect(await rack.on('keep', 'systemctl --failed --no-legend --plain')).toBe('');
});

describe('when its image has a new version, a tree', () => {
  let second = '';
  beforeAll(async () => {
    second = await buildVersion('two');
    // One for each board at first, and one that takes the place of another.
    await rack.rootsMade(policies.length + 1);
  });

  test('is kept with all that is in it, and boots the version that it was made of', async () => {
    await bootAgain('keep');

    expect([await kept('keep'), await markOf('keep')]).toEqual(['mine', 'one']);
  });

  test('is made anew where that is wanted', async () => {
    await bootAgain('reset');

    expect(await markOf('reset')).toBe('two');
    expect(await rack.on('reset', 'ls /root/kept')).toContain('No such file');
    const trees = async () => (await rack.exec('ls', `${rack.dir}/state/persistent/reset/${name}`)).stdout.trim();
    await expect.poll(trees, { timeout: 30_000 }).toBe(second);
  });

  test('refuses to boot where its owner has to decide, and says so', async () => {
    const shown = await rack.show('refuse');

    expect(shown.reason).toContain(`refuse has a tree of ${name}@`);
    expect(shown.reason).toContain(`wants ${name}@${second}`);
  });
});

test('a role goes back to the version before, and forth again', async () => {
  await rack.boot('shared');
  await rack.ready('shared');
  expect(await markOf('shared')).toBe('two');

  await rack.mustRun('rollback', 'shared');
  await bootAgain('shared');
  expect(await markOf('shared')).toBe('one');

  await rack.mustRun('rollback', 'shared', '--newest');
  await bootAgain('shared');
  expect(await markOf('shared')).toBe('two');
});
