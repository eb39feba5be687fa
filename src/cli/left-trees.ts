/** Private trees of nodes that were removed: they stay until somebody says which of them may go. */
import path from 'node:path';

import { persistentDir } from '../host/image-store.ts';
import { listTrees, removeTreesOf } from '../host/persistent-tree.ts';
import { readBoots, readState } from '../host/state-file.ts';
import { ConfigError, RefusedError } from '../model/errors.ts';
import { versionId } from '../model/root-mode.ts';
import { compressHostlist, expandHostlist } from '../plan/hostlist.ts';
import { leftTrees } from '../plan/made-roots.ts';
import type { CliContext, Paths } from './context.ts';
import { megabytes, readOwnCost } from './store-facts.ts';

type Left = ReturnType<typeof leftTrees>;

/** @param removed nodes that have just been removed @returns what to say of their trees, or nothing */
export async function describeLeft(removed: readonly string[], { state }: Paths): Promise<string> {
  const trees = await listTrees(persistentDir(state));
  const names = removed.filter((name) => trees.has(name));
  if (names.length === 0) return '';
  const [what, it] = names.length === 1 ? ['the tree of', 'it'] : ['the trees of', 'them'];
  return `${what} ${compressHostlist(names)} ${names.length === 1 ? 'stays' : 'stay'}; ${howToRemove(names, it)}\n`;
}

const howToRemove = (names: readonly string[], it: string) =>
  `to remove ${it} when no board runs on ${it} any more: pi-image image gc --trees '${compressHostlist(names)}'`;

async function readLeft({ state }: Paths): Promise<Left> {
  return leftTrees(await listTrees(persistentDir(state)), (await readState(state)).nodes);
}

/** What a clean-up leaves alone, with its size. @returns nothing where there are none */
export async function describeAllLeft(paths: Paths): Promise<string> {
  const names = [...(await readLeft(paths)).keys()];
  if (names.length === 0) return '';
  const bytes = await Promise.all(names.map((name) => readOwnCost(path.join(persistentDir(paths.state), name))));
  const sum = megabytes(bytes.reduce((all, cost) => all + (cost?.ownBytes ?? 0), 0));
  return `trees of nodes that were removed stay: ${compressHostlist(names)}, ${sum}; ${howToRemove(names, 'them')}\n`;
}

/** @param selector names of nodes that were removed @throws before anything is removed, where one of them may not go */
export async function removeLeft(selector: string, isDryRun: boolean, context: CliContext): Promise<void> {
  const paths = context.paths();
  const left = await readLeft(paths);
  const names = [...new Set(expandHostlist(selector))];
  for (const name of names) await refuseUsed(name, left, paths);
  for (const name of names) {
    const versions = (left.get(name) ?? []).map(versionId).join(', ');
    if (isDryRun) context.stdout(`would remove the tree of ${name} (${versions})\n`);
    else {
      context.signal.throwIfAborted();
      await removeTreesOf(persistentDir(paths.state), name);
      context.stderr(`removed the tree of ${name} (${versions})\n`);
    }
  }
}

async function refuseUsed(name: string, left: Left, { state }: Paths): Promise<void> {
  const { nodes } = await readState(state);
  if (nodes.some((node) => node.name === name)) {
    throw new RefusedError(`the tree of ${name} is not removed: it is a node`, {
      hint: `For a new tree write "persistent: { upgrade: reset }" in its role and build its image; or remove the node first.`,
    });
  }
  if (!left.has(name)) {
    const known = [...left.keys()];
    throw new ConfigError(`there is no tree of ${name}`, {
      hint: known.length === 0 ? 'No node that was removed has left one.' : `There are: ${compressHostlist(known)}.`,
    });
  }
  const { boots } = await readBoots(state);
  const last = boots.findLast(({ node }) => node === name);
  if (last === undefined || last.closed !== undefined) return;
  throw new RefusedError(`the tree of ${name} is not removed: its board boots from it`, {
    hint: 'Switch the board off, and try again in a few minutes.',
  });
}
