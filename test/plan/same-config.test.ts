import { expect, test } from 'vitest';

import type { OverlaySource } from '../../src/model/overlay-source.ts';
import { keepSame, keepSameImages, keepSameRoots } from '../../src/plan/same-config.ts';
import { sampleCluster, sampleManifest, sampleOverlay, sampleView } from '../support/sample-view.ts';

/** Nothing of it is the same object as in another one. */
const read = (...overlays: readonly OverlaySource[]) => ({
  ...sampleView(),
  overlays: new Map([...sampleView().overlays, ...overlays.map((overlay) => [overlay.name, overlay] as const)]),
});

test('what says the same is what there was', () => {
  const before = read();
  const kept = keepSame(before, read());

  expect(kept.cluster).toBe(before.cluster);
  expect(kept.overlays).toBe(before.overlays);
  expect(kept.boardTemplates).toBe(before.boardTemplates);
});

test('of an overlay that changed, the other files are what they were', () => {
  const files = { 'etc/a.hbs': '{{node.name}}', 'etc/b': 'b' };
  const before = read(sampleOverlay('login', {}, files));
  const kept = keepSame(before, read(sampleOverlay('login', {}, { ...files, 'etc/b': 'c' })));
  const [a, b] = kept.overlays.get('login')?.files ?? [];

  expect(a).toBe(before.overlays.get('login')?.files[0]);
  expect(b).not.toBe(before.overlays.get('login')?.files[1]);
  expect(kept.overlays.get('base')).toBe(before.overlays.get('base'));
  expect(kept.overlays).not.toBe(before.overlays);
});

const motd = { 'etc/motd.hbs': 'x' };
const withMotd = (changes: object) => {
  const overlay = sampleOverlay('login', {}, motd);
  return { ...overlay, files: overlay.files.map((file) => Object.assign({}, file, changes)) };
};

test.each<[string, OverlaySource]>([
  ['a template that becomes a plain file', withMotd({ isTemplate: false })],
  ['a program', withMotd({ isExecutable: true })],
  ['a link', withMotd({ kind: 'link', target: '/x' })],
  ['a file that is gone', sampleOverlay('login', {}, {})],
  ['another mode', sampleOverlay('login', { files: { 'etc/motd': { mode: '0600' } } }, motd)],
])('%s is a change', (_name, overlay) => {
  const before = read(sampleOverlay('login', {}, motd));

  expect(keepSame(before, read(overlay)).overlays.get('login')).toEqual(overlay);
});

test('other values of the cluster and other templates of a board are changes', () => {
  const before = read();
  const now = { ...read(), cluster: sampleCluster({ vars: { rack: 1 } }) };
  const templates = new Map(
    [...now.boardTemplates].map(([board, each]) => [board, { ...each, texts: new Map([['a', 'b']]) }]),
  );
  const kept = keepSame(before, { ...now, boardTemplates: templates });

  expect(kept.cluster).toBe(now.cluster);
  expect(kept.boardTemplates).toEqual(templates);
});

test('versions of images stay, and new ones come', () => {
  const before = sampleView().images;
  const more = new Map([
    ['debian-lite', [sampleManifest({ version: '20261122.1' }), ...(sampleView().images.get('debian-lite') ?? [])]],
  ]);

  expect(keepSameImages(before, sampleView().images)).toBe(before);
  expect(keepSameImages(before, more).get('debian-lite')?.slice(1)).toEqual(before.get('debian-lite'));
  expect(keepSameImages(before, more).get('debian-lite')?.[1]).toBe(before.get('debian-lite')?.[0]);
  expect(keepSameImages(before, new Map())).toEqual(new Map());
});

test('roots that were made stay, and new ones come', () => {
  const made = (version: string) => ({ squashes: new Map(), trees: new Map([['node01', [{ name: 'a', version }]]]) });
  const before = made('1');

  expect(keepSameRoots(before, made('1'))).toBe(before);
  expect(keepSameRoots(before, made('2'))).toEqual(made('2'));
  expect(keepSameRoots(undefined, before)).toBe(before);
  expect(keepSameRoots(undefined, undefined)).toBeUndefined();
});
