import { expect, test } from 'vitest';

import { chooseVersion, pinVersion } from '../../src/fleet/image-choice.ts';
import { changeRole } from '../../src/fleet/role-change.ts';
import type { ChangeOptions } from '../../src/model/change.ts';
import { ChangedError } from '../../src/model/errors.ts';
import { etagOf } from '../../src/plan/etag.ts';
import { planGeneration } from '../../src/plan/generation.ts';
import { withChosenImages } from '../../src/plan/image-choice.ts';
import { taggedRole, taggedVersion } from '../../src/plan/resource-tags.ts';
import { bySocket, dryRun, sampleFleet } from '../support/sample-fleet.ts';
import { sampleManifest, sampleNode } from '../support/sample-view.ts';

const versions = ['20261121.3', '20261121.2', '20261121.1'].map((version) => sampleManifest({ version }));

/** Choices of the state are in the view, as the service has it. */
async function withVersions() {
  const sample = await sampleFleet();
  const { world, database } = sample;
  const { cluster } = world.view;
  world.view = { ...world.view, images: new Map([['debian-lite', versions]]) };
  const follow = () => {
    const { imageChoices } = database.state.current();
    world.view = { ...world.view, cluster: withChosenImages(cluster, imageChoices), imageChoices };
  };
  database.state.onChange(follow);
  return sample;
}

const previous = { version: 'previous' };
const newest = { version: 'newest' };

test('a role goes back a version, further back, and to the newest again, each with its event', async () => {
  const { fleet, database, events } = await withVersions();

  const { answer } = await chooseVersion('compute', previous, bySocket, fleet);
  expect(answer).toEqual({
    name: 'compute',
    from: 'debian-lite@20261121.3',
    to: 'debian-lite@20261121.2',
    dryRun: false,
    isChanged: true,
    nodes: ['node01', 'node02'],
  });
  expect((await chooseVersion('compute', previous, bySocket, fleet)).answer.to).toBe('debian-lite@20261121.1');
  expect((await chooseVersion('compute', newest, bySocket, fleet)).answer.to).toBe('debian-lite@20261121.3');

  expect(database.state.current().imageChoices).toEqual({});
  const [first, ...others] = await events();
  expect(first).toContain('role.image-set');
  expect(first).toContain(JSON.stringify({ name: 'compute', from: answer.from, to: answer.to, by: 'socket' }));
  expect(others).toHaveLength(2);
});

test('a role, or a version, that somebody has changed since it was read stays as it is', async () => {
  const { fleet, world, database } = await withVersions();
  const of = (ifMatch: string): ChangeOptions => ({ ...bySocket, ifMatch });
  const seen = etagOf(taggedRole('compute', world.view));
  await chooseVersion('compute', previous, of(seen), fleet);

  const again = chooseVersion('compute', previous, of(seen), fleet);
  await expect(again).rejects.toBeInstanceOf(ChangedError);
  await chooseVersion('compute', newest, of(etagOf(taggedRole('compute', world.view))), fleet);
  expect(database.state.current().imageChoices).toEqual({});

  const id = { image: 'debian-lite', version: '20261121.1' };
  const free = of(etagOf(taggedVersion(id.image, id.version, false)));
  await pinVersion(id, { isPinned: true }, free, fleet);
  await expect(pinVersion(id, { isPinned: false }, free, fleet)).rejects.toBeInstanceOf(ChangedError);
  expect(Object.keys(database.state.current().imagePins)).toEqual(['debian-lite@20261121.1']);
});

test('a node that has got another role since it was read boots what it did', async () => {
  const { fleet, database } = await withVersions();
  const tagOfNode = (): string => etagOf(database.state.current().nodes.find(({ name }) => name === 'node01') ?? {});
  const seen = tagOfNode();
  await changeRole('node01', { role: 'login', reboot: false }, bySocket, fleet);

  const stale = chooseVersion('node01', previous, { ...bySocket, ifMatch: seen }, fleet);
  await expect(stale).rejects.toThrow('node node01 was changed since you read it');
  expect(database.state.current().imageChoices).toEqual({});
  await chooseVersion('node01', previous, { ...bySocket, ifMatch: tagOfNode() }, fleet);
});

