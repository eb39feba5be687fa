import { expect, test } from 'vitest';

import type { Role } from '../../src/model/cluster.ts';
import type { NodeStatus } from '../../src/model/node-status.ts';
import { withChosenImages } from '../../src/plan/image-choice.ts';
import { planTarget, type TargetSources, type WantedTarget } from '../../src/plan/rollout-target.ts';
import { sampleView } from '../support/sample-view.ts';

const newest = 'debian-lite@20261121.1';
const before = 'debian-lite@20261120.1';

const running = (image: string, state: NodeStatus['state'] = 'ready') => ({
  state,
  running: { generation: `gen-${image}`, image, role: 'compute' },
});

/** node01 and node02 are compute; both run the version before the newest one unless told otherwise. */
function sources(
  changes: Partial<TargetSources> = {},
  choices: TargetSources['state']['imageChoices'] = {},
): TargetSources {
  const view = sampleView();
  return {
    view: { ...view, cluster: withChosenImages(view.cluster, choices), imageChoices: choices },
    state: { imageChoices: choices, generationPins: {} },
    statuses: new Map([
      ['node01', running(before)],
      ['node02', running(before)],
    ]),
    isKept: () => true,
    ...changes,
  };
}

const image = (reference?: string): WantedTarget => ({ kind: 'image', role: 'compute', image: reference });
const overlay: WantedTarget = { kind: 'overlay', role: 'compute' };
const names = (planned: { nodes: readonly { node: string }[] }) => planned.nodes.map(({ node }) => node);

test('a version that was just built: the others keep what they run', () => {
  const planned = planTarget(image(), sources());
  expect(planned).toMatchObject({ target: { image: newest }, from: before, leftOut: [] });
  expect(names(planned)).toEqual(['node01', 'node02']);
});

test('a version that the role was told to have is what the others keep', () => {
  const held = { 'role/compute': { image: 'debian-lite', version: '20261120.1' } };
  expect(planTarget(image(), sources({}, held))).toMatchObject({ target: { image: newest }, from: before });
  expect(planTarget(image(before), sources())).toMatchObject({ target: { image: before }, from: newest });
});

test('nodes that do not run, or have a word of their own, are left out', () => {
  const own = { 'node/node01': { image: 'debian-lite', version: '20261120.1' } };
  expect(planTarget(image(), sources({}, own)).leftOut).toEqual([
    { node: 'node01', reason: 'it has a version of its own, 20261120.1' },
  ]);
  const of = { 'node/node01': { ...own['node/node01'], rollout: '3' } };
  expect(planTarget(image(), sources({}, of)).leftOut).toEqual([]);
  const statuses = new Map([
    ['node01', running(before, 'silent')],
    ['node02', running(before)],
  ]);
  const [left] = planTarget(image(), sources({ statuses })).leftOut;
  expect(left).toEqual({
    node: 'node01',
    reason: 'it is silent; it takes what its role boots when it is switched on',
  });
  const pin = { generation: 'abcdef012345678', image: before, role: 'compute', by: 'ops' };
  const state = { imageChoices: {}, generationPins: { node01: pin } };
  expect(planTarget(image(), sources({ state })).leftOut).toEqual([
    { node: 'node01', reason: 'it is held at generation abcdef012345' },
  ]);
});

const withRole = (changes: Partial<Role>): Partial<TargetSources> => {
  const { cluster, ...view } = sampleView();
  const role = { ...cluster.roles['compute'], ...changes } as Role;
  return { view: { ...view, cluster: { ...cluster, roles: { ...cluster.roles, compute: role } } } };
};

test.each<[string, WantedTarget, TargetSources, string]>([
  ['no such role', { kind: 'image', role: 'computer' }, sources(), 'there is no role computer; did you mean compute?'],
  ['another image', image('ubuntu@1'), sources(), 'the role has the image debian-lite, not ubuntu'],
  ['no such version', image('debian-lite@9'), sources(), 'the image debian-lite has no version 9'],
  [
    'pinned in cluster.yaml',
    image(),
    sources(withRole({ image: before })),
    `cluster.yaml pins role compute to ${before}`,
  ],
  ['trees of their own', image(), sources(withRole({ root: 'persistent' })), 'nodes of compute keep their own trees'],
  [
    'all have it',
    image(),
    sources({ statuses: new Map([['node01', running(newest)]]) }),
    `no node of compute is known to run another version than ${newest}`,
  ],
  [
    'what they run is gone',
    image(),
    sources({ statuses: new Map([['node01', running('debian-lite@20261001.1')]]) }),
    'debian-lite@20261001.1, which nodes of compute run, is gone',
  ],
  ['nobody runs', image(before), sources({ statuses: new Map() }), 'no node of compute can take it now'],
  ['overlays and a version at once', overlay, sources(), `node01 would boot ${newest}, and runs ${before}`],
])('%s is refused', (_name, wanted, from, message) => {
  expect(() => planTarget(wanted, from)).toThrow(message);
});

test('of overlays it is remembered what each runs, also of those that are off', () => {
  const statuses = new Map([
    ['node01', running(newest)],
    ['node02', running(newest, 'silent')],
  ]);
  const planned = planTarget(overlay, sources({ statuses }));
  const ran = { generation: `gen-${newest}`, image: newest };
  expect(planned.nodes).toMatchObject([{ node: 'node01', before: ran }]);
  expect(planned.leftOut).toEqual([{ node: 'node02', reason: 'it is silent', before: ran }]);
  expect(() => planTarget(overlay, sources({ statuses, isKept: () => false }))).toThrow(
    'no node of compute can take it',
  );
});

test('a rollout of what all have says where another version comes from', () => {
  expect(() => planTarget(image(), sources({ statuses: new Map([['node01', running(newest)]]) }))).toThrow(
    expect.objectContaining({ hint: expect.stringContaining('"pi-image build debian-lite"') as never }),
  );
});
