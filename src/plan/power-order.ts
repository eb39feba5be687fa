/** In which order is a cluster shut down? Whoever others need goes last: jobs, then logins, then Slurm's controller. */
import type { Cluster } from '../model/cluster.ts';
import type { NodeSpec } from '../model/node.ts';

/** A role of that name is where people work, on what compute nodes give them. */
const loginRole = 'login';

/** Stages one after the other, the nodes of one side by side; reversed, it is the order of a start. */
export function planShutdown<Node extends Pick<NodeSpec, 'role'>>(
  nodes: readonly Node[],
  { slurm, power }: Pick<Cluster, 'slurm' | 'power'>,
): Node[][] {
  const controller = slurm?.controllerRole;
  const named = power.order ?? [loginRole];
  const order = [...named.filter((role) => role !== controller), ...(controller === undefined ? [] : [controller])];
  const unnamed = nodes.filter(({ role }) => !order.includes(role));
  const stages = order.map((wanted) => nodes.filter(({ role }) => role === wanted));
  return [unnamed, ...stages].filter((stage) => stage.length > 0);
}
