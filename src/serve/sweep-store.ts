/** When the service starts: what a build or a clean-up that died has left in the store is taken away. */
import { hasLeftovers, sweepStore } from '../host/store-sweep.ts';
import { claimWorkDir, sweepIfIdle } from '../host/work-dir.ts';
import { describeError } from '../model/describe-error.ts';
import type { Log } from '../model/log.ts';

/** Left to the next build where one runs. */
export async function sweepLeftovers(places: { stateDir: string; imagesDir: string }, log: Log): Promise<void> {
  if (!(await hasLeftovers(places.imagesDir))) return sweepIfIdle(places.stateDir);
  try {
    const work = await claimWorkDir(places.stateDir);
    try {
      const { bytes } = await sweepStore(places.imagesDir);
      log.info('store.swept', { bytes });
    } finally {
      await work.release();
    }
  } catch (error) {
    log.warn('store.not-swept', { reason: describeError(error) });
  }
}
