/** Builds on a full disk, that of the state and that of the versions: which one it is, and what to do, is said; nothing half-made stays. */
import { afterAll, beforeAll, expect, test } from 'vitest';

import { BuildLab } from '../support/build-lab.ts';
import { compile } from '../support/compiled.ts';
import { buildWithLittleRoom } from '../support/full-disk.ts';

const minutesMs = 5 * 60_000;
const lab = new BuildLab();

beforeAll(async () => {
  await compile();
  await lab.open();
  await lab.mountDisks({ state: 60, exports: 40 });
  await lab.change('one');
  await lab.command('build', 'tiny', '--squash');
}, minutesMs);
afterAll(() => lab.close());

test.each(['state', 'exports'] as const)(
  'that of %s has no room, or too little',
  async (disk) => {
    const { versions } = await lab.look();
    await lab.change(disk);
    expect(await buildWithLittleRoom(lab, disk, [0, 150e3, 2e6])).toBe(3);

    await lab.command('build', 'tiny', '--squash');
    expect((await lab.look()).versions).toHaveLength(versions.length + 1);
  },
  minutesMs,
);

test(
  'room can be made while there is none',
  async () => {
    await lab.change('more');
    await lab.command('build', 'tiny', '--squash');
    lab.hoursAhead = 72;
    await lab.fill('state', 0);
    await lab.fill('exports', 0);
    const said = await lab.command('image', 'gc', '--keep', '1');
    lab.hoursAhead = 0;
    expect(said).toMatch(/^removed \d+ versions? /m);
    expect(await lab.look()).toEqual({ versions: [expect.any(String)], problems: [] });
  },
  minutesMs,
);
