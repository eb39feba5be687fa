/** pi-image image gc: removes versions that nobody uses, and what builds have left for them. */
import { readdir } from 'node:fs/promises';
import path from 'node:path';

import { Option, type Command } from 'commander';

import { requireRoot } from '../../build/check-machine.ts';
import {
  collectGarbage,
  describePartName,
  planGarbage,
  type GarbageDecision,
  type GarbageInput,
  type GarbagePart,
  type GarbagePlan,
} from '../../build/collect-garbage.ts';
import { lockFileName } from '../../build/lock-file.ts';
import { ifNoPlace } from '../../host/missing.ts';
import { UsageError } from '../../model/errors.ts';
import type { CliContext, Paths } from '../context.ts';
import { describeAllLeft, removeLeft } from '../left-trees.ts';
import { asItsOwner, whereImageIs } from '../own-root.ts';
import { renderListing, withOutput, type Listing, type OutputFormat } from '../output.ts';
import { megabytes, readStoreFacts } from '../store-facts.ts';

type Row = GarbageDecision | GarbagePart;

const listing: Listing<Row> = {
  columns: [
    { title: 'image', of: nameOf },
    { title: 'goes', of: (row) => (doesGo(row) ? 'yes' : 'no') },
    { title: 'frees', of: (row) => (doesGo(row) ? megabytes(row.bytes) : undefined) },
    { title: 'because', of: (row) => (doesGo(row) ? whyUnused(row) : reasonsOf(row).join(', ')) },
  ],
  name: nameOf,
  data: (row) =>
    'kind' in row
      ? { kind: row.kind, name: row.name, goes: true, bytes: row.bytes }
      : {
          kind: 'version',
          name: row.manifest.name,
          version: row.manifest.version,
          goes: doesGo(row),
          bytes: row.bytes,
          reasons: row.reasons,
        },
  empty: 'there are no images',
};

function nameOf(row: Row): string {
  return 'kind' in row ? describePartName(row) : `${row.manifest.name}@${row.manifest.version}`;
}

function reasonsOf(row: Row): readonly string[] {
  return 'kind' in row ? [] : row.reasons;
}

const doesGo = (row: Row) => reasonsOf(row).length === 0;

function whyUnused(row: Row): string {
  if (!('kind' in row)) return 'nobody uses it';
  return row.kind === 'squashfs' ? 'its version is gone' : 'no image needs it';
}

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
      'Removes versions that no role, pin, choice, boot, kept generation or node uses or has used within 24 h, with the layers, packages, downloaded bases and programs for fast builds that no image needs any more. ' +
        'A node that is not heard of counts as using what it ran last. The newest versions of each image stay. ' +
        'So do private trees of nodes that were removed ("root: persistent"), unless --trees names them. -o name prints what goes.',
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
    .action((flags: GcFlags) => {
      const where = whereImageIs(context);
      return asItsOwner(where, () => collect(flags, where));
    });
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
  context.stdout(renderListing(rowsOf(plan, flags), flags.output, listing));
  if (flags.output === 'table') context.stdout(summary(plan, isDryRun));
  if (flags.trees === undefined) context.stderr(await describeAllLeft(paths));
}

function rowsOf({ decisions, parts }: GarbagePlan, { output, dryRun }: GcFlags): Row[] {
  // For people, what is gone was named when it went.
  const rows = [...decisions, ...(output === 'table' && dryRun !== true ? [] : parts)];
  return output === 'name' ? rows.filter((row) => doesGo(row)) : rows;
}

async function readInput(paths: Paths, keep: number): Promise<GarbageInput> {
  const { images, offered, uses } = await readStoreFacts(paths);
  const folders = await imageFolders(paths);
  const [lockFiles, specFiles] = [lockFileName, 'image.yaml'].map((name) => folders.map((dir) => path.join(dir, name)));
  return { images, offered, uses, keep, nowMs: Date.now(), lockFiles: lockFiles ?? [], specFiles: specFiles ?? [] };
}

async function imageFolders({ dataDirs }: Paths): Promise<string[]> {
  const found = await Promise.all(dataDirs.map((dir) => foldersIn(path.join(dir, 'images'))));
  return found.flat();
}

/** A note or a card image beside them is none. */
async function foldersIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(ifNoPlace([]));
  return entries.filter((entry) => !entry.isFile()).map(({ name }) => path.join(folder, name));
}

const nouns: Readonly<Record<GarbagePart['kind'], readonly [one: string, many: string]>> = {
  layer: ['layer', 'layers'],
  package: ['package', 'packages'],
  download: ['download', 'downloads'],
  programs: ['set of programs', 'sets of programs'],
  squashfs: ['squashfs file', 'squashfs files'],
};

function summary({ decisions, versions, parts }: GarbagePlan, isDryRun: boolean): string {
  const counted = (Object.keys(nouns) as GarbagePart['kind'][]).map((kind) => {
    const own = parts.filter((part) => part.kind === kind);
    const [one, many] = nouns[kind];
    return countOf(
      own.length,
      own.reduce((sum, { bytes }) => sum + bytes, 0),
      own.length === 1 ? one : many,
    );
  });
  const versionBytes = decisions.reduce((sum, { bytes }) => sum + bytes, 0);
  const all = [countOf(versions.length, versionBytes, versions.length === 1 ? 'version' : 'versions'), ...counted];
  return `${isDryRun ? 'would remove' : 'removed'} ${all.join(', ')}\n`;
}

const countOf = (count: number, bytes: number, noun: string) => `${count} ${noun} (${megabytes(bytes)})`;
