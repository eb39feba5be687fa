/** pi-image image catalog: which official images there are to build on. */
import type { Command } from 'commander';

import { readCatalog } from '../../build/read-catalog.ts';
import { officialCatalog, type CatalogImage } from '../../plan/os-list.ts';
import type { CliContext } from '../context.ts';
import { renderListing, withOutput, type Listing, type OutputFormat } from '../output.ts';

const listing: Listing<CatalogImage> = {
  columns: [
    { title: 'name', of: ({ name }) => name },
    { title: 'released', of: ({ releaseDate }) => releaseDate },
    { title: 'download', of: ({ downloadBytes }) => megabytes(downloadBytes) },
    { title: 'card', of: ({ cardBytes }) => megabytes(cardBytes) },
  ],
  name: ({ name }) => name,
  empty: 'the catalog has no 64-bit Raspberry Pi OS',
};

export function registerCatalog(parent: Command, context: CliContext): void {
  const catalog = parent
    .command('catalog')
    .summary('list the official 64-bit images of Raspberry Pi OS')
    .description(
      'Asks Raspberry Pi which images it offers. An image.yaml takes one by its name, "base: { image: { name: … } }"; ' +
        'its address and sha256 are then kept in the lock.',
    )
    .option('--catalog <url>', 'another list of the same format', officialCatalog)
    .addHelpText('after', '\nExamples:\n  pi-image image catalog\n  pi-image image catalog -o json')
    .action(async (options: { catalog: string; output: OutputFormat }) => {
      const images = await readCatalog(options.catalog, context.signal);
      context.stdout(renderListing(images, options.output, listing));
    });
  withOutput(catalog);
}

function megabytes(bytes: number): string | undefined {
  return bytes === 0 ? undefined : `${Math.round(bytes / 1e6)} MB`;
}
