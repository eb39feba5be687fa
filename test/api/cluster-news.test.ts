import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import type { ApiActions, NodeAnswer } from '../../src/api/actions.ts';
import { tileOf, watchCluster } from '../../src/api/cluster-news.ts';
import { nodeExample } from '../../src/api/schemas/node.ts';
import { ClusterNews } from '../../src/api/schemas/watch.ts';
import { fakeApi } from '../support/fake-actions.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const example = nodeExample as unknown as NodeAnswer;
const named = (name: string, celsius = 48): NodeAnswer =>
  ({
    ...example,
    name,
    status: { ...example.status, heartbeat: { ...example.status.heartbeat, temperatureCelsius: celsius } },
  }) as NodeAnswer;

/** A cluster that a test changes; `looks` counts how often somebody looked at its nodes. */
function world(nodes: readonly NodeAnswer[]) {
  const now = { nodes, looks: 0 };
  const actions: ApiActions = {
    ...fakeApi().actions,
    nodes: () => {
      now.looks += 1;
      return { answer: now.nodes, etag: '"x"' };
    },
  };
  return { now, watch: watchCluster(actions, 5000) };
}

function reader(takes = () => true) {
  const news: ClusterNews[] = [];
  const send = (frame: Buffer) => {
    if (!takes()) return false;
    const data = /^event: cluster\ndata: (.*)\n\n$/.exec(frame.toString())?.[1] ?? '';
    news.push(ClusterNews.parse(JSON.parse(data)));
    return true;
  };
  return { news, watcher: { send } };
}

describe('who watches', () => {
  test('is told everything at once, and then what changes', () => {
    const { now, watch } = world([named('a'), named('b')]);
    const { news, watcher } = reader();
    watch.join(watcher);

    expect(news).toHaveLength(1);
    expect(news[0]).toMatchObject({ isWhole: true, nodes: [{ name: 'a' }, { name: 'b' }], removed: [] });
    expect(news[0]?.boards).toHaveLength(1);
    expect(news[0]?.images).toHaveLength(1);
    expect(news[0]?.roles).toHaveLength(1);

    vi.advanceTimersByTime(5000);
    expect(news).toHaveLength(1);

    now.nodes = [named('b', 71), named('c')];
    vi.advanceTimersByTime(5000);
    expect(news[1]).toMatchObject({
      isWhole: false,
      nodes: [{ name: 'b', temperatureCelsius: 71 }, { name: 'c' }],
      removed: ['a'],
    });
    expect(news[1]).not.toHaveProperty('images');
  });

  test('costs one look, however many they are', () => {
    const { now, watch } = world([named('a')]);
    for (let count = 0; count < 200; count += 1) watch.join(reader().watcher);
    const before = now.looks;
    vi.advanceTimersByTime(5000);

    expect(now.looks - before).toBe(1);
  });

  test('and is slow misses nothing: all of it comes when there is room', () => {
    const { now, watch } = world([named('a'), named('b')]);
    let isFull = false;
    const { news, watcher } = reader(() => !isFull);
    watch.join(watcher);
    isFull = true;
    now.nodes = [named('a', 80), named('b')];
    vi.advanceTimersByTime(5000);
    isFull = false;
    vi.advanceTimersByTime(5000);

    expect(news).toHaveLength(2);
    expect(news[1]).toMatchObject({ isWhole: true, nodes: [{ temperatureCelsius: 80 }, { name: 'b' }] });
  });

  test('costs nothing once all have left, and is told all of it again', () => {
    const { now, watch } = world([named('a')]);
    watch.join(reader().watcher)();
    const before = now.looks;
    vi.advanceTimersByTime(60_000);
    expect(now.looks).toBe(before);

    const { news, watcher } = reader();
    watch.join(watcher);
    expect(news[0]?.isWhole).toBe(true);
  });

  test('hears later what cannot be told now', () => {
    const { now, watch } = world([named('a')]);
    const { news, watcher } = reader();
    now.nodes = undefined as never;
    watch.join(watcher);
    expect(news).toEqual([]);

    now.nodes = [named('a')];
    vi.advanceTimersByTime(5000);
    expect(news).toHaveLength(1);
  });
});

test('a tenth of a degree is no news', () => {
  expect(tileOf(named('a', 48.2))).toEqual(tileOf(named('a', 47.9)));
});

test('a tile says what boots next only where that is another', () => {
  const { status } = example;
  const desired = { generation: 'x', image: 'debian-lite@20261122.1' };

  expect(tileOf(example).next).toBeUndefined();
  expect(tileOf({ ...example, status: { ...status, desired } }).next).toBe('debian-lite@20261122.1');
});
