/** pi-image image gc: removes versions that nobody uses, and what builds have left for them. */
import { readdir } from 'node:fs/promises';
import path from 'node:path';

import { Option, type Command } from 'commander';

import { requireRoot } from '../../build/check-machine.ts';
import { collectGarbage, planGarbage, type GarbageInput, type GarbagePlan } from '../../build/collect-garbage.ts';
import { lockFileName } from '../../build/lock-file.ts';
import { UsageError } from '../../model/errors.ts';
import type { CliContext, Paths } from '../context.ts';
import { describeAllLeft, removeLeft } from '../left-trees.ts';
import { renderListing, withOutput, type Listing, type OutputFormat } from '../output.ts';
import { megabytes, readStoreFacts } from '../store-facts.ts';

type Decision = GarbagePlan['decisions'][number];

const listing: Listing<Decision> = {
  columns: [
    { title: 'image', of: ({ manifest }) => `${manifest.name}@${manifest.version}` },
    { title: 'goes', of: ({ reasons }) => (reasons.length === 0 ? 'yes' : 'no') },
    { title: 'because', of: ({ reasons }) => (reasons.length === 0 ? 'nobody uses it' : reasons.join(', ')) },
  ],
  name: ({ manifest }) => `${manifest.name}@${manifest.version}`,
  data: ({ manifest, reasons }) => ({
    name: manifest.name,
    version: manifest.version,
    goes: reasons.length === 0,
    reasons,
  }),
  empty: 'there are no images',
};

interface GcFlags {
  readonly dryRun?: boolean;
  readonly keep: number;
  readonly trees?: string;
  readonly output: OutputFormat;
}

export function registerGc(parent: Command, context: CliContext): void {
  const gc = parent
    .command('gc')
    .summary('remove versions that nobody uses')
    .description(
      'Removes versions that no role, pin, choice, boot or node uses or has used within 24 h, with the layers and packages that only they needed. ' +
        'A node that is not heard of counts as using what it ran last. The newest versions of each image stay. ' +
        'So do private trees of nodes that were removed ("root: persistent"), unless --trees names them.',
    )
    .option('--dry-run', 'say what would go and what it would free, remove nothing')
    .addOption(
      new Option('--keep <count>', 'newest versions of each image that stay, used or not')
        .default(2)
        .argParser(parseKeep),
    )
    .option('--trees <nodes>', 'also remove what these nodes wrote, which were removed and whose boards are off')
    .addHelpText(
      'after',
      '\nExamples:\n  pi-image image gc --dry-run\n  pi-image image gc --keep 1\n  pi-image image gc --trees node08',
    )
    .action((flags: GcFlags) => collect(flags, context));
  withOutput(gc);
}

function parseKeep(text: string): number {
  const keep = Number(text);
  if (Number.isInteger(keep) && keep >= 1) return keep;
  throw new UsageError(`"${text}" is not a number of versions`, { hint: 'At least 1: the newest version stays.' });
}

async function collect(flags: GcFlags, context: CliContext): Promise<void> {
  requireRoot('removing versions');
  const paths = context.paths();
  const read = () => readInput(paths, flags.keep);
  const isDryRun = flags.dryRun === true;
  if (flags.trees !== undefined) await removeLeft(flags.trees, isDryRun, context);
  const plan = isDryRun
    ? await planGarbage(paths.state, await read())
    : await collectGarbage(paths.state, read, {
        signal: context.signal,
        tell: (what) => context.stderr(`removed ${what}\n`),
      });
  context.stdout(renderListing(plan.decisions, flags.output, listing));
  if (flags.output === 'table') context.stdout(summary(plan, isDryRun));
  if (flags.trees === undefined) context.stderr(await describeAllLeft(paths));
}

async function readInput(paths: Paths, keep: number): Promise<GarbageInput> {
  const { images, uses } = await readStoreFacts(paths);
  return { images, uses, keep, nowMs: Date.now(), lockFiles: await findLocks(paths) };
}

async function findLocks({ dataDirs }: Paths): Promise<string[]> {
  const folders = dataDirs.map((dir) => path.join(dir, 'images'));
  const names = await Promise.all(folders.map((folder) => readdir(folder).catch((): string[] => [])));
  return folders.flatMap((folder, index) => (names[index] ?? []).map((name) => path.join(folder, name, lockFileName)));
}

function summary({ versions, layers, debs, sources, bytes }: GarbagePlan, isDryRun: boolean): string {
  const parts = [
    `${count(versions.length, 'version')} (${megabytes(bytes.versions)})`,
    `${count(layers.length, 'layer')} (${megabytes(bytes.layers)})`,
    `${count(debs.length, 'package')} (${megabytes(bytes.debs)})`,
    `${count(sources.length, 'download')} (${megabytes(bytes.sources)})`,
  ];
  return `${isDryRun ? 'would remove' : 'removed'} ${parts.join(', ')}\n`;
}

const count = (number: number, noun: string) => `${number} ${noun}${number === 1 ? '' : 's'}`;
