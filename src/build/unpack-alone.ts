/** Unpacks a base before there is a build, because its packages decide what the layers need. */
import { claimWorkDir } from '../host/work-dir.ts';
import type { LayerStep } from '../plan/build-layers.ts';
import { checkMachine } from './check-machine.ts';
import { explainDisk } from './disk-error.ts';
import { needOfBuild } from './disk-need.ts';
import { unpackLayer } from './make-layer.ts';
import type { BuildRequest } from './running-build.ts';

export async function unpackAlone(
  step: Extract<LayerStep, { action: 'unpack' }>,
  request: BuildRequest,
): Promise<void> {
  await checkMachine(request.stateDir);
  const work = await claimWorkDir(request.stateDir);
  try {
    request.progress.step({ index: 1, total: 1, title: `base from ${step.base.describe}` });
    // Its files are older than any archive's index will be.
    const lock = { epochSeconds: Math.floor(request.now().getTime() / 1000) };
    const need = () => needOfBuild({ steps: [step] }, request);
    await explainDisk(request.stateDir, unpackLayer(step, { ...request, lock, workDir: work.dir }), need);
  } finally {
    await work.release();
  }
}
