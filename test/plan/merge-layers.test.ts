import { array, assert, constantFrom, property } from 'fast-check';
import { expect, test } from 'vitest';

import type { IndexEntry, LayerIndex } from '../../src/model/tree-index.ts';
import { clampLayerTimes, mergeLayers } from '../../src/plan/merge-layers.ts';

const attributes = { mode: 0o755, uid: 0, gid: 0, time: 100 };
const folder = (path: string): IndexEntry => ({ kind: 'folder', path, ...attributes });
const file = (path: string, content = 'a', group?: number): IndexEntry => ({
  kind: 'file',
  path,
  ...attributes,
  bytes: 1,
  sha256: content.repeat(64),
  ...(group !== undefined && { group }),
});
const link = (path: string, target: string): IndexEntry => ({ kind: 'link', path, ...attributes, target });
const layer = (entries: IndexEntry[], more: Partial<LayerIndex> = {}): LayerIndex => ({
  format: 1,
  entries,
  whiteouts: [],
  opaque: [],
  ...more,
});
const paths = (layers: LayerIndex[]) => mergeLayers(layers).map((entry) => `${entry.layer} ${entry.path}`);

test('the upper layer wins, and says that it does', () => {
  const merged = paths([
    layer([folder('.'), folder('etc'), file('etc/a'), file('etc/b')]),
    layer([file('etc/b', 'b')]),
  ]);

  expect(merged).toEqual(['0 .', '0 etc', '0 etc/a', '1 etc/b']);
});

test('a whiteout takes a path and all below it, and nothing that only begins alike', () => {
  const base = layer([
    folder('.'),
    folder('usr'),
    folder('usr/doc'),
    file('usr/doc/x'),
    file('usr/docs'),
    file('usr/y'),
  ]);

  expect(paths([base, layer([], { whiteouts: ['usr/doc'] })])).toEqual(['0 .', '0 usr', '0 usr/docs', '0 usr/y']);
});

test('an opaque folder shows the upper layer alone', () => {
  const base = layer([folder('.'), folder('var'), file('var/old')]);
  const upper = layer([folder('var'), file('var/new')], { opaque: ['var'] });

  expect(paths([base, upper])).toEqual(['0 .', '1 var', '1 var/new']);
  expect(paths([base, layer([folder('.')], { opaque: ['.'] })])).toEqual(['1 .']);
});

test('what stands where a folder was hides its content', () => {
  const base = layer([folder('.'), folder('lib'), file('lib/a')]);

  expect(paths([base, layer([link('lib', 'usr/lib')])])).toEqual(['0 .', '1 lib']);
});

test('names of one file stay one as long as both are there', () => {
  const base = layer([folder('.'), file('a', 'a', 7), file('b', 'a', 7), file('c', 'a', 8), file('d', 'a', 8)]);

  const merged = mergeLayers([base, layer([file('b', 'b')]), layer([file('x', 'x', 7), file('y', 'x', 7)])]);

  expect(merged.map((entry) => [entry.path, entry.kind === 'file' ? entry.group : undefined])).toEqual([
    ['.', undefined],
    ['a', undefined],
    ['b', undefined],
    ['c', 0],
    ['d', 0],
    ['x', 1],
    ['y', 1],
  ]);
});

test('every folder comes before what is in it', () => {
  const part = constantFrom('a', 'a-b', 'b', 'é', ' ', '~');
  assert(
    property(array(array(part, { minLength: 1, maxLength: 4 }), { maxLength: 30 }), (all) => {
      const prefixes = all.flatMap((parts) => parts.map((_, end) => parts.slice(0, end + 1).join('/')));
      const order = mergeLayers([layer(prefixes.map(folder))]).map(({ path }) => path);
      const isEarly = (path: string, at: number) => {
        const above = path.lastIndexOf('/');
        return above >= 0 && order.indexOf(path.slice(0, above)) >= at;
      };
      expect(order.filter(isEarly)).toEqual([]);
    }),
  );
});

test('times of the build become the newest of what came in packages, whenever it is built', () => {
  const entries = [
    file('shipped'),
    { ...file('newer'), time: 150 },
    { ...file('made'), time: 900 },
    { ...folder('made'), time: 901 },
  ];

  const times = (epoch: number) => clampLayerTimes(entries, epoch).map(({ time }) => time);

  expect(times(200)).toEqual([100, 150, 150, 150]);
  expect(times(300)).toEqual([100, 150, 150, 150]);
  expect(clampLayerTimes([{ ...file('mine'), time: 900 }], 200)[0]?.time).toBe(200);
});
