/** Where Prometheus finds the nodes: node_exporter on each of them, as its HTTP service discovery reads it. */
import type { ImageManifest } from '../model/manifest.ts';
import type { NodeSpec } from '../model/node.ts';
import type { NodeStatus } from '../model/node-status.ts';
import type { ClusterView } from '../model/view.ts';
import { labelWords, ownLabels } from './node-labels.ts';

interface TargetGroup {
  readonly targets: string[];
  readonly labels: Record<string, string>;
}

/** node_exporter's own. */
const port = 9100;

/** Debian's name of it. */
const exporterPackage = 'prometheus-node-exporter';

type Target = Pick<NodeSpec, 'name' | 'role' | 'board' | 'address' | 'vars' | 'labels'> & {
  readonly status: Pick<NodeStatus, 'state' | 'desired' | 'running' | 'address'>;
};

/** Those whose image has it, as far as its packages are known. */
export function prometheusTargets(nodes: readonly Target[], images: ClusterView['images']): TargetGroup[] {
  const without = new Set([...images.values()].flat().filter(lacksExporter).map(idOf));
  const found = nodes.filter(({ status: { running, desired } }) => !without.has((running ?? desired)?.image ?? ''));
  return found.map(({ name, role, board, address, vars, labels, status }) => ({
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

const idOf = ({ name, version }: ImageManifest) => `${name}@${version}`;

/** Of a base that is not made of packages nobody knows. */
const lacksExporter = ({ packages }: ImageManifest) =>
  packages.length > 0 && !packages.some(({ name }) => name === exporterPackage);
