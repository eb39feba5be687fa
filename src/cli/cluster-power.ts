/** Power of a cluster's nodes for a command: what cannot be read or switched is tried again, and each order is followed to its end. */
import { setTimeout as sleep } from 'node:timers/promises';

import { HostError } from '../model/errors.ts';
import type { PowerAction } from '../model/power.ts';
import type { ApiServer } from './api-client.ts';
import type { CliContext } from './context.ts';
import type { Schemas } from './generated/api.ts';
import { followPower } from './power-progress.ts';
import { call } from './typed-client.ts';

export type NodePower = Schemas['NodePower'];

/** By name: nodes with a port that takes orders. Others have none, or one that is switched by hand. */
export type FedNodes = ReadonlyMap<string, NodePower>;

export async function readFed(server: ApiServer): Promise<FedNodes> {
  const all = await call(server, 'GET /power');
  return new Map(all.filter(({ isSwitched }) => isSwitched).map((each) => [each.node, each]));
}

export interface SwitchDeps {
  readonly server: ApiServer;
  readonly context: Pick<CliContext, 'signal' | 'stderr'>;
}

export interface SwitchOrders {
  /** All of them have a port. */
  readonly names: readonly string[];
  /** undefined: it is as it should be. */
  readonly actionFor: (node: string, now: 'on' | 'off') => PowerAction | undefined;
  /** What fails after that is not tried again. */
  readonly untilMs: number;
}

interface Trouble {
  readonly node: string;
  readonly reason: string;
  /** Its switch may only be starting; what was decided stays so. */
  readonly mayPass: boolean;
}

interface Round {
  readonly done: readonly string[];
  readonly troubles: readonly Trouble[];
}

export interface SwitchedNodes {
  readonly done: readonly string[];
  /** One sentence for each node that is not as it should be. */
  readonly troubles: readonly string[];
}

const againMs = 5000;

export async function switchNodes(orders: SwitchOrders, deps: SwitchDeps): Promise<SwitchedNodes> {
  const { signal, stderr } = deps.context;
  const done: string[] = [];
  const given: Trouble[] = [];
  let open = orders.names;
  for (;;) {
    const round = await switchOnce(open, orders, deps);
    done.push(...round.done);
    const leftMs = orders.untilMs - Date.now();
    const again = leftMs > 0 ? round.troubles.filter(({ mayPass }) => mayPass) : [];
    given.push(...round.troubles.filter((each) => !again.includes(each)));
    if (again.length === 0) return { done, troubles: given.map(sentence) };
    if (open === orders.names) for (const each of again) stderr(`${sentence(each)}; it is tried again\n`);
    open = again.map(({ node }) => node);
    await sleep(Math.min(againMs, leftMs), undefined, { signal });
  }
}

const sentence = ({ node, reason }: Trouble) => (reason.startsWith(node) ? reason : `${node}: ${reason}`);

async function switchOnce(names: readonly string[], { actionFor }: SwitchOrders, deps: SwitchDeps): Promise<Round> {
  if (names.length === 0) return { done: [], troubles: [] };
  const fed = await readFed(deps.server);
  const read = () => call(deps.server, 'GET /power/runs');
  const { running, ended } = await read();
  const sinceMs = ended.reduce((last, { endedMs }) => Math.max(last, endedMs), 0);
  const asked = await Promise.all(
    names.map((node) => {
      const run = running.find((each) => each.node === node);
      return ask(node, { now: fed.get(node), run, actionFor, server: deps.server });
    }),
  );
  const begun = asked.flatMap(({ node, kind }) => (kind === 'begun' ? [node] : []));
  const results = await followPower(begun, sinceMs, read, deps.context);
  return {
    done: [
      ...asked.flatMap(({ node, kind }) => (kind === 'so' ? [node] : [])),
      ...results.flatMap(({ node, failure }) => (failure === undefined ? [node] : [])),
    ],
    troubles: [
      ...asked.flatMap((each) => (each.kind === 'trouble' ? [each] : [])),
      ...results.flatMap(({ node, failure }) =>
        failure === undefined ? [] : [{ node, reason: failure, mayPass: true }],
      ),
    ],
  };
}

type Asked = { readonly kind: 'so' | 'begun'; readonly node: string } | (Trouble & { readonly kind: 'trouble' });

interface Asking extends Pick<SwitchOrders, 'actionFor'> {
  readonly now: NodePower | undefined;
  readonly run: Schemas['PowerRuns']['running'][number] | undefined;
  readonly server: ApiServer;
}

async function ask(node: string, { now, run, actionFor, server }: Asking): Promise<Asked> {
  if (now === undefined || now.power === 'unknown') {
    return { kind: 'trouble', node, reason: now?.reason ?? 'no switch feeds it any more', mayPass: now !== undefined };
  }
  const action = actionFor(node, now.power);
  if (action === undefined) return { kind: 'so', node };
  // What a service that was killed has begun is that order, or leads to it.
  if (run !== undefined && (run.action === 'off') === (action === 'off')) return { kind: 'begun', node };
  try {
    const given = { path: { name: node }, body: { action } };
    const { isChanged } = await call(server, 'POST /nodes/{name}:power', given);
    return { kind: isChanged ? 'begun' : 'so', node };
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    return { kind: 'trouble', node, reason: error.message, mayPass: false };
  }
}
