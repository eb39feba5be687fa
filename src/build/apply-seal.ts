/** Applies the rules of the seal to a flattened root. */
import { rm } from 'node:fs/promises';
import path from 'node:path';

import { TreeOnDisk } from '../host/seal-tree.ts';
import { clampTimes, emptyFile, linkInTree, markUpdated, placeInTree, writeTreeFile } from '../host/tree.ts';
import { readXattrs, type Xattrs } from '../host/xattrs.ts';
import type { DisklessRecord } from '../model/diskless.ts';
import { unreachable } from '../model/errors.ts';
import { renderImageSources } from '../plan/build-sources.ts';
import type { BuildStepArgs } from '../plan/build.ts';
import type { SealChange, SealContext } from '../plan/seal-action.ts';
import { planRule } from '../plan/seal-plan.ts';
import type { SealTree } from '../plan/seal-tree.ts';
import { sealRules } from '../plan/seal.ts';
import type { RunningBuild } from './running-build.ts';

interface SealedTree extends Pick<RunningBuild, 'torso' | 'progress' | 'signal'> {
  readonly lock: Pick<RunningBuild['lock'], 'epochSeconds'>;
  /** Where it is not known what has capabilities, the tree is asked. */
  readonly capabilities?: ReadonlyMap<string, string>;
}

export async function sealBuild(args: BuildStepArgs['seal'], build: RunningBuild): Promise<void> {
  const capabilities = placedCapabilities(build.found.placed);
  build.found.sealed = await seal(args, { ...build, capabilities });
}

export async function seal(
  { sources, enabled, keep }: BuildStepArgs['seal'],
  { torso, lock, progress, signal, capabilities }: SealedTree,
): Promise<DisklessRecord> {
  const root = path.join(torso, 'root');
  const tree = new TreeOnDisk(root, capabilities ?? (await readCapabilities(root, signal)));
  const record = await applyRules(root, tree, {
    sources: sources.length === 0 ? '' : renderImageSources(sources),
    enabled,
    keep,
    onRule: progress.detail,
    onBlocked: progress.note,
  });
  await clampTimes(root, lock.epochSeconds, signal);
  // After everything else: it takes the time that /usr has in the end.
  await markUpdated(root);
  return record;
}

export async function readCapabilities(root: string, signal: AbortSignal): Promise<Map<string, string>> {
  const found = [...(await readXattrs(root, signal))];
  return new Map(found.flatMap(([file, xattrs]) => capabilityOf(file, xattrs)));
}

function placedCapabilities(placed: RunningBuild['found']['placed']): Map<string, string> {
  return new Map(
    [...placed].flatMap(([file, { entry }]) => (entry.xattrs === undefined ? [] : capabilityOf(file, entry.xattrs))),
  );
}

function capabilityOf(file: string, xattrs: Xattrs): (readonly [string, string])[] {
  const capability = xattrs['security.capability'];
  return capability === undefined ? [] : [[file, capability]];
}

interface SealOptions extends SealContext {
  readonly keep: readonly string[];
  readonly onRule?: (id: string) => void;
  /** What a rule cannot do for this image. */
  readonly onBlocked?: (note: string) => void;
}

export async function applyRules(root: string, tree: SealTree, options: SealOptions): Promise<DisklessRecord> {
  const applied: string[] = [];
  const spared = new Set<string>();
  for (const rule of sealRules) {
    if (options.keep.includes(rule.id)) continue;
    options.onRule?.(rule.id);
    // Asked anew for each rule: an earlier one may have taken away what a later one looks for.
    const { changes, enabled, blocked } = planRule(rule, tree, options);
    for (const change of changes) await applyChange(root, change);
    for (const unit of enabled) spared.add(unit);
    if (changes.length > 0) applied.push(rule.id);
    if (blocked !== undefined) options.onBlocked?.(`${blocked.cause}. ${blocked.hint}`);
  }
  const kept = sealRules.map(({ id }) => id).filter((id) => options.keep.includes(id));
  return { applied, kept, enabled: [...spared].toSorted() };
}

async function applyChange(root: string, change: SealChange): Promise<void> {
  switch (change.kind) {
    case 'remove':
      return rm(await placeInTree(root, change.path), { recursive: true, force: true });
    case 'empty-file':
      return emptyFile(root, change.path);
    case 'write':
      return writeTreeFile(root, change.path, change.content, change.mode);
    case 'link':
      return linkInTree(root, change.path, change.target);
    default:
      return unreachable(change);
  }
}
