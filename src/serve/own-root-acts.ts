/** What takes root, done by this process. */
import path from 'node:path';

import { listImages } from '../host/image-store.ts';
import { chooseExporter } from '../host/nfs/choose.ts';
import type { Exporter } from '../host/nfs/exporter.ts';
import { dropPatterns, makeTree, removeTree, sweepTrees } from '../host/persistent-tree.ts';
import { ensureShareFolder } from '../host/share-folder.ts';
import { makeSquashfs, sweepTorsos } from '../host/squashfs.ts';
import type { Log } from '../model/log.ts';
import type { PersistentTree } from '../model/root-mode.ts';
import type { RootDirs } from '../plan/root-mode.ts';
import type { RootActs, RootMaker } from './root-acts.ts';
import { sweepLeftovers } from './sweep-store.ts';

export function ownRootMaker({ imagesDir, squashDir, persistentDir }: RootDirs): RootMaker {
  const rootOf = ({ name, version }: PersistentTree) => path.join(imagesDir, name, version, 'root');
  return {
    makeSquash: async (manifest, signal) => {
      const epochSeconds = Math.floor(Date.parse(manifest.builtAt) / 1000);
      await makeSquashfs({ of: manifest, root: rootOf(manifest), squashDir, epochSeconds, signal });
    },
    makeTree: (node, of, signal) => makeTree({ node, of, root: rootOf(of), persistentDir, signal }),
    removeTree: (node, of) => removeTree(persistentDir, node, of),
    sweepRoots: async () => {
      await Promise.all([sweepTorsos(squashDir), sweepTrees(persistentDir)]);
    },
    dropPatterns: async () => {
      const images = await listImages(imagesDir);
      const isPublished = ({ name, version }: PersistentTree) =>
        images.get(name)?.some((manifest) => manifest.version === version) === true;
      await dropPatterns(persistentDir, isPublished);
    },
  };
}

export interface OwnRootActsDeps extends RootDirs {
  readonly stateDir: string;
  readonly exporters: { readonly ganesha: Exporter; readonly kernel: Exporter };
  readonly log: Log;
}

export function ownRootActs(deps: OwnRootActsDeps): RootActs {
  return {
    ...ownRootMaker(deps),
    chooseExporter: (choice) => chooseExporter(choice, deps.exporters),
    keepShare: ({ path: folder, ids }) => ensureShareFolder(folder, ids),
    sweepStore: () => sweepLeftovers(deps, deps.log),
  };
}
