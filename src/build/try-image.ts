/** A command in an image as image.yaml describes it: what it changes lies in a layer of its own, which is thrown away or kept. */
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';

import { ensureArm64Runs } from '../host/binfmt.ts';
import { runForPerson } from '../host/chroot.ts';
import { HostError } from '../model/errors.ts';
import { checkMachine } from './check-machine.ts';
import type { PlannedBuild } from './prepare-build.ts';
import { layerRoot, type BuildRequest } from './running-build.ts';

export interface Tried {
  readonly code: number;
  /** What was changed: a folder of overlayfs' upper kind. */
  readonly upper: string;
}

export interface TryRequest {
  readonly command: readonly string[];
  readonly network: boolean;
}

/** @param look sees the changes before they are thrown away */
export async function tryInImage<T>(
  request: BuildRequest,
  { plan }: Pick<PlannedBuild, 'plan'>,
  { command, network, look }: TryRequest & { readonly look: (tried: Tried) => Promise<T> },
): Promise<T> {
  const { stateDir, name, signal } = request;
  const layers = plan.steps.flatMap((step) => ('parents' in step ? [step] : []));
  if (layers.some(({ state }) => state.kind === 'run')) {
    throw new HostError(`the layers of ${name} are not all there as image.yaml describes them`, {
      hint: `Run "pi-image build ${name}".`,
    });
  }
  await checkMachine(stateDir);
  await ensureArm64Runs(signal);
  // The next build sweeps away what a process that is gone has left under such a name.
  const scratch = path.join(stateDir, `build.${process.pid}`);
  const upper = path.join(scratch, 'upper');
  try {
    await mkdir(upper, { recursive: true, mode: 0o755 });
    const lowers = layers.map(({ key }) => layerRoot(stateDir, key));
    const code = await runForPerson({ lowers, upper, scratch }, command, { network, signal });
    return await look({ code, upper });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
