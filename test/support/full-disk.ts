/** Builds on disks that have ever more room: each fails in words and leaves nothing half-made, until one goes through. */
import { expect } from 'vitest';

import type { BuildLab, Disk } from './build-lab.ts';

const named: Readonly<Record<Disk, RegExp>> = {
  state: /the file system of the state is full: \S+\/state has \d\S* MB of \d+\S* MB free/,
  exports: /the file system of versions of images is full: \S+\/exports has \d\S* MB of \d+\S* MB free/,
};

const isUnfinished = (name: string) => /\.(?:tmp|new)$|(?:^|\/)\.tmp-|^build(?:\.|\/|$)/.test(name);

/** What the seal took out of a version is an object until the next sweep. */
const objectsIn = (listing: readonly string[]) => Number.parseInt(listing.at(-1) ?? '', 10);

/** @param rooms bytes that are left, in turn @returns how many builds failed */
export async function buildWithLittleRoom(lab: BuildLab, disk: Disk, rooms: readonly number[]): Promise<number> {
  let failed = 0;
  for (const room of rooms) {
    const before = await lab.look();
    const objects = objectsIn(await lab.listing());
    await lab.fill(disk, room);
    const said = await lab.command('build', 'tiny', '--squash').catch((error: Error) => error);
    const after = await lab.look();
    await lab.empty(disk);
    expect({ room, problems: after.problems }).toEqual({ room, problems: [] });
    expect(after.versions).toEqual(expect.arrayContaining(before.versions));
    const left = await lab.listing();
    expect({ room, left: left.filter(isUnfinished) }).toEqual({ room, left: [] });
    if (!(said instanceof Error)) break;
    if (after.versions.length === before.versions.length) expect(objectsIn(left)).toBeLessThanOrEqual(objects);
    failed += 1;
    expect({ room, said: said.message }).toEqual({ room, said: expect.stringMatching(named[disk]) as string });
    expect(said.message).toMatch(/"pi-image image gc --dry-run" says what can go/);
  }
  return failed;
}
