/** Boards in QEMU whose root is a squashfs over NFS, one in memory, and a tree of their own. Needs root. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { PublicBoot } from '../../src/model/node-status.ts';
import { buildImage, imageState } from '../support/pi-image.ts';
import { raiseRootModeRack, type RootModeRack } from '../support/root-mode-rack.ts';

const image = 'debian-lite';

let rack: RootModeRack;
const boots = new Map<string, PublicBoot>();

beforeAll(async () => {
  await buildImage();
  rack = await raiseRootModeRack(imageState, {
    squash: { image, root: 'squash' },
    ram: { image, root: 'ram' },
    own: { image, root: 'persistent' },
  });
  // The squashfs, which two of them share, and a tree. A board that comes earlier waits, but not for ever.
  await rack.rootsMade(2);
  await rack.boot('squash', 'ram', 'own');
  for (const node of ['squash', 'ram', 'own']) boots.set(node, await rack.ready(node));
});

afterAll(() => rack.down());

test.each([
  ['squash', 'overlay', 'squashfs'],
  ['ram', 'overlay', 'squashfs'],
  ['own', 'nfs4', undefined],
])('%s is ready on its root, with no unit that failed', async (node, type, below) => {
  expect(boots.get(node)?.closed?.reason).toBe('ready');
  expect(await rack.on(node, 'findmnt -n -o FSTYPE /')).toBe(type);
  expect(await rack.on(node, 'systemctl --failed --no-legend --plain')).toBe('');
  if (below !== undefined) expect(await rack.on(node, 'findmnt -n -o FSTYPE /run/pi-image/image')).toBe(below);
});

test('a root in memory leaves the storage node alone', async () => {
  expect(
    await rack.on('ram', 'grep -c nfs /proc/mounts; findmnt -n -o FSTYPE -T /run/pi-image/ram/root.squashfs'),
  ).toBe('0\ntmpfs');
});

describe('a tree of its own', () => {
  const inTree = (file: string) => rack.readTree('own', image, file);

  test('has what its node writes', async () => {
    await rack.on('own', 'echo mine > /root/kept; sync /root/kept');

    expect(await inTree('root/kept')).toBe('mine\n');
  });

  test('never has its secrets: they are in memory, mounted over empty files', async () => {
    const key = 'etc/ssh/ssh_host_ed25519_key';
    const onNode = await rack.on('own', `cat /${key}; findmnt -n -o FSTYPE -T /${key}; stat -c %a /${key}`);

    expect(onNode).toMatch(/^-----BEGIN OPENSSH PRIVATE KEY-----[^]*\ntmpfs\n600$/);
    for (const secret of [key, 'etc/pi-image/boot.key']) {
      expect(await inTree(secret)).toBe('');
    }
  });

  test('has the other files of its overlay', async () => {
    expect(await inTree('etc/hostname')).toBe('own\n');
  });

  test('is exported to its node alone, and those of images read-only', async () => {
    const config = await readFile(path.join(rack.dir, 'state/nfs/ganesha.conf'), 'utf8');
    const blocks = config.split('EXPORT {').slice(1);
    const own = blocks.find((block) => block.includes('/persistent/own/'));
    expect(own).toContain('Clients = 10.42.0.13;');
    expect(own).toContain('Access_Type = RW;');
    for (const block of blocks.filter((each) => /"\/(?:images|squash)\//.test(each))) {
      expect(block).toContain('Access_Type = RO;');
    }
  });
});

test('the agent of each says how its node is', async () => {
  for (const node of ['squash', 'ram', 'own']) expect(await rack.show(node)).toMatchObject({ state: 'ready' });
});
