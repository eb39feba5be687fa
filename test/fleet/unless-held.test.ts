import { setTimeout as sleep } from 'node:timers/promises';

import { expect, test, vi } from 'vitest';

import { unlessHeld } from '../../src/fleet/unless-held.ts';
import { emptyState, type State } from '../../src/model/state.ts';
import { withHold, withoutHold } from '../../src/plan/operation-hold.ts';

test('work ends when it is held, and is begun anew when it is released', async () => {
  const stop = new AbortController();
  let state: State = emptyState;
  const told: string[] = [];
  const work = unlessHeld({ current: () => state }, stop.signal, async (signal) => {
    told.push('begun');
    await sleep(60_000, undefined, { signal }).catch(() => undefined);
    told.push('ended');
  });
  await vi.waitFor(() => expect(told).toEqual(['begun']));

  state = withHold(state, { by: 'ups', sinceMs: 1 });
  await vi.waitFor(() => expect(told).toEqual(['begun', 'ended']));
  expect(withHold(state, { by: 'another', sinceMs: 2 })).toBe(state);
  state = withoutHold(state);
  await vi.waitFor(() => expect(told).toEqual(['begun', 'ended', 'begun']));
  stop.abort();
  await work;

  expect(told).toEqual(['begun', 'ended', 'begun', 'ended']);
});
