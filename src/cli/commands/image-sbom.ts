/** pi-image image sbom: which packages a version is made of. */
import { Option, type Command } from 'commander';

import { readPackages } from '../../build/read-packages.ts';
import { imagesDir, listImages } from '../../host/image-store.ts';
import { chooseImage } from '../../plan/choose-image.ts';
import { listPackages, renderSbom, type ListedPackage } from '../../plan/sbom.ts';
import type { CliContext } from '../context.ts';
import { renderListing, renderValue, type Listing } from '../output.ts';
import { whereImageIs } from '../own-root.ts';
import { versionOf } from '../version.ts';

const formats = ['table', 'json', 'yaml', 'name', 'cyclonedx-json'] as const;

const listing: Listing<ListedPackage> = {
  columns: [
    { title: 'package', of: ({ name }) => name },
    { title: 'version', of: ({ version }) => version },
    { title: 'architecture', of: ({ architecture }) => architecture },
    { title: 'source', of: ({ source }) => source },
    { title: 'sha256', of: ({ sha256 }) => sha256?.slice(0, 16) },
  ],
  name: ({ name, version }) => `${name}=${version}`,
  empty: 'nothing is known of its packages: it has no dpkg status',
};

export function registerSbom(parent: Command, context: CliContext): void {
  parent
    .command('sbom')
    .summary('list the packages of a version, also as CycloneDX')
    .description(
      'Lists the packages of a version with their source packages and the digests of their .deb files, as far as the lock of the image has them. ' +
        'cyclonedx-json is a bill of materials (CycloneDX 1.6) with what needs what, for scanners: the same version and lock give the same text. A build that changes the lock leaves older versions without the digests that it no longer names.',
    )
    .argument('<image>', 'NAME for its newest version, or NAME@VERSION')
    .addOption(new Option('-o, --output <format>', 'how to show it').choices(formats).default('table'))
    .addHelpText(
      'after',
      '\nExamples:\n  pi-image image sbom debian-lite\n  pi-image image sbom debian-lite -o cyclonedx-json >debian-lite.cdx.json',
    )
    .action(async (reference: string, { output }: { output: (typeof formats)[number] }) => {
      const { state, dataDirs } = whereImageIs(context, reference).paths();
      const manifest = chooseImage(reference, await listImages(imagesDir(state)));
      const program = { name: 'pi-image', version: versionOf(dataDirs.at(-1) ?? '') };
      const source = { ...(await readPackages(state, manifest)), program };
      context.stdout(
        output === 'cyclonedx-json'
          ? renderValue(renderSbom(source), 'json')
          : renderListing(listPackages(source), output, listing),
      );
    });
}
