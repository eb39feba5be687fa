/** Refuses an image whose kernel and initramfs could not reach the network card of one of its boards. */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';

import { type BoardName, boards } from '../model/board.ts';
import { ConfigError } from '../model/errors.ts';
import { cardFolders } from '../plan/boot-layout.ts';
import { checkBoardSupport } from '../plan/board-support.ts';
import type { ModuleGroup } from '../plan/initramfs.ts';
import { parseDrivers } from '../plan/module-alias.ts';

export interface BoardSupportFiles {
  readonly root: string;
  /** usr/lib/modules/<release> of that root */
  readonly kernelDir: string;
  readonly release: string;
  readonly boards: readonly BoardName[];
  readonly groups: readonly ModuleGroup[];
}

export async function assertBoardsAreReached(files: BoardSupportFiles): Promise<void> {
  const [alias, builtinModinfo] = await Promise.all(
    ['modules.alias', 'modules.builtin.modinfo'].map((name) => readFile(path.join(files.kernelDir, name), 'utf8')),
  );
  const drivers = parseDrivers({ alias: alias ?? '', builtinModinfo: builtinModinfo ?? '' });
  for (const board of files.boards) {
    const mine = files.groups.filter(({ group }) => group === 'every' || group === board);
    const support = checkBoardSupport({
      board,
      release: files.release,
      trees: await readDeviceTrees(files, board),
      drivers,
      carried: new Set(mine.flatMap(({ modules }) => modules)),
    });
    if (support.kind === 'unsupported') {
      throw new ConfigError(support.reason, {
        hint: `Take a kernel into the image that knows ${board}, or leave ${board} out of its boards.`,
      });
    }
  }
}

/**
 * Debian's newer kernel packages have them beside the modules, older ones and Raspberry Pi's in a folder of their own. A
 * card has them beside its kernel.
 */
async function readDeviceTrees(files: BoardSupportFiles, board: BoardName): Promise<ReadonlyMap<string, Uint8Array>> {
  const packaged = [
    path.join(files.kernelDir, 'dtb/broadcom'),
    path.join(files.root, 'usr/lib', `linux-image-${files.release}`, 'broadcom'),
  ];
  const card = cardFolders.map((folder) => path.join(files.root, folder));
  const trees = await treesIn(packaged, board);
  return trees.size > 0 ? trees : treesIn(card, board);
}

async function treesIn(places: readonly string[], board: BoardName): Promise<ReadonlyMap<string, Uint8Array>> {
  const trees = new Map<string, Uint8Array>();
  for (const place of places) {
    for (const name of await namesIn(place)) {
      if (!boards[board].deviceTrees.includes(name)) continue;
      trees.set(name, await readFile(path.join(place, name)));
    }
  }
  return trees;
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
