/** Exports as the service asks its helper for them, by name, and what the helper makes of the names: which tree, to whom. */
import type { Cluster, Share } from '../model/cluster.ts';
import { ConfigError, RefusedError } from '../model/errors.ts';
import type { NfsExport } from '../model/export.ts';
import type { AskedExport, AskedTree } from '../model/root-act.ts';
import { rootFolder, rootPseudo, type RootDirs, type RootPlace } from './root-mode.ts';
import { subnetOf } from './subnets.ts';

/** By its pseudo path, which says the same on every machine. */
export function askExport({ id, pseudo, clients }: Pick<NfsExport, 'id' | 'pseudo' | 'clients'>): AskedExport {
  return { id, tree: treeOf(pseudo), clients: [...clients] };
}

function treeOf(pseudo: string): AskedTree {
  const [, kind, ...names] = pseudo.split('/');
  const [first = '', second = '', third = ''] = names;
  if (kind === 'images' && names.length === 3) return { kind: 'image', name: first, version: second };
  if (kind === 'squash' && names.length === 2) return { kind: 'squash', name: first, version: second };
  if (kind === 'shares' && names.length === 1) return { kind: 'share', share: first };
  if (kind === 'persistent' && names.length === 3) {
    return { kind: 'persistent', node: first, name: second, version: third };
  }
  throw new ConfigError(`${pseudo} is the name of no tree`);
}

export interface HelperSite extends RootDirs {
  readonly cluster: Pick<Cluster, 'network' | 'shares'>;
}

/** @throws RefusedError for a share that cluster.yaml does not have, an address that no network of it has, and what is named twice */
export function grantExports(asked: readonly AskedExport[], site: HelperSite): NfsExport[] {
  const exports = asked.map(({ id, tree, clients }): NfsExport => {
    for (const client of clients) {
      if (subnetOf(client, site.cluster.network) === undefined) {
        throw new RefusedError(`${client} is in no network of cluster.yaml`);
      }
    }
    return { id, ...placeOf(tree, site), clients };
  });
  requireDifferent(exports.map(({ id }) => `the export ${id}`));
  requireDifferent(exports.map(({ pseudo }) => pseudo));
  return exports;
}

type Place = Pick<NfsExport, 'path' | 'pseudo' | 'access'>;

function placeOf(tree: AskedTree, site: HelperSite): Place {
  if (tree.kind === 'share') {
    return { path: grantShare(tree.share, site.cluster).path, pseudo: `/shares/${tree.share}`, access: 'read-write' };
  }
  const { name, version } = tree;
  const place: RootPlace = {
    node: tree.kind === 'persistent' ? tree.node : '',
    rootMode: tree.kind === 'image' ? 'shared' : tree.kind,
    image: { name, version },
  };
  return {
    path: rootFolder(place, site),
    pseudo: rootPseudo(place) ?? '',
    access: tree.kind === 'persistent' ? 'read-write' : 'read-only',
  };
}

/**
 * Nodes write into shares as root: a folder inside of one could become a link to anywhere before it is exported.
 *
 * @throws RefusedError
 */
export function grantShare(name: string, { shares }: Pick<Cluster, 'shares'>): Share {
  const share = shares.find((each) => each.name === name);
  if (share === undefined) throw new RefusedError(`cluster.yaml has no share ${name}`);
  const outer = shares.find((each) => share.path.startsWith(`${each.path}/`));
  if (outer === undefined) return share;
  throw new RefusedError(`the share ${name} lies inside of the share ${outer.name}, into which nodes write`, {
    hint: `Give it a folder beside ${outer.path}, and mount it where nodes look for it.`,
  });
}

function requireDifferent(names: readonly string[]): void {
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name)) throw new RefusedError(`${name} is asked for twice`);
    seen.add(name);
  }
}
