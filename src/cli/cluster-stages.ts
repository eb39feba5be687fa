/** The nodes of the cluster in the order in which they are shut down, who of them can be switched, and who is told what. */
import { compressHostlist } from '../plan/hostlist.ts';
import type { ApiServer } from './api-client.ts';
import { readFed, type FedNodes, type NodePower } from './cluster-power.ts';
import type { CliContext } from './context.ts';
import type { Schemas } from './generated/api.ts';
import { renderValue, type OutputFormat } from './output.ts';
import { call } from './typed-client.ts';

export type Node = Schemas['Node'];

export interface ClusterStages {
  readonly server: ApiServer;
  readonly stages: readonly (readonly Node[])[];
  readonly fed: FedNodes;
}

export async function readStages(context: CliContext): Promise<ClusterStages> {
  const server = await context.service();
  const nodes = await call(server, 'GET /nodes');
  const { stages: roles } = await call(server, 'GET /power/order');
  const fed = await readFed(server);
  return { server, stages: roles.map((names) => nodes.filter(({ name }) => names.includes(name))), fed };
}

export interface StagesFlags {
  readonly output: Exclude<OutputFormat, 'name'>;
}

/** What is said on the way is for people: programs read one value at the end, and nothing else from stdout. */
export function forPeople(context: CliContext, { output }: StagesFlags): CliContext {
  return output === 'table' ? context : { ...context, stdout: () => undefined };
}

export function forPrograms(report: object, { output }: StagesFlags, context: CliContext): void {
  if (output !== 'table') context.stdout(renderValue(report, output));
}

export const namesOf = (nodes: readonly Node[]) => compressHostlist(nodes.map(({ name }) => name));

/** A sentence for each reason why the power of nodes is not known. */
export function unknownPower(fed: FedNodes): string[] {
  const unknown = [...fed.values()].filter(({ power }) => power === 'unknown');
  return [...new Set(unknown.map(({ reason }) => reason))].map((reason) => unknownSentence(reason, unknown));
}

function unknownSentence(reason: string | undefined, unknown: readonly NodePower[]): string {
  const names = unknown.filter((each) => each.reason === reason).map(({ node }) => node);
  return `${compressHostlist(names)}: power is not known: ${reason ?? 'the switch does not say'}`;
}

export type Work = Pick<Schemas['HeldWork'], 'operations' | 'rollouts'>;

/** `operation 12, rollout 3` */
export function workText({ operations, rollouts }: Work): string {
  return [...operations.map((id) => `operation ${id}`), ...rollouts.map((id) => `rollout ${id}`)].join(', ');
}
