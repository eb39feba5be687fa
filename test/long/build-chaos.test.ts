/**
 * kill -9 of a build at every single place of the program that changes a file or starts another program, each time on a state
 * that nothing has happened to; then the next build, which has to leave what an undisturbed one leaves. And disks that have
 * ever more room. Needs root.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';

import { BuildLab } from '../support/build-lab.ts';
import { compile } from '../support/compiled.ts';
import { buildWithLittleRoom } from '../support/full-disk.ts';
import { brokenPlaces, runUndisturbed } from '../support/kill-places.ts';

const build = ['build', 'tiny', '--squash'] as const;
const lab = new BuildLab();
const onDisks = new BuildLab();

beforeAll(async () => {
  await compile();
  await lab.openBuilt('one', build);
  await lab.change('two');
  await onDisks.open();
  await onDisks.mountDisks({ state: 60, exports: 40 });
  await onDisks.change('one');
  await onDisks.command(...build);
});
afterAll(async () => {
  await lab.close();
  await onDisks.close();
});

test('kill -9 at every place of a build', async () => {
  const undisturbed = await runUndisturbed(lab, build);
  expect(await brokenPlaces(lab, undisturbed, { from: 'one', command: build })).toEqual([]);
  expect(undisturbed.places.length).toBeGreaterThan(120);
  expect(undisturbed.digest).toMatch(/^[0-9a-f]{64}$/);
});

/** Until it goes through. */
const rooms = [0, ...Array.from({ length: 100 }, (_, index) => (index + 1) * 400e3)];

test.each(['state', 'exports'] as const)('the disk of %s has ever more room', async (disk) => {
  await onDisks.change(disk);
  const failed = await buildWithLittleRoom(onDisks, disk, rooms);
  expect(failed).toBeGreaterThan(4);
  expect(failed).toBeLessThan(rooms.length);
});
