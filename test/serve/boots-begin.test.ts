/** The order in which a boot that begins reaches the disk. */
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { sampleBoots } from '../support/sample-boots.ts';
import { sampleNode } from '../support/sample-view.ts';

const node01 = sampleNode('node01');
const mac = '2c:cf:67:01:02:03';

let sample: Awaited<ReturnType<typeof sampleBoots>>;
let folder: string;
beforeEach(async () => {
  sample = await sampleBoots();
  folder = path.join(sample.stateDir, 'boot');
});
afterEach(() => sample.remove());

test('what a boot starts from is on the disk before the boot is', async () => {
  const update = vi.spyOn(sample.file, 'update');
  const names: string[] = [];
  update.mockImplementationOnce(async (...change) => {
    names.push(...(await readdir(folder)));
    update.mockRestore();
    return sample.file.update(...change);
  });

  const arrival = await sample.boots.arrive(node01, mac, 'discover');

  expect(names).toEqual([`${arrival.kind === 'boot' ? arrival.boot.generation : ''}.json`]);
});

test('a boot whose generation cannot be kept does not begin, for nobody who asked; the next one may', async () => {
  await rm(folder, { recursive: true });
  await writeFile(folder, 'no folder');

  const signs = ['discover', 'read'] as const;
  const arrivals = await Promise.allSettled(signs.map((sign) => sample.boots.arrive(node01, mac, sign)));
  expect(arrivals.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(sample.boots.all()).toEqual([]);

  await rm(folder);
  await mkdir(folder);
  expect(await sample.boots.arrive(node01, mac, 'discover')).toMatchObject({ kind: 'boot' });
});

test('tidying leaves what a boot is about to start from', async () => {
  await sample.boots.arrive(sampleNode('login'), 'b8:27:eb:00:00:20', 'discover');
  const save = vi.spyOn(sample.frozen, 'save');
  let go = (): void => undefined;
  const isTidied = new Promise<void>((resolve) => {
    go = resolve;
  });
  save.mockImplementationOnce(async (frozen) => {
    save.mockRestore();
    await sample.frozen.save(frozen);
    await isTidied;
  });

  const arriving = sample.boots.arrive(node01, mac, 'discover');
  // The other boot is given up, which is what makes the tidying forget.
  sample.world.nowMs += 3_600_000;
  await sample.boots.tidy();
  go();
  const arrival = await arriving;

  const id = arrival.kind === 'boot' ? arrival.boot.generation : '';
  expect(sample.boots.all()[0]?.closed).toBeDefined();
  expect(sample.frozen.get(id)?.generation.node).toBe('node01');
});
