/** pi-image image import: how a root and boot files of others become a version. */
import path from 'node:path';

import type { Command } from 'commander';

import { importImage } from '../../build/import-image.ts';
import { boardNames, type BoardName } from '../../model/board.ts';
import { UsageError } from '../../model/errors.ts';
import { ResourceName } from '../../model/names.ts';
import { showProgress } from '../build-progress.ts';
import type { CliContext } from '../context.ts';

interface ImportFlags {
  readonly root: string;
  readonly boot: string;
  readonly boards: string;
}

export function registerImport(parent: Command, context: CliContext): void {
  parent
    .command('import')
    .summary('publish a root and boot files that were made elsewhere')
    .argument('<name>', 'name of the image')
    .requiredOption('--root <dir|tar>', 'the root file system: a folder, or a tar file with numeric owners')
    .requiredOption('--boot <dir>', 'kernel8.img, initramfs8 and the firmware of the boards')
    .option('--boards <names>', `boards it is for: ${boardNames.join(', ')}`, 'uefi')
    .addHelpText(
      'after',
      '\nExample:\n  pi-image image import mine --root rootfs.tar.zst --boot boot/ --boards pi4,pi5',
    )
    .action(async (name: string, flags: ImportFlags) => {
      const shown = showProgress(context);
      try {
        const version = await importImage({
          name: parseName(name),
          root: path.resolve(flags.root),
          boot: path.resolve(flags.boot),
          boards: parseBoards(flags.boards),
          stateDir: context.paths().state,
          now: () => new Date(),
          progress: shown.progress,
          signal: context.signal,
        });
        shown.close();
        context.stdout(`published ${name}@${version}\n`);
      } finally {
        shown.close();
      }
    });
}

function parseName(text: string): string {
  const result = ResourceName.safeParse(text);
  if (result.success) return result.data;
  throw new UsageError(`"${text}" is not a name for an image`, {
    hint: 'Use lower-case letters, digits, "-", "_", ".".',
  });
}

function parseBoards(text: string): BoardName[] {
  return text.split(',').map((part) => {
    const board = boardNames.find((name) => name === part.trim());
    if (board !== undefined) return board;
    throw new UsageError(`"${part}" is not a board`, { hint: `Boards are: ${boardNames.join(', ')}.` });
  });
}