test('the same again is no change, a dry run is none either', async () => {
  const { fleet, database, events } = await withVersions();

  expect((await chooseVersion('compute', newest, bySocket, fleet)).answer.isChanged).toBe(false);
  expect((await chooseVersion('compute', previous, dryRun, fleet)).answer).toMatchObject({
    isChanged: true,
    dryRun: true,
  });

  expect(database.state.current().imageChoices).toEqual({});
  expect(await events()).toEqual([]);
});

test('one that stays at the newest version holds it when another comes', async () => {
  const { fleet, database } = await withVersions();

  const { answer } = await chooseVersion('compute', { version: '20261121.3' }, bySocket, fleet);

  expect(answer).toMatchObject({ isChanged: true, from: 'debian-lite@20261121.3', to: 'debian-lite@20261121.3' });
  expect(database.state.current().imageChoices).toEqual({
    'role/compute': { image: 'debian-lite', version: '20261121.3' },
  });
});

test('a node alone goes back, its event names it, and newest is what its role boots', async () => {
  const { fleet, events } = await withVersions();
  await chooseVersion('compute', previous, bySocket, fleet);

  expect((await chooseVersion('node01', previous, bySocket, fleet)).answer).toMatchObject({
    from: 'debian-lite@20261121.2',
    to: 'debian-lite@20261121.1',
    nodes: ['node01'],
  });
  expect((await events()).at(-1)).toMatch(/^node\.image-set node01 /);
  expect((await chooseVersion('node01', newest, bySocket, fleet)).answer.to).toBe('debian-lite@20261121.2');
});

test('a pin is kept, and is for versions that there are', async () => {
  const { fleet, database } = await withVersions();
  const id = { image: 'debian-lite', version: '20261121.1' };

  expect((await pinVersion(id, { isPinned: true }, bySocket, fleet)).answer.isChanged).toBe(true);
  expect((await pinVersion(id, { isPinned: true }, bySocket, fleet)).answer.isChanged).toBe(false);
  expect(database.state.current().imagePins).toEqual({ 'debian-lite@20261121.1': { by: 'socket' } });
  await expect(pinVersion({ ...id, version: '20261121.9' }, { isPinned: true }, bySocket, fleet)).rejects.toThrow(
    'there is no debian-lite@20261121.9',
  );

  // One that is gone can be let go.
  await pinVersion({ ...id, version: '20261121.9' }, { isPinned: false }, bySocket, fleet);
  await pinVersion(id, { isPinned: false }, bySocket, fleet);
  expect(database.state.current().imagePins).toEqual({});
});

test('a node that is held is not let go into what it did not come up in, unless that is meant', async () => {
  const { fleet, database, world } = await withVersions();
  const node = database.state.current().nodes.find(({ name }) => name === 'node01') ?? sampleNode('node01');
  const { id } = planGeneration(node, world.view);
  const pin = { generation: 'before', image: 'debian-lite@20261121.1', role: 'compute', by: 'rollout 1' };
  const bad = { node: 'node01', role: 'compute', operation: '7', atMs: 1, cause: 'slurmd.service: killed' };
  await database.state.update((state) => ({ ...state, generationPins: { node01: pin }, quarantine: { [id]: bad } }));

  for (const name of ['node01', 'compute']) {
    await expect(chooseVersion(name, newest, bySocket, fleet)).rejects.toThrow(
      'node01 did not come up in it in operation 7: slurmd.service: killed',
    );
  }
  expect((await chooseVersion('node01', { version: '20261121.1' }, dryRun, fleet)).answer.isChanged).toBe(true);
  await chooseVersion('node01', { ...newest, retry: true }, bySocket, fleet);

  expect(database.state.current().generationPins).toEqual({});
});
