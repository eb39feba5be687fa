/** pi-image image sign: trust a version whose signature is missing or of another key. */
import type { Command } from 'commander';

import { imageVerifier } from '../../build/verify-image.ts';
import { imagesDir, listImages } from '../../host/image-store.ts';
import { signVersion } from '../../host/trusted-images.ts';
import { HostError } from '../../model/errors.ts';
import { chooseImage } from '../../plan/choose-image.ts';
import type { CliContext } from '../context.ts';
import { withOutput, type OutputFormat } from '../output.ts';
import { renderVersion } from '../version-answer.ts';

const silent = { info: () => undefined, warn: () => undefined };

export function registerSign(parent: Command, context: CliContext): void {
  const command = parent
    .command('sign')
    .summary('trust a version whose signature is missing or of another key')
    .description(
      'Reads a version again, compares it with its index and manifest, and signs the manifest with the key of this store. ' +
        'For versions that came from another store, or when the key was lost. Versions that are built or imported here are signed already.',
    )
    .argument('<image>', 'NAME for its newest version, or NAME@VERSION')
    .addHelpText('after', '\nExample:\n  pi-image image sign debian-lite@20261121.1')
    .action(async (reference: string, { output }: { output: OutputFormat }) => {
      const { state } = context.paths();
      const dir = imagesDir(state);
      const manifest = chooseImage(reference, await listImages(dir));
      const { image, problems } = await imageVerifier(dir, { signal: context.signal })(manifest);
      if (problems.length > 0) {
        throw new HostError(`${image} is not what its manifest says: ${problems.slice(0, 3).join('; ')}`, {
          hint: 'Make it anew with "pi-image build NAME --again": what cannot be verified is not signed.',
        });
      }
      await signVersion(state, manifest, silent);
      const said = `signed ${image}; "systemctl reload pi-image" offers it to nodes\n`;
      context.stdout(renderVersion(manifest, output, said));
    });
  withOutput(command);
}
