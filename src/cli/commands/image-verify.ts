/** pi-image image verify: is everything still as it was published? */
import type { Command } from 'commander';

import { imageVerifier, type Verified } from '../../build/verify-image.ts';
import { readCheckSignature } from '../../host/image-key.ts';
import { imagesDir, readStore, squashDir, type DamagedVersion, type StoredImages } from '../../host/image-store.ts';
import { HostError, UsageError } from '../../model/errors.ts';
import type { ImageManifest } from '../../model/manifest.ts';
import { chooseImage } from '../../plan/choose-image.ts';
import type { CliContext } from '../context.ts';
import { asItsOwner, whereImageIs } from '../own-root.ts';
import { renderListing, withOutput, type Listing, type OutputFormat } from '../output.ts';

const listing: Listing<Verified> = {
  columns: [
    { title: 'image', of: ({ image }) => image },
    { title: 'entries', of: ({ files }) => files },
    { title: 'result', of: ({ problems, notes }) => resultOf(problems, notes) },
  ],
  name: ({ image }) => image,
  empty: 'there are no images',
};

export function registerVerify(parent: Command, context: CliContext): void {
  const verify = parent
    .command('verify')
    .summary('read versions again and compare them with what was published')
    .description(
      'Reads every file of a version again and compares content, mode, owner, time and attributes with its index, its boot files with its manifest (others than root and the owner of the store must not be able to change them), the manifest with its signature, and its root.squashfs, where there is one, with what was made. ' +
        'Files that versions share are read once. Ends with 1 when something is not as it was.',
    )
    .argument('[image]', 'NAME for its newest version, or NAME@VERSION')
    .option('--all', 'every version of every image')
    .addHelpText('after', '\nExamples:\n  pi-image image verify debian-lite\n  pi-image image verify --all')
    .action((reference: string | undefined, options: { output: OutputFormat; all?: boolean }) =>
      asItsOwner(whereImageIs(context, reference), async () => {
        const { state } = whereImageIs(context, reference).paths();
        const dir = imagesDir(state);
        const { manifests, damaged } = chosenOf(reference, options.all === true, await readStore(dir));
        const checkSignature = await readCheckSignature(state);
        const check = imageVerifier(dir, { signal: context.signal, checkSignature, squashDir: squashDir(state) });
        const results = damaged.map(describeDamaged);
        for (const manifest of manifests) results.push(await check(manifest));
        context.stdout(renderListing(results, options.output, listing));
        const broken = results.filter(({ problems }) => problems.length > 0);
        if (broken.length > 0) throw describeBroken(broken);
      }),
    );
  withOutput(verify);
}

interface Chosen {
  readonly manifests: readonly ImageManifest[];
  /** Which there is nothing to compare with. */
  readonly damaged: readonly DamagedVersion[];
}

function chosenOf(reference: string | undefined, isAll: boolean, { images, damaged }: StoredImages): Chosen {
  if (isAll && reference !== undefined) throw new UsageError('give an image or --all, not both');
  if (isAll) return { manifests: [...images.values()].flat(), damaged };
  if (reference === undefined) return { manifests: [...images.values()].flatMap(([newest]) => newest ?? []), damaged };
  const meant = damaged.filter(({ name, version }) => [name, `${name}@${version}`].includes(reference));
  const isOnlyDamaged = meant.length > 0 && !images.has(reference);
  return { manifests: isOnlyDamaged ? [] : [chooseImage(reference, images)], damaged: meant };
}

function describeDamaged({ name, version, problem }: DamagedVersion): Verified {
  return { image: `${name}@${version}`, problems: [problem], notes: [], files: 0 };
}

function resultOf(problems: readonly string[], notes: readonly string[]): string {
  if (problems.length > 0) return `${problems.length} differences`;
  return notes.length > 0 ? notes.join('; ') : 'as it was published';
}

const shownProblems = 20;

function describeBroken(broken: readonly Verified[]): HostError {
  const lines = broken.flatMap(({ image, problems }) => [
    `${image} is not as it was published:`,
    ...problems.slice(0, shownProblems).map((problem) => `  ${problem}`),
    ...(problems.length > shownProblems ? [`  and ${problems.length - shownProblems} more`] : []),
  ]);
  return new HostError(lines.join('\n'), {
    hint: 'Make the version anew with "pi-image build NAME --again" and let nodes reboot; look at the disk with "dmesg". Where only the signature is wrong and you know why: "pi-image image sign". Where only root.squashfs is: remove its folder, and "pi-image build NAME --squash" or the service makes it again.',
  });
}
