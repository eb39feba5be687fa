/** pi-image image: the published versions of images, and how those of others become one. */
import path from 'node:path';

import type { Command } from 'commander';

import { importImage } from '../../build/import-image.ts';
import { imagesDir, listImages } from '../../host/image-store.ts';
import { boardNames, type BoardName } from '../../model/board.ts';
import { UsageError } from '../../model/errors.ts';
import type { ImageManifest } from '../../model/manifest.ts';
import { ResourceName } from '../../model/names.ts';
import { chooseImage } from '../../plan/choose-image.ts';
import { showProgress } from '../build-progress.ts';
import type { CliContext, RegisterCommand } from '../context.ts';
import { renderListing, renderValue, withOutput, type Listing, type OutputFormat } from '../output.ts';

export const registerImage: RegisterCommand = (program, context) => {
  const image = program.command('image').summary('the published versions of images');
  registerList(image, context);
  registerShow(image, context);
  registerImport(image, context);
};

const listing: Listing<ImageManifest> = {
  columns: [
    { title: 'name', of: ({ name }) => name },
    { title: 'version', of: ({ version }) => version },
    { title: 'built', of: ({ builtAt }) => `${builtAt.slice(0, 16).replace('T', ' ')} UTC` },
    { title: 'boards', of: ({ boards }) => boards.join(',') },
    { title: 'kernel', of: ({ kernels }) => [...new Set(kernels.map(({ release }) => release))].join(',') },
    { title: 'packages', of: ({ packages }) => packages.length },
    { title: 'size', of: ({ rootBytes }) => megabytes(rootBytes) },
  ],
  name: ({ name, version }) => `${name}@${version}`,
  data: summaryOf,
  empty: 'there are no images yet; make one with "pi-image build debian-lite"',
};

function registerList(parent: Command, context: CliContext): void {
  const list = parent
    .command('list')
    .summary('list versions, newest first')
    .argument('[image]', 'only this image')
    .addHelpText('after', '\nExample:\n  pi-image image list')
    .action(async (name: string | undefined, options: { output: OutputFormat }) => {
      const images = await listImages(imagesDir(context.paths().state));
      const names = [...images.keys()].toSorted().filter((candidate) => name === undefined || candidate === name);
      const rows = names.flatMap((found) => images.get(found) ?? []);
      context.stdout(renderListing(rows, options.output, listing));
    });
  withOutput(list);
}

function registerShow(parent: Command, context: CliContext): void {
  const show = parent
    .command('show')
    .summary('show one version')
    .argument('<image>', 'NAME for its newest version, or NAME@VERSION')
    .option('--all', 'with its packages, users, boot files and links')
    .addHelpText('after', '\nExample:\n  pi-image image show debian-lite --all -o json')
    .action(async (reference: string, options: { output: 'yaml' | 'json'; all?: boolean }) => {
      const manifest = chooseImage(reference, await listImages(imagesDir(context.paths().state)));
      context.stdout(renderValue(options.all === true ? manifest : summaryOf(manifest), options.output));
    });
  withOutput(show, ['yaml', 'json']);
}

function summaryOf(manifest: ImageManifest): object {
  const { name, version, builtAt, boards, kernels, key, rootBytes, rootFiles, packages, bootFiles } = manifest;
  const bootBytes = Object.values(bootFiles).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const counts = {
    packages: packages.length,
    rootFiles,
    rootBytes,
    bootFiles: Object.keys(bootFiles).length,
    bootBytes,
  };
  return { name, version, builtAt, boards, kernels, ...counts, key };
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`;
}

interface ImportFlags {
  readonly root: string;
  readonly boot: string;
  readonly boards: string;
}

function registerImport(parent: Command, context: CliContext): void {
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
