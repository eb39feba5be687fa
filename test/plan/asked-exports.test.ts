import { describe, expect, test } from 'vitest';

import { parseIpv4 } from '../../src/model/ipv4.ts';
import type { NfsExport } from '../../src/model/export.ts';
import type { AskedExport } from '../../src/model/root-act.ts';
import { emptyState } from '../../src/model/state.ts';
import { askExport, grantExports, grantShare } from '../../src/plan/asked-exports.ts';
import { planExports, planRootUses } from '../../src/plan/exports.ts';
import { rootFolder, rootPseudo } from '../../src/plan/root-mode.ts';
import { sampleCluster, sampleClusterInput, sampleView } from '../support/sample-view.ts';

const dirs = {
  imagesDir: '/state/exports/images',
  squashDir: '/state/exports/squash',
  persistentDir: '/state/persistent',
};
const cluster = sampleCluster();
const site = { ...dirs, cluster };
const image = { name: 'debian-lite', version: '20261121.1' };
const client = parseIpv4('10.42.0.11');

test('what the service plans is what the helper exports', () => {
  const view = sampleView();
  const { exports } = planExports({ cluster: view.cluster, ...dirs }, planRootUses(view, [], new Map()), emptyState);

  expect(exports.length).toBeGreaterThan(2);
  expect(grantExports(exports.map(askExport), site)).toEqual(exports);
});

test.each(['shared', 'squash', 'persistent'] as const)(
  'the tree of a node in the mode %s is the same one',
  (rootMode) => {
    const place = { node: 'node01', rootMode, image };
    const planned: NfsExport = {
      id: 7,
      path: rootFolder(place, dirs),
      pseudo: rootPseudo(place) ?? '',
      access: rootMode === 'persistent' ? 'read-write' : 'read-only',
      clients: [client],
    };

    expect(grantExports([askExport(planned)], site)).toEqual([planned]);
  },
);

test('a tree without a name of ours cannot be asked for', () => {
  for (const pseudo of ['/etc', '/images/a', '/shares/a/b', 'images/a/b/root', '']) {
    expect(() => askExport({ id: 1, pseudo, clients: [] })).toThrow('is the name of no tree');
  }
});

describe('the helper refuses', () => {
  const home: AskedExport = { id: 1, tree: { kind: 'share', share: 'home' }, clients: [client] };

  test.each<[string, readonly AskedExport[], string]>([
    ['a share that is none', [{ ...home, tree: { kind: 'share', share: 'etc' } }], 'cluster.yaml has no share etc'],
    ['an address elsewhere', [{ ...home, clients: [parseIpv4('192.0.2.1')] }], '192.0.2.1 is in no network'],
    ['a broadcast address', [{ ...home, clients: [parseIpv4('10.42.0.255')] }], '10.42.0.255 is in no network'],
    ['a number twice', [home, { ...home, tree: { kind: 'image', ...image } }], 'the export 1 is asked for twice'],
    ['a tree twice', [home, { ...home, id: 2 }], '/shares/home is asked for twice'],
  ])('%s', (_, asked, reason) => {
    expect(() => grantExports(asked, site)).toThrow(reason);
  });

  test('a share into whose folder nodes write names', () => {
    const [first] = sampleClusterInput.shares;
    const inner = { name: 'inner', path: '/srv/shares/home/inner', mount: '/inner' };
    const nested = sampleCluster({ shares: [first, inner] });

    expect(() => grantShare('inner', nested)).toThrow('the share inner lies inside of the share home');
    expect(grantShare('home', nested).path).toBe('/srv/shares/home');
    expect(() =>
      grantExports([{ ...home, tree: { kind: 'share', share: 'inner' } }], { ...dirs, cluster: nested }),
    ).toThrow('lies inside of the share home');
  });
});
