import { expect, test } from 'vitest';

import { sampleFleet } from '../../support/sample-fleet.ts';

test('events are found by their kinds, and by their node, newest first', async () => {
  const { database } = await sampleFleet();
  const append = (kind: string, node: string | undefined, by: string) =>
    database.events.append([{ kind, ...(node !== undefined && { node }), fields: { by } }]);
  await append('node.held', 'node01', 'one');
  await append('boot.ready', 'node01', 'two');
  await append('node.held', 'node02', 'three');
  await append('role.image-set', undefined, 'four');
  await append('node.released', 'node01', 'five');

  const found = async (kinds: readonly string[], node: string | undefined, limit = 10) =>
    (await database.events.ofKinds(kinds, node, limit)).map(({ fields }) => fields['by']);

  expect(await found(['node.held', 'node.released'], 'node01')).toEqual(['five', 'one']);
  expect(await found(['node.held', 'role.image-set'], undefined)).toEqual(['four', 'three', 'one']);
  expect(await found(['node.held', 'node.released'], undefined, 2)).toEqual(['five', 'three']);
  expect(await found([], undefined)).toEqual([]);
});
