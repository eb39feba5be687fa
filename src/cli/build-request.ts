/** From an image's name to what a build of it needs to know. */
import { access, constants } from 'node:fs/promises';
import path from 'node:path';

import type { BuildProgress } from '../build/progress.ts';
import type { BuildRequest } from '../build/running-build.ts';
import { readImageSpec } from '../host/config-files.ts';
import type { CliContext } from './context.ts';

export async function buildRequest(
  name: string,
  { context, progress, offline }: { context: CliContext; progress: BuildProgress; offline: boolean },
): Promise<BuildRequest> {
  const { dataDirs, state } = context.paths();
  const { spec, dir } = await readImageSpec(dataDirs, name);
  const shippedDir = dataDirs.at(-1) ?? '';
  return {
    name,
    spec,
    specDir: dir,
    isOwnSpec: !dir.startsWith(`${path.join(shippedDir, 'images')}/`) && (await canWrite(dir)),
    offline,
    scriptsDir: path.join(shippedDir, 'boot/initramfs'),
    stateDir: state,
    now: () => new Date(),
    progress,
    signal: context.signal,
  };
}

function canWrite(dir: string): Promise<boolean> {
  return access(dir, constants.W_OK).then(
    () => true,
    () => false,
  );
}
