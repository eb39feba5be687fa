import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { applyEvents, applyNews, tileAfter, unknownCluster, type Cluster } from '../../src/dashboard/cluster.ts';
import { sampleEvent, sampleNews, sampleTile } from '../support/sample-tiles.ts';

const two = applyNews(unknownCluster, sampleNews([sampleTile('node10'), sampleTile('node2')]));
const names = (cluster: Cluster) => [...cluster.nodes.keys()];

describe('news', () => {
  test('make the cluster known, with nodes in the order of their numbers', () => {
    expect(two.isKnown).toBe(true);
    expect(names(two)).toEqual(['node2', 'node10']);
  });

  test('change what they name and leave the rest the same object', () => {
    const hot = sampleTile('node10', { temperatureCelsius: 81 });
    const after = applyNews(two, sampleNews([hot], { isWhole: false, asOf: 11 }));

    expect(after.nodes.get('node10')).toEqual(hot);
    expect(after.nodes.get('node2')).toBe(two.nodes.get('node2'));
    expect(after.asOf).toBe(11);
  });

  test('take nodes away', () => {
    expect(names(applyNews(two, sampleNews([], { isWhole: false, removed: ['node2'] })))).toEqual(['node10']);
  });

  test('whole ones forget what they do not name, and keep what is the same', () => {
    const after = applyNews(two, sampleNews([sampleTile('node2')]));

    expect(names(after)).toEqual(['node2']);
    expect(after.nodes.get('node2')).toBe(two.nodes.get('node2'));
  });

  test('lists that they do not hold stay', () => {
    const images = [
      { name: 'a', version: '1', builtAt: '', boards: [], rootBytes: 1, usedBy: [], isPinned: false },
    ] as const;
    const known = applyNews(two, sampleNews([], { isWhole: false, images: [...images] as never }));

    expect(applyNews(known, sampleNews([], { isWhole: false })).images).toEqual(images);
  });
});

describe('events', () => {
  const boot = { boot: 'node2-2' };
  const begun = sampleEvent(11, 'boot.begun', 'node2', boot);

  test('a boot goes through its phases', () => {
    const at = (...events: Parameters<typeof applyEvents>[1]) => applyEvents(two, events).nodes.get('node2');
    const loading = sampleEvent(12, 'boot.phase', 'node2', { ...boot, phase: 'loading' });
    const waiting = sampleEvent(13, 'boot.phase', 'node2', { ...boot, phase: 'waiting', detail: 'slurm controller' });

    expect(at(begun)).toMatchObject({ state: 'booting', boot: { id: 'node2-2', phase: 'offered', isOpen: true } });
    expect(at(begun, loading)).toMatchObject({ state: 'booting', boot: { phase: 'loading' } });
    expect(at(begun, loading, waiting)).toMatchObject({ state: 'waiting', reason: 'slurm controller' });
    expect(at(begun, sampleEvent(14, 'boot.ready', 'node2', boot))).toMatchObject({
      state: 'ready',
      boot: { phase: 'ready', isOpen: false },
    });
    expect(at(begun, sampleEvent(14, 'boot.failed', 'node2', { ...boot, cause: 'no root' }))).toMatchObject({
      state: 'failed',
      reason: 'no root',
    });
  });

  test('of another boot than the newest change nothing', () => {
    const tile = sampleTile('node2');

    expect(tileAfter(tile, sampleEvent(12, 'boot.phase', 'node2', { boot: 'old', phase: 'kernel' }))).toBe(tile);
    expect(tileAfter(tile, sampleEvent(12, 'boot.failed', 'node2', { boot: 'old' }))).toBe(tile);
  });

  test('that the news held already are listed and change no node', () => {
    const after = applyEvents(two, [sampleEvent(9, 'boot.begun', 'node2', boot)]);

    expect(after.nodes).toBe(two.nodes);
    expect(after.events.map(({ id }) => id)).toEqual([9]);
  });

  test('a role that was set shows at once', () => {
    const set = sampleEvent(12, 'node.role-set', 'node10', { from: 'compute', to: 'login' });

    expect(applyEvents(two, [set]).nodes.get('node10')?.role).toBe('login');
  });

  test('nodes come and go at once, and a board that has a name waits no more', () => {
    const mac = '2c:cf:67:0a:0b:0c';
    const waiting = applyNews(two, sampleNews([], { isWhole: false, boards: [{ mac }] as never }));
    const fields = { role: 'login', board: 'pi5', address: '10.42.0.13', mac };
    const adopted = applyEvents(waiting, [sampleEvent(12, 'node.adopted', 'node3', fields)]);

    expect(names(adopted)).toEqual(['node2', 'node3', 'node10']);
    expect(adopted.nodes.get('node3')).toMatchObject({ state: 'new', role: 'login', board: 'pi5' });
    expect(adopted.boards).toEqual([]);
    expect(names(applyEvents(adopted, [sampleEvent(13, 'node.removed', 'node3')]))).toEqual(['node2', 'node10']);
    expect(applyEvents(two, [sampleEvent(13, 'node.removed', 'gone')]).nodes.size).toBe(2);
  });

  test('are listed newest first, each once, and not without end', () => {
    const many = Array.from({ length: 500 }, (_, index) => sampleEvent(index + 1, 'token.created'));
    const after = applyEvents(applyEvents(two, many), many.slice(-5));

    expect(after.events).toHaveLength(300);
    expect(after.events[0]?.id).toBe(500);
  });

  test('come to the same, however they are cut into batches', () => {
    const kinds = fc.constantFrom(
      'boot.begun',
      'boot.phase',
      'boot.ready',
      'boot.failed',
      'node.role-set',
      'node.added',
      'node.removed',
    );
    const phase = fc.constantFrom('loading', 'kernel', 'waiting');
    const events = fc
      .array(fc.tuple(kinds, fc.constantFrom('node2', 'node10', 'gone'), fc.constantFrom('a', 'b'), phase), {
        maxLength: 30,
      })
      .map((each) =>
        each.map(([kind, node, id, at], index) => sampleEvent(20 + index, kind, node, { boot: id, phase: at, to: at })),
      );
    fc.assert(
      fc.property(events, fc.nat(30), (all, cut) => {
        const once = applyEvents(two, all);
        const twice = applyEvents(applyEvents(two, all.slice(0, cut)), all.slice(cut));
        expect(twice).toEqual(once);
      }),
    );
  });
});
