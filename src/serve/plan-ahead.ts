/**
 * Plans what nodes boot before they ask: after a start, a new image or an edit of the configuration all of them have to be
 * planned again, which takes a thousand nodes half a second. In slices, so that nobody who asks meanwhile waits for it.
 */
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';

import type { Site } from './site.ts';

/** Of each turn of the event loop. */
const sliceMs = 4;
const pollMs = 200;

/** Until `signal` aborts. */
export async function planAhead({ view, desired }: Pick<Site, 'view' | 'desired'>, signal: AbortSignal): Promise<void> {
  let planned: ReturnType<Site['view']> | undefined;
  while (!signal.aborted) {
    const now = view();
    if (now !== planned) {
      let sliceBeganMs = performance.now();
      for (const node of now.nodes) {
        desired(node);
        if (performance.now() - sliceBeganMs < sliceMs) continue;
        await nextTurn();
        sliceBeganMs = performance.now();
        // What was planned for another configuration is of no use.
        if (view() !== now || signal.aborted) break;
      }
      planned = view() === now ? now : undefined;
    }
    await sleep(pollMs, undefined, { signal }).catch(() => undefined);
  }
}
