/** The cluster that a storm's storage node is told to be, as the texts that its service reads. Pure. */
import { renderInterface } from '../../model/ipv4.ts';
import { stormNetwork, type StormNode } from './mix.ts';

export function renderStormCluster(image: string): string {
  return `# The cluster of a storm; written by "pi-image rack storm".
cluster: storm
network:
  interface: eth0
  address: ${renderInterface(stormNetwork.storage)}
  pool: ${stormNetwork.pool}
roles:
  compute: { image: '${image}', overlays: [base] }
`;
}

/** JSON is YAML. */
export function renderStormNodes(nodes: readonly StormNode[]): string {
  const lines = nodes.map(({ name, identity: { board, serial, mac }, address }) => {
    return `- ${JSON.stringify({ name, board, role: 'compute', serial, mac, address })}\n`;
  });
  return lines.join('');
}
