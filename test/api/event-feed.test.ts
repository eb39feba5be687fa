/** Many readers of one feed: few looks into the database, the same bytes, four rings a second at most. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import type { EventActions } from '../../src/api/actions.ts';
import { feedOf } from '../../src/api/event-feed.ts';
import type { Event } from '../../src/model/event.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function world(count = 0) {
  const events: Event[] = [];
  const listeners = new Set<() => void>();
  const add = (more = 1) => {
    for (let each = 0; each < more; each += 1) {
      events.push({ id: events.length + 1, atMs: 0, kind: 'boot.ready', node: 'node01', fields: {} });
    }
    for (const listener of listeners) listener();
  };
  add(count);
  const after = vi.fn<EventActions['after']>((id, limit) => Promise.resolve(events.slice(id, id + limit)));
  const actions: EventActions = {
    after,
    lastId: () => events.length,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
  return { actions, add, after, listeners, feed: feedOf(actions) };
}

const idsIn = (bytes: Uint8Array) =>
  [
    ...Buffer.from(bytes)
      .toString()
      .matchAll(/^id: (\d+)$/gm),
  ].map(([, id]) => Number(id));

describe('a batch', () => {
  test('is read once for all who ask for the same, and once more when there is more', async () => {
    const { feed, add, after } = world(5);
    const batches = await Promise.all(Array.from({ length: 200 }, () => feed.after(3)));
    expect(new Set(batches).size).toBe(1);
    expect(idsIn(batches[0]?.bytes ?? new Uint8Array())).toEqual([4, 5]);
    expect(after).toHaveBeenCalledTimes(1);

    add();
    expect(idsIn((await feed.after(3)).bytes)).toEqual([4, 5, 6]);
    expect(after).toHaveBeenCalledTimes(2);
  });

  test('says where it ends, and that there may be more', async () => {
    const { feed } = world(250);

    expect(await feed.after(0)).toMatchObject({ lastId: 200, isFull: true });
    expect(await feed.after(200)).toMatchObject({ lastId: 250, isFull: false });
    expect(await feed.after(250)).toEqual({ bytes: Buffer.alloc(0), lastId: undefined, isFull: false });
  });

  test('that could not be read is asked for again', async () => {
    const { feed, after } = world(3);
    after.mockRejectedValueOnce(new Error('disk'));
    await expect(feed.after(0)).rejects.toThrow('disk');

    expect(idsIn((await feed.after(0)).bytes)).toEqual([1, 2, 3]);
  });

  test('of somebody who is far behind pushes out an older one, and no more than that is kept', async () => {
    const { feed, after } = world(100);
    for (let id = 0; id < 50; id += 1) await feed.after(id);
    await feed.after(49);
    expect(after).toHaveBeenCalledTimes(50);

    await feed.after(0);
    expect(after).toHaveBeenCalledTimes(51);
  });
});

describe('the bell', () => {
  test('rings at once, and then for all that comes within a quarter of a second once', () => {
    const { feed, add } = world();
    const rings = [vi.fn<() => void>(), vi.fn<() => void>()] as const;
    for (const ring of rings) feed.subscribe(ring);
    const counts = () => rings.map((ring) => ring.mock.calls.length);

    add();
    expect(counts()).toEqual([1, 1]);
    for (let each = 0; each < 20; each += 1) add();
    expect(counts()).toEqual([1, 1]);
    vi.advanceTimersByTime(250);
    expect(counts()).toEqual([2, 2]);

    // The second ring rests too, and after a quiet while the next is told at once.
    add();
    expect(counts()).toEqual([2, 2]);
    vi.advanceTimersByTime(250);
    expect(counts()).toEqual([3, 3]);
    vi.advanceTimersByTime(1000);
    expect(counts()).toEqual([3, 3]);
    add();
    expect(counts()).toEqual([4, 4]);
  });

  test('is listened to once for all readers, and not at all when the last one has left', () => {
    const { feed, add, listeners } = world();
    const rings = [vi.fn<() => void>(), vi.fn<() => void>()] as const;
    const leave = rings.map((ring) => feed.subscribe(ring));
    expect(listeners.size).toBe(1);
    add();
    add();

    leave[0]?.();
    vi.advanceTimersByTime(250);
    expect(rings.map((ring) => ring.mock.calls.length)).toEqual([1, 2]);
    leave[1]?.();
    expect(listeners.size).toBe(0);
    expect(vi.getTimerCount()).toBe(0);

    // Whoever comes then is told at once again.
    const late = vi.fn<() => void>();
    feed.subscribe(late);
    add();
    expect(late).toHaveBeenCalledTimes(1);
  });
});
