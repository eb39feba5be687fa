/** Nodes and where they stand: those that were asked for, and of them a page. */
import type { NodesAnswer } from '../api/actions.ts';
import { ConfigError, UsageError } from '../model/errors.ts';
import { asWritten } from '../model/node-address.ts';
import type { NodeQuery } from '../model/node-query.ts';
import type { NodeSpec } from '../model/node.ts';
import { etagOf } from '../plan/etag.ts';
import { byName, filterNodes, nodesAfter } from '../plan/filter-nodes.ts';
import { nodeAnswers, type StatusSources } from './node-answers.ts';

/** @throws ConfigError when the list of hosts cannot be read */
export function listNodes(sources: StatusSources, { state, page, ...filter }: NodeQuery = {}): NodesAnswer {
  const { nodes } = sources.site.view();
  const etag = tagOf(nodes);
  const chosen = filtered(page === undefined ? nodes : byName(nodes), filter);
  const answersOf = (some: readonly NodeSpec[]) => {
    const answers = nodeAnswers(sources, some);
    return state === undefined ? answers : answers.filter(({ status }) => status.state === state);
  };
  if (page === undefined) return { answer: answersOf(chosen), etag, next: undefined };
  const rest = page.after === undefined ? chosen : nodesAfter(chosen, page.after);
  // Without a state to look for, those on other pages need not be looked at.
  const answers = answersOf(state === undefined ? rest.slice(0, page.limit + 1) : rest);
  const shown = answers.slice(0, page.limit);
  return { answer: shown, etag, next: answers.length > shown.length ? shown.at(-1)?.name : undefined };
}

/** A list that is asked for a hundred times a second is the same one each time. */
const tags = new WeakMap<readonly NodeSpec[], string>();

function tagOf(nodes: readonly NodeSpec[]): string {
  const tag = tags.get(nodes) ?? etagOf(nodes.map(asWritten));
  tags.set(nodes, tag);
  return tag;
}

function filtered(nodes: readonly NodeSpec[], filter: Omit<NodeQuery, 'state' | 'page'>): readonly NodeSpec[] {
  try {
    return filterNodes(nodes, filter);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new ConfigError(error.message, { ...(error.hint !== undefined && { hint: error.hint }) });
  }
}
