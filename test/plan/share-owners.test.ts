import { expect, test } from 'vitest';

import { planShareOwners } from '../../src/plan/share-owners.ts';
import { sampleCluster, sampleView } from '../support/sample-view.ts';

test('a share belongs to its owner by the ids of the image that mounts it', () => {
  expect(planShareOwners(sampleView())).toEqual([
    { name: 'home', path: '/srv/shares/home', ids: undefined },
    { name: 'slurm', path: '/srv/shares/slurm', ids: { uid: 64030, gid: 64030 } },
  ]);
});

test('without an image the ids are not known yet', () => {
  const owners = planShareOwners({ cluster: sampleCluster(), images: new Map() });

  expect(owners.map(({ ids }) => ids)).toEqual([undefined, undefined]);
});
