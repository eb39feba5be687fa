/** pi-image image import: how a root and boot files of others become a version. */
import path from 'node:path';

import type { Command } from 'commander';

import { importArchive, type ArchiveRequest } from '../../build/import-archive.ts';
import { importImage } from '../../build/import-image.ts';
import { boardNames, type BoardName } from '../../model/board.ts';
import { UsageError } from '../../model/errors.ts';
import { ResourceName } from '../../model/names.ts';
import { showProgress } from '../build-progress.ts';
import type { CliContext } from '../context.ts';
import { withOutput, type OutputFormat } from '../output.ts';
import { renderVersion } from '../version-answer.ts';

interface ImportFlags {
  readonly root?: string;
  readonly boot?: string;
  readonly boards: string;
  readonly output: OutputFormat;
}

export function registerImport(parent: Command, context: CliContext): void {
  const command = parent
    .command('import')
    .summary('publish what was built without root, or a root and boot files that were made elsewhere')
    .description(
      'Publishes the archive that "pi-image build" writes when it is not run by root: it is sealed, looked through for ' +
        'secrets and read again. With --root and --boot it publishes what others have made, as it is. Needs root.',
    )
    .argument('<what>', 'the archive; with --root and --boot a name for the image')
    .option('--root <dir|tar>', 'the root file system: a folder, or a tar file with numeric owners')
    .option('--boot <dir>', 'kernel8.img, initramfs8 and the firmware of the boards')
    .option('--boards <names>', `boards it is for: ${boardNames.join(', ')}`, 'uefi')
    .addHelpText(
      'after',
      '\nExamples:\n  pi-image image import debian-lite@20261121.1.tar.zst\n  pi-image image import mine --root rootfs.tar.zst --boot boot/ --boards pi4,pi5',
    )
    .action(async (what: string, flags: ImportFlags) => {
      const { state: stateDir } = context.paths();
      const shown = showProgress(context);
      const to = {
        stateDir,
        now: () => new Date(),
        signal: context.signal,
        progress: shown.progress,
      };
      try {
        const published = await publish(what, flags, to);
        shown.close();
        const [name = '', version = ''] = published.split('@');
        context.stdout(renderVersion({ name, version }, flags.output, `published ${published}\n`));
      } finally {
        shown.close();
      }
    });
  withOutput(command);
}

type ImportTo = Omit<ArchiveRequest, 'archive'>;

/** @returns its name and version */
async function publish(what: string, { root, boot, boards }: ImportFlags, to: ImportTo): Promise<string> {
  if (root === undefined && boot === undefined) return importArchive({ ...to, archive: path.resolve(what) });
  if (root === undefined || boot === undefined) {
    throw new UsageError('--root and --boot go together', {
      hint: 'Without either, name an archive that "pi-image build" wrote.',
    });
  }
  const name = parseName(what);
  const request = { ...to, name, root: path.resolve(root), boot: path.resolve(boot), boards: parseBoards(boards) };
  return `${name}@${await importImage(request)}`;
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
