/** pi-image image list and show: which versions there are, what they cost, and who uses them. */
import path from 'node:path';

import type { Command } from 'commander';

import { imagesDir, listImages, readStore } from '../../host/image-store.ts';
import type { VersionCost } from '../../host/version-cost.ts';
import type { ImageManifest } from '../../model/manifest.ts';
import { chooseImage, noSuchImage } from '../../plan/choose-image.ts';
import type { CliContext, Paths } from '../context.ts';
import { renderListing, renderValue, withOutput, type Listing, type OutputFormat } from '../output.ts';
import { describeOwnImages, whereImageIs } from '../own-root.ts';
import { listThere, showThere } from './image-there.ts';
import { megabytes, readOwnCost, readUses, usersOf } from '../store-facts.ts';

interface VersionRow {
  readonly manifest: ImageManifest;
  /** undefined: for root to know. */
  readonly cost: VersionCost | undefined;
  /** undefined: not known here. */
  readonly usedBy: readonly string[] | undefined;
}

const listing: Listing<VersionRow> = {
  columns: [
    { title: 'name', of: ({ manifest }) => manifest.name },
    { title: 'version', of: ({ manifest }) => manifest.version },
    { title: 'built', of: ({ manifest }) => `${manifest.builtAt.slice(0, 16).replace('T', ' ')} UTC` },
    { title: 'boards', of: ({ manifest }) => manifest.boards.join(',') },
    { title: 'kernel', of: ({ manifest }) => [...new Set(manifest.kernels.map(({ release }) => release))].join(',') },
    { title: 'packages', of: ({ manifest }) => manifest.packages.length },
    { title: 'size', of: ({ manifest }) => megabytes(manifest.rootBytes) },
    { title: 'own', of: ({ cost }) => cost && megabytes(cost.ownBytes) },
    { title: 'used by', of: ({ usedBy }) => usedBy?.join(', ') },
  ],
  name: ({ manifest: { name, version } }) => `${name}@${version}`,
  data: (row) => summaryOf(row),
  empty: 'there are no images yet; make one with "pi-image build debian-lite"',
};

export function registerList(parent: Command, context: CliContext): void {
  const list = parent
    .command('list')
    .summary('list versions, newest first')
    .description(
      'Lists versions, newest first. "own" is the disk space that a version shares with no other: what would be free without it.',
    )
    .argument('[image]', 'only this image')
    .addHelpText('after', '\nExample:\n  pi-image image list')
    .action(async (name: string | undefined, options: { output: OutputFormat }) => {
      const server = await context.service();
      if (typeof server !== 'string') return context.stdout(await listThere(server, name, options.output));
      const where = whereImageIs(context, name);
      const paths = where.paths();
      const { images, damaged } = await readStore(imagesDir(paths.state));
      for (const { name: of, version, problem } of damaged)
        context.stderr(`${of}@${version} is left out: ${problem}\n`);
      if (name !== undefined && !images.has(name)) throw noSuchImage(name, images.keys());
      const names = [...images.keys()].toSorted().filter((candidate) => name === undefined || candidate === name);
      const manifests = names.flatMap((found) => images.get(found) ?? []);
      context.stdout(renderListing(await readRows(manifests, paths), options.output, listing));
      if (name === undefined) context.stderr(describeOwnImages(where));
    });
  withOutput(list);
}

async function readRows(manifests: readonly ImageManifest[], paths: Paths): Promise<VersionRow[]> {
  const uses = await readUses(paths);
  const rows: VersionRow[] = [];
  for (const manifest of manifests) {
    const cost = await readOwnCost(path.join(imagesDir(paths.state), manifest.name, manifest.version));
    rows.push({ manifest, cost, usedBy: uses && usersOf(manifest, uses) });
  }
  return rows;
}

export function registerShow(parent: Command, context: CliContext): void {
  const show = parent
    .command('show')
    .summary('show one version')
    .argument('<image>', 'NAME for its newest version, or NAME@VERSION')
    .option('--all', 'with its packages, users, boot files and links')
    .addHelpText('after', '\nExample:\n  pi-image image show debian-lite --all -o json')
    .action(async (reference: string, options: { output: 'yaml' | 'json'; all?: boolean }) => {
      const server = await context.service();
      if (typeof server !== 'string') return context.stdout(await showThere(server, reference, options));
      const paths = whereImageIs(context, reference).paths();
      const manifest = chooseImage(reference, await listImages(imagesDir(paths.state)));
      const [row] = options.all === true ? [] : await readRows([manifest], paths);
      context.stdout(renderValue(row === undefined ? manifest : summaryOf(row), options.output));
    });
  withOutput(show, ['yaml', 'json']);
}

function summaryOf({ manifest, cost, usedBy }: VersionRow): object {
  const { name, version, builtAt, boards, kernels, key, rootBytes, rootFiles, packages, bootFiles } = manifest;
  const bootBytes = Object.values(bootFiles).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const counts = {
    packages: packages.length,
    rootFiles,
    rootBytes,
    bootFiles: Object.keys(bootFiles).length,
    bootBytes,
  };
  const { index, layers } = manifest;
  const origin = { key, ...(index !== undefined && { index }), ...(layers !== undefined && { layers }) };
  return {
    name,
    version,
    builtAt,
    boards,
    kernels,
    ...counts,
    ...cost,
    ...(usedBy !== undefined && { usedBy }),
    ...origin,
  };
}
