/** Where Prometheus finds the nodes: node_exporter on each of them, as its HTTP service discovery reads it. */
import type { NodeSpec } from '../model/node.ts';
import type { NodeStatus } from '../model/node-status.ts';
import { labelWords, ownLabels } from './node-labels.ts';

interface TargetGroup {
  readonly targets: string[];
  readonly labels: Record<string, string>;
}

/** node_exporter's own. */
const port = 9100;

export function prometheusTargets(
  nodes: readonly (Pick<NodeSpec, 'name' | 'role' | 'board' | 'address' | 'vars' | 'labels'> & {
    readonly status: Pick<NodeStatus, 'state' | 'running' | 'address'>;
  })[],
): TargetGroup[] {
  return nodes.map(({ name, role, board, address, vars, labels, status }) => ({
    targets: [`${status.address ?? address}:${port}`],
    labels: {
      instance: name,
      node: name,
      role,
      board,
      __meta_pi_image_state: status.state,
      __meta_pi_image_image: status.running?.image ?? '',
      ...Object.fromEntries(labelWords(labels).map(([label, value]) => [`__meta_pi_image_label_${label}`, value])),
      ...Object.fromEntries(ownLabels(vars).map(([label, value]) => [`__meta_pi_image_var_${label}`, value])),
    },
  }));
}
