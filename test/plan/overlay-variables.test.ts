import { describe, expect, test } from 'vitest';

import { tablesOf } from '../../src/plan/overlay-variables.ts';
import type { ClusterView } from '../../src/model/view.ts';
import { sampleCluster, sampleView } from '../support/sample-view.ts';

const view = sampleView();
const withRole = (name: string, role: string): ClusterView => ({
  ...view,
  nodes: view.nodes.map((node) => (node.name === name ? { ...node, role } : node)),
});

describe("the cluster's tables", () => {
  test('are one object for views that say the same', () => {
    const planned = tablesOf(withRole('node01', 'login'));

    expect(tablesOf(withRole('node01', 'login'))).toBe(planned);
    expect(tablesOf({ ...view, images: new Map() })).toBe(tablesOf(view));
    expect(tablesOf({ ...view, overlays: new Map(view.overlays) })).toBe(tablesOf(view));
  });

  test.each<[string, ClusterView]>([
    ['another role', withRole('node01', 'login')],
    ['one node less', { ...view, nodes: view.nodes.slice(1) }],
    ['another cluster file', { ...view, cluster: sampleCluster() }],
    ['other overlays, where nobody runs slurmd', { ...view, overlays: new Map() }],
    ['another variable', { ...view, nodes: view.nodes.map((node) => ({ ...node, vars: { cpus: 3 } })) }],
  ])('are others with %s', (_name, other) => {
    expect(tablesOf(other)).not.toBe(tablesOf(view));
  });
});
