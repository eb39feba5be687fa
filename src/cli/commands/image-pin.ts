/** pi-image image pin and unpin: versions that no clean-up may take. */
import type { Command } from 'commander';

import type { PinChange } from '../../api/schemas/image.ts';
import { imagesDir, listImages } from '../../host/image-store.ts';
import { UsageError } from '../../model/errors.ts';
import { chooseImage } from '../../plan/choose-image.ts';
import type { CliContext } from '../context.ts';
import { withNodes } from '../node-client.ts';
import { renderValue } from '../output.ts';
import { optionsOf, showEnd, withChangeFlags, type ChangeFlags } from './node-change.ts';

export function registerPin(parent: Command, context: CliContext): void {
  const verbs = [
    { verb: 'pin', isPinned: true, summary: 'keep a version, whoever uses it' },
    { verb: 'unpin', isPinned: false, summary: 'let "image gc" take a version again' },
  ] as const;
  for (const { verb, isPinned, summary } of verbs) {
    const command = parent
      .command(verb)
      .summary(summary)
      .argument('<image>', 'NAME@VERSION, or NAME for its newest version')
      .addHelpText('after', `\nExample:\n  pi-image image ${verb} debian-lite@20261121.1`)
      .action((reference: string, flags: ChangeFlags) => pin(reference, isPinned, flags, context));
    withChangeFlags(command);
  }
}

async function pin(reference: string, isPinned: boolean, flags: ChangeFlags, context: CliContext): Promise<void> {
  const id = await identify(reference, isPinned, context);
  await withNodes(context, async (client) => {
    const { answer } = await client.pinVersion(id, { isPinned }, optionsOf(flags));
    if (flags.output === 'name') return context.stdout(`${answer.image}@${answer.version}\n`);
    if (flags.output !== 'table') return context.stdout(renderValue(answer, flags.output));
    context.stdout(describe(answer));
    showEnd(flags, context, client);
  });
}

/** A version that is gone can be unpinned by its name. */
async function identify(reference: string, isPinned: boolean, context: CliContext) {
  const [image = '', version] = reference.split('@');
  if (version !== undefined) return { image, version };
  if (!isPinned) throw new UsageError('unpin takes NAME@VERSION', { hint: 'See "pi-image image list".' });
  const newest = chooseImage(reference, await listImages(imagesDir(context.paths().state)));
  return { image: newest.name, version: newest.version };
}

function describe({ image, version, isPinned, isChanged }: PinChange): string {
  const state = isPinned ? 'pinned' : 'not pinned';
  return `${image}@${version} is ${isChanged ? '' : 'already '}${state}\n`;
}
