/** pi-image image audit: which packages of a version have security fixes that it lacks. */
import type { Command } from 'commander';

import { auditImage } from '../../build/audit-image.ts';
import { imagesDir, listImages } from '../../host/image-store.ts';
import { HostError } from '../../model/errors.ts';
import type { PackageBehind } from '../../plan/audit.ts';
import { chooseImage } from '../../plan/choose-image.ts';
import type { CliContext } from '../context.ts';
import { renderListing, renderValue, withOutput, type Listing, type OutputFormat } from '../output.ts';
import { whereImageIs } from '../own-root.ts';

const listing: Listing<PackageBehind> = {
  columns: [
    { title: 'package', of: ({ name }) => name },
    { title: 'installed', of: ({ installed }) => installed },
    { title: 'fixed in', of: ({ fixed }) => fixed },
  ],
  name: ({ name }) => name,
  empty: 'nothing is behind',
};

export function registerAudit(parent: Command, context: CliContext): void {
  const audit = parent
    .command('audit')
    .summary('name packages that have security fixes which a version lacks')
    .description(
      'Fetches the security suites of the archives that the image was locked from, and names the packages of a version that are older than there. ' +
        'Ends with 1 when there are any.',
    )
    .argument('<image>', 'NAME for its newest version, or NAME@VERSION')
    .addHelpText(
      'after',
      '\nExamples:\n  pi-image image audit debian-lite\n  pi-image image audit debian-lite@20261121.1 -o json',
    )
    .action(async (reference: string, { output }: { output: OutputFormat }) => {
      const { state } = whereImageIs(context, reference).paths();
      const manifest = chooseImage(reference, await listImages(imagesDir(state)));
      const found = await auditImage(manifest, { stateDir: state, signal: context.signal });
      const isList = output === 'table' || output === 'name';
      context.stdout(isList ? renderListing(found.behind, output, listing) : renderValue(found, output));
      if (found.behind.length === 0) return;
      throw new HostError(
        `${found.image} is behind ${found.suites.join(' ')}: ${found.behind.length} of ${found.packages} packages`,
        { hint: `Run "pi-image build ${manifest.name} --update", and let nodes reboot.` },
      );
    });
  withOutput(audit);
}
