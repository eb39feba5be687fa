/** What the verbs that change nodes have in common: which nodes, in which order, and what is said of it. */
import type { Command } from 'commander';

import type { ChangeOptions } from '../../model/change.ts';
import type { NodesChange } from '../../api/schemas/node.ts';
import { ChangedError, ConfigError } from '../../model/errors.ts';
import type { NodeSpec } from '../../model/node.ts';
import { etagOf } from '../../plan/etag.ts';
import { expandHostlist } from '../../plan/hostlist.ts';
import { isByProperty, selectNodes } from '../../plan/select-nodes.ts';
import type { CliContext } from '../context.ts';
import type { NodeClient } from '../node-client.ts';
import { renderValue, withOutput, type OutputFormat } from '../output.ts';

export interface ChangeFlags {
  readonly dryRun?: boolean;
  readonly output: OutputFormat;
}

/** Adds --dry-run and -o. */
export function withChangeFlags(command: Command): Command {
  return withOutput(command.option('--dry-run', 'show what would change, change nothing'));
}

export const optionsOf = ({ dryRun = false }: { dryRun?: boolean }, ifMatch?: string): ChangeOptions => ({
  by: 'command',
  dryRun,
  ifMatch,
});

interface Target {
  readonly name: string;
  /** It was chosen for what it was then: it must still be that. */
  readonly ifMatch: string | undefined;
}

/** Names are taken as they are; a role and a label name those that have it now. */
export async function chooseTargets(selectors: readonly string[], client: NodeClient): Promise<Target[]> {
  const words = selectors.flatMap((selector) => expandHostlist(selector));
  if (!words.some(isByProperty)) {
    return [...new Set(words)].map((name) => ({ name, ifMatch: undefined }));
  }
  const named = new Set(words);
  const chosen = selectNodes(words, await client.nodes());
  return chosen.map((node) => ({ name: node.name, ifMatch: named.has(node.name) ? undefined : etagOf(node) }));
}

/** Everybody who changes the same nodes succeeds once in a round. */
const mostTries = 20;

/**
 * One node after the other, once all of them were found possible: a list with one that is refused changes none.
 * A node that was chosen by its role and has changed since is looked at again.
 */
export async function changeEach<T>(
  selectors: readonly string[],
  flags: { readonly dryRun?: boolean },
  client: NodeClient,
  change: (name: string, options: ChangeOptions) => Promise<T>,
): Promise<T[]> {
  const targets = await chooseTargets(selectors, client);
  const isDryRun = flags.dryRun === true;
  const results: T[] = [];
  if (isDryRun || targets.length > 1) {
    for (const { name } of targets) results.push(await change(name, optionsOf({ dryRun: true })));
  }
  if (isDryRun) return results;
  const done: T[] = [];
  for (const target of targets) {
    const result = await changeOne(target, { selectors, client, change });
    if (result !== undefined) done.push(result);
  }
  return done;
}

/**
 * All of them in one request, or none. Where they are chosen by what they are, nothing may have changed since: else they
 * are chosen again. undefined: nobody is chosen any more.
 */
export async function changeTogether<T>(
  selectors: readonly string[],
  flags: { readonly dryRun?: boolean },
  client: NodeClient,
  change: (names: readonly string[], options: ChangeOptions) => Promise<T>,
): Promise<T | undefined> {
  const words = selectors.flatMap((selector) => expandHostlist(selector));
  if (!words.some(isByProperty)) return change([...new Set(words)], optionsOf(flags));
  for (let tries = 1; ; tries += 1) {
    const nodes = await client.nodes();
    const chosen = tries === 1 ? selectNodes(words, nodes) : selectAgain(words, nodes);
    if (chosen.length === 0) return undefined;
    const names = chosen.map(({ name }) => name);
    try {
      return await change(names, optionsOf(flags, etagOf(nodes)));
    } catch (error) {
      if (!(error instanceof ChangedError) || tries === mostTries) throw error;
    }
  }
}

async function changeOne<T>(
  target: Target,
  how: {
    selectors: readonly string[];
    client: NodeClient;
    change: (name: string, options: ChangeOptions) => Promise<T>;
  },
): Promise<T | undefined> {
  let { ifMatch } = target;
  for (let tries = 1; ; tries += 1) {
    try {
      return await how.change(target.name, optionsOf({}, ifMatch));
    } catch (error) {
      if (!(error instanceof ChangedError) || tries === mostTries) throw error;
      const node = await stillChosen(target.name, how.selectors, how.client);
      if (node === undefined) return undefined;
      ifMatch = etagOf(node);
    }
  }
}

/** undefined: it has got another role meanwhile. */
async function stillChosen(
  name: string,
  selectors: readonly string[],
  client: NodeClient,
): Promise<NodeSpec | undefined> {
  const words = selectors.flatMap((selector) => expandHostlist(selector));
  return selectAgain(words, await client.nodes()).find((node) => node.name === name);
}

function selectAgain(words: readonly string[], nodes: readonly NodeSpec[]): readonly NodeSpec[] {
  try {
    return selectNodes(words, nodes);
  } catch (error) {
    // Nobody has the role any more.
    if (error instanceof ConfigError) return [];
    throw error;
  }
}

const signs = { added: '+', changed: '~', removed: '-' } as const;

/** `+ node03`, `~ node02  address: 10.42.0.12 -> 10.42.0.22` */
export function renderNodesChange({ changes }: NodesChange): string {
  return changes
    .map(({ kind, node, fields }) => {
      const told = fields.map(({ field, before, after }) => `${field}: ${before ?? '-'} -> ${after ?? '-'}`);
      return `${`${signs[kind]} ${node}  ${told.join(', ')}`.trimEnd()}\n`;
    })
    .join('');
}

/** For people, the changes and what becomes of them; for programs, what the API answers, as a list. */
export function showChanges(
  answers: readonly NodesChange[],
  { flags, context, client, nothing }: { flags: ChangeFlags; context: CliContext; client: NodeClient; nothing: string },
): void {
  const { output } = flags;
  const names = [...new Set(answers.flatMap(({ changes }) => changes.map(({ node }) => node)))];
  if (output === 'name') return context.stdout(names.map((name) => `${name}\n`).join(''));
  if (output !== 'table') return context.stdout(renderValue(answers, output));
  context.stdout(answers.map(renderNodesChange).join(''));
  if (names.length === 0) return context.stdout(`${nothing}\n`);
  showEnd(flags, context, client);
}

/** What a person must know after a change: that it was none, or that nobody carries it out yet. */
export function showEnd(flags: ChangeFlags, context: CliContext, client: NodeClient): void {
  if (flags.dryRun === true) context.stdout('dry run: nothing was changed\n');
  else if (client.service === undefined) context.stdout('no service runs, so it waits in the state\n');
}
