import { expect, test } from 'vitest';

import { emptyState } from '../../src/model/state.ts';
import type { ClusterView } from '../../src/model/view.ts';
import { choiceTarget, planChoice, withChosenImages, withNodeImage } from '../../src/plan/image-choice.ts';
import { roleOf } from '../../src/plan/overlay-variables.ts';
import { sampleManifest, sampleView } from '../support/sample-view.ts';

const versions = ['20261121.3', '20261121.2', '20261121.1'];
const images = new Map([['debian-lite', versions.map((version) => sampleManifest({ version }))]]);
const choices = { 'role/compute': { image: 'debian-lite', version: '20261121.2' } };

function view(imageChoices = {}): ClusterView {
  const sample = sampleView();
  return { ...sample, cluster: withChosenImages(sample.cluster, imageChoices), images, imageChoices };
}

test('a role boots what was chosen, others do not, and two that ask get the same object', () => {
  const { cluster } = sampleView();
  const chosen = withChosenImages(cluster, choices);

  expect(chosen.roles['compute']?.image).toBe('debian-lite@20261121.2');
  expect(chosen.roles['login']).toBe(cluster.roles['login']);
  expect(withChosenImages(cluster, choices)).toBe(chosen);
  expect(withChosenImages(cluster, emptyState.imageChoices)).toBe(cluster);
});

test('cluster.yaml has the last word', () => {
  const { cluster } = sampleView();
  const [compute] = [cluster.roles['compute']];
  const roles = { ...cluster.roles, compute: { ...compute, image: 'debian-lite@20261121.1' } } as typeof cluster.roles;

  expect(withChosenImages({ ...cluster, roles }, choices).roles['compute']?.image).toBe('debian-lite@20261121.1');
  const pinned = { ...view(), cluster: { ...cluster, roles } };
  expect(() => choiceTarget('compute', pinned, {})).toThrow('cluster.yaml pins role compute to debian-lite@20261121.1');
});

test('one step back each time, to a version by name, and to the newest again', () => {
  const target = choiceTarget('compute', view(), {});
  expect(target).toEqual({ target: 'role/compute', who: 'role compute', image: 'debian-lite', version: '20261121.3' });

  expect(planChoice(target, 'previous', images)).toEqual({
    image: 'debian-lite',
    version: '20261121.2',
    before: '20261121.3',
  });
  const back = choiceTarget('compute', view(choices), choices);
  expect(back.version).toBe('20261121.2');
  expect(planChoice(back, 'previous', images)).toEqual({
    image: 'debian-lite',
    version: '20261121.1',
    before: '20261121.2',
  });
  expect(planChoice(back, '20261121.3', images)).toMatchObject({ version: '20261121.3' });
  expect(planChoice(back, 'newest', images)).toBeUndefined();
});

test('what cannot be is refused with what there is', () => {
  const oldest = { ...choiceTarget('compute', view(), {}), version: '20261121.1' };
  expect(() => planChoice(oldest, 'previous', images)).toThrow('there is no version of debian-lite before 20261121.1');
  expect(() => planChoice(oldest, '20261121.9', images)).toThrow(/has no version 20261121\.9/);
  expect(() => choiceTarget('comput', view(), {})).toThrow('there is no role or node comput; did you mean compute?');
});

test('a node goes before its role, as long as the image is the same', () => {
  const ofNode = { 'node/node01': { image: 'debian-lite', version: '20261121.1' } };
  const chosen = view(ofNode);
  const node = chosen.nodes.find(({ name }) => name === 'node01');

  expect(node && roleOf(node, chosen).image).toBe('debian-lite@20261121.1');
  expect(choiceTarget('node01', chosen, ofNode)).toMatchObject({ target: 'node/node01', version: '20261121.1' });
  const other = { ...sampleView().cluster.roles['compute'], image: 'pios-lite' } as Parameters<typeof withNodeImage>[0];
  expect(withNodeImage(other, { image: 'debian-lite', version: '1' })).toBe(other);
});
