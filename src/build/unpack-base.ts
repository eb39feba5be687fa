/** Bases that are not made of packages: which content is meant, and how it becomes the root of a layer. */
import { mkdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';

import { newestFile } from '../host/unpack-tree.ts';
import { ConfigError, unreachable } from '../model/errors.ts';
import type { ResolvedBase, SourceBase } from '../model/image-base.ts';
import type { BaseContext, UnpackPlace } from './unpack-context.ts';
import { resolveImage, unpackCard } from './unpack-image.ts';
import { resolveOci, unpackOci } from './unpack-oci.ts';
import { resolveRoot, unpackRoot } from './unpack-root.ts';

/**
 * Which content is meant? Reads files as far as it must, and downloads nothing but what names are looked up in.
 * What did not change since the last time is known by its size and times.
 */
export function resolveBase(base: SourceBase, context: BaseContext): Promise<ResolvedBase> {
  if ('image' in base) return resolveImage(base.image, context);
  if ('root' in base) return resolveRoot(base.root, context);
  return resolveOci(base.oci, context);
}

interface UnpackedBase {
  /** Modification time of its newest file: what the image is as old as when no archive was asked. */
  readonly newestSeconds: number;
}

/** Downloads what is missing, checks it, and unpacks it with owners, modes, attributes, links and device nodes. */
export async function unpackBase(
  resolved: ResolvedBase,
  place: UnpackPlace,
  context: BaseContext,
): Promise<UnpackedBase> {
  await rm(place.workDir, { recursive: true, force: true });
  await mkdir(place.workDir, { recursive: true });
  try {
    await unpackKind(resolved, place, context);
  } finally {
    await rm(place.workDir, { recursive: true, force: true });
  }
  await requireSystem(resolved, place.target);
  return { newestSeconds: await newestFile(place.target, context.signal) };
}

function unpackKind(resolved: ResolvedBase, place: UnpackPlace, context: BaseContext): Promise<void> {
  switch (resolved.kind) {
    case 'image':
      return unpackCard(resolved, place, context);
    case 'root':
      return unpackRoot(resolved, place, context);
    case 'oci':
      return unpackOci(resolved, place, context);
    default:
      return unreachable(resolved);
  }
}

async function requireSystem({ describe }: ResolvedBase, target: string): Promise<void> {
  for (const needed of ['etc/passwd', 'usr']) {
    if ((await stat(path.join(target, needed)).catch(() => undefined)) !== undefined) continue;
    throw new ConfigError(`${describe} is not the root of a system: it has no /${needed}`, {
      hint: 'Its top folder must be the root itself, with etc, usr and var in it.',
    });
  }
}
