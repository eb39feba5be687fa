/** persistent/<node>/<image>/<version>/root: the writable tree of a node, a copy of its image's. Never hardlinks: one write would reach every node. */
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { HostError } from '../model/errors.ts';
import { versionId, type PersistentTree } from '../model/root-mode.ts';
import { outsideOurUnit } from './outside-unit.ts';
import { run } from './process.ts';
import { sweepTorsos, visibleNames } from './squashfs.ts';
import { syncFolder } from './store-sweep.ts';
import { isFolder } from './tree.ts';

export interface TreeSpec {
  readonly node: string;
  readonly of: PersistentTree;
  /** The root of the version. */
  readonly root: string;
  readonly persistentDir: string;
  readonly signal: AbortSignal;
}

/** Where a file system shares blocks between files, one copy per version serves all nodes. No node has such a name. */
export const patternsDir = '.images';

/** Whole under its name, or not there. */
export async function makeTree({ node, of, root, persistentDir, signal }: TreeSpec): Promise<void> {
  try {
    const clones = await sharesBlocks(persistentDir, signal);
    const source = clones ? await ensurePattern({ of, root, persistentDir, signal }) : root;
    await copyTree(source, path.join(persistentDir, node, of.name, of.version), signal);
  } catch (error) {
    if (signal.aborted) throw error;
    const hint = `Look for free space in ${persistentDir}: a tree takes as much as its image.`;
    throw new HostError(`cannot copy the tree of ${node} from ${versionId(of)}`, { cause: error, hint });
  }
}

async function ensurePattern({ of, root, persistentDir, signal }: Omit<TreeSpec, 'node'>): Promise<string> {
  const pattern = path.join(persistentDir, patternsDir, of.name, of.version);
  if (!(await isFolder(pattern))) await copyTree(root, pattern, signal);
  return path.join(pattern, 'root');
}

/** Owners, modes, times, capabilities and links inside the tree are kept. */
async function copyTree(source: string, target: string, signal: AbortSignal): Promise<void> {
  const torso = path.join(path.dirname(target), `.tmp-${process.pid}-${path.basename(target)}`);
  try {
    await rm(torso, { recursive: true, force: true });
    await mkdir(torso, { recursive: true });
    const copy = ['cp', '--archive', '--reflink=auto', '--no-target-directory', '--', source, path.join(torso, 'root')];
    // Our own unit may make neither setuid programs nor device nodes nor capabilities, of which a root has some.
    const outside = await outsideOurUnit('Nice=10', 'RuntimeMaxSec=1h');
    await run([...(outside ?? (['nice', '-n', '10'] as const)), ...copy], { signal });
    await run(['sync', '--file-system', torso], { signal });
    await rename(torso, target);
    await syncFolder(path.dirname(target));
  } finally {
    await rm(torso, { recursive: true, force: true });
  }
}

/** Only trying tells. */
async function sharesBlocks(persistentDir: string, signal: AbortSignal): Promise<boolean> {
  await mkdir(persistentDir, { recursive: true, mode: 0o700 });
  const folder = await mkdtemp(path.join(persistentDir, '.try-'));
  try {
    await writeFile(path.join(folder, 'one'), Buffer.alloc(8192, 1));
    await run(['cp', '--reflink=always', path.join(folder, 'one'), path.join(folder, 'two')], { signal });
    return true;
  } catch (error) {
    if (error instanceof HostError) return false;
    throw error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Node -> what its trees were made of. */
export async function listTrees(persistentDir: string): Promise<Map<string, PersistentTree[]>> {
  const found = new Map<string, PersistentTree[]>();
  for (const node of await visibleNames(persistentDir)) {
    const images = await visibleNames(path.join(persistentDir, node));
    const trees = await Promise.all(
      images.map(async (name) =>
        (await visibleNames(path.join(persistentDir, node, name))).map((version) => ({ name, version })),
      ),
    );
    if (trees.flat().length > 0) found.set(node, trees.flat());
  }
  return found;
}

/**
 * A node may still write into it: rm(1) opens folder after folder by what it found there, so that nothing that becomes a
 * link meanwhile leads it elsewhere.
 */
async function removeWritten(tree: string): Promise<void> {
  const signal = new AbortController().signal;
  await run(['rm', '--recursive', '--force', '--one-file-system', '--', tree], { signal });
}

/** Out of sight at once, then away. */
export async function removeTree(
  persistentDir: string,
  node: string,
  { name, version }: PersistentTree,
): Promise<void> {
  const folder = path.join(persistentDir, node, name);
  const dead = path.join(folder, `.dead-${process.pid}-${version}`);
  await rename(path.join(folder, version), dead);
  await removeWritten(dead);
}

/** All trees of a node; whoever dies meanwhile leaves the rest to the next `sweepTrees`. */
export async function removeTreesOf(persistentDir: string, node: string): Promise<void> {
  const dead = path.join(persistentDir, `.dead-${process.pid}-${node}`);
  await rename(path.join(persistentDir, node), dead);
  await removeWritten(dead);
}

/** A tree that was cloned from one lives on without it. */
export async function dropPatterns(persistentDir: string, isNeeded: (of: PersistentTree) => boolean): Promise<void> {
  const dir = path.join(persistentDir, patternsDir);
  for (const name of await visibleNames(dir)) {
    for (const version of await visibleNames(path.join(dir, name))) {
      if (!isNeeded({ name, version })) await removeTree(persistentDir, patternsDir, { name, version });
    }
  }
}

export async function sweepTrees(persistentDir: string): Promise<void> {
  await sweepTorsos(path.dirname(persistentDir), path.basename(persistentDir));
  for (const node of [patternsDir, ...(await visibleNames(persistentDir))]) {
    await sweepTorsos(path.join(persistentDir, node));
  }
}
