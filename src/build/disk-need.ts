/** How much a build writes where, at most: told to whoever has to make room. */
import { stat } from 'node:fs/promises';
import path from 'node:path';

import { downloadedFile } from '../host/download.ts';
import { run } from '../host/process.ts';
import type { ResolvedBase } from '../model/image-base.ts';
import type { LockedPackage } from '../model/package-lock.ts';
import type { BuildPlan, BuildStep } from '../plan/build.ts';
import type { DiskNeed } from './disk-error.ts';
import type { BuildRequest } from './running-build.ts';
import { sourcesDir } from './unpack-context.ts';

/** What packages say that they take; where one says nothing, three times its file. */
export function installedBytes(packages: readonly Pick<LockedPackage, 'control' | 'sizeBytes'>[]): number {
  return packages.reduce((sum, { control, sizeBytes }) => {
    const kibibytes = /^Installed-Size: (\d+)$/m.exec(control)?.[1];
    return sum + (kibibytes === undefined ? sizeBytes * 3 : Number(kibibytes) * 1024);
  }, 0);
}

/** @returns nothing where it cannot be known before: a download says its size when it is asked for */
export async function needOfBuild({ steps }: Pick<BuildPlan, 'steps'>, request: BuildRequest): Promise<DiskNeed> {
  const sizes = await Promise.all(steps.map(async (step) => ({ step, bytes: await bytesOf(step, request) })));
  const sum = (own: readonly (typeof sizes)[number][]) =>
    own.some(({ bytes }) => bytes === undefined) ? undefined : own.reduce((all, { bytes = 0 }) => all + bytes, 0);
  return { stateBytes: sum(sizes.filter(({ step }) => step.state.kind === 'run')), exportsBytes: sum(sizes) };
}

async function bytesOf(step: BuildStep, request: BuildRequest): Promise<number | undefined> {
  if (step.action === 'unpack') return sizeOfBase(step.base, request);
  return step.action === 'bootstrap' || step.action === 'layer' ? installedBytes(step.packages) : 0;
}

function sizeOfBase({ from, digest }: ResolvedBase, { specDir, stateDir, signal }: BuildRequest) {
  if ('url' in from) return sizeOfSource(downloadedFile({ folder: sourcesDir({ stateDir }), sha256: digest }), signal);
  if ('registry' in from) return Promise.resolve(undefined);
  const [place = ''] = Object.values(from);
  return sizeOfSource(path.resolve(specDir, place), signal);
}

const usualRatio = 4;

/** @param place a folder with a root, or a file that one is packed in */
export async function sizeOfSource(place: string, signal: AbortSignal): Promise<number | undefined> {
  const found = await stat(place).catch(() => undefined);
  if (found?.isFile() === true) return found.size * (/\.(?:xz|zst|gz|bz2|lz4|tgz)$/.test(place) ? usualRatio : 1);
  if (found === undefined) return undefined;
  return Number.parseInt(await run(['du', '-s', '--block-size=1', '--', place], { signal }), 10);
}
