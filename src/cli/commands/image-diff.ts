/** pi-image image diff: what is different between two versions. */
import type { Command } from 'commander';

import { diffImages, diffParts, isSame, sizeOf, type Changes, type ImageDiff } from '../../plan/image-diff.ts';
import type { CliContext } from '../context.ts';
import { renderValue, withOutput } from '../output.ts';
import { whereImageIs } from '../own-root.ts';
import { readVersion } from '../read-version.ts';

export function registerDiff(parent: Command, context: CliContext): void {
  const diff = parent
    .command('diff')
    .summary('compare two versions: packages, files, units, privileges, users')
    .description(
      'Compares two versions by their indexes: packages, files, units, programs with setuid or capabilities, numbers of users and groups, boot files. ' +
        'A time alone is no difference.',
    )
    .argument('<from>', 'NAME@VERSION')
    .argument('<to>', 'NAME@VERSION, or NAME for its newest version')
    .option('--all', 'list every file; else the first 20 of each kind')
    .addHelpText('after', '\nExample:\n  pi-image image diff debian-lite@20261121.1 debian-lite')
    .action(async (from: string, to: string, options: { output: 'table' | 'yaml' | 'json'; all?: boolean }) => {
      const read = (reference: string) => readVersion(reference, whereImageIs(context, reference).paths());
      const [one, other] = await Promise.all([read(from), read(to)]);
      const found = diffImages(one, other);
      const hasFiles = one.index !== undefined && other.index !== undefined;
      if (options.output !== 'table') return context.stdout(renderValue(found, options.output));
      context.stdout(renderDiff(found, options.all === true ? Number.POSITIVE_INFINITY : shownLines));
      if (!hasFiles)
        context.stdout('files were not compared: one of the two was published before versions had indexes\n');
    });
  withOutput(diff, ['table', 'yaml', 'json']);
}

const shownLines = 20;

const titles: Readonly<Record<(typeof diffParts)[number], string>> = {
  packages: 'packages',
  files: 'files',
  units: 'systemd units',
  privileges: 'setuid and capabilities',
  users: 'numbers of users',
  groups: 'numbers of groups',
  bootFiles: 'boot files',
};

function renderDiff(diff: ImageDiff, maxLines: number): string {
  if (isSame(diff)) return `${diff.from} and ${diff.to} are the same\n`;
  const parts = diffParts.filter((part) => sizeOf(diff[part]) > 0);
  return parts.map((part) => `${titles[part]}\n${renderChanges(diff[part], maxLines)}`).join('');
}

function renderChanges({ added, removed, changed }: Changes, maxLines: number): string {
  return [
    ...renderLines('+', added, maxLines),
    ...renderLines('-', removed, maxLines),
    ...renderLines('~', changed, maxLines),
  ]
    .map((line) => `  ${line}\n`)
    .join('');
}

function renderLines(sign: string, lines: readonly string[], maxLines: number): string[] {
  const shown = lines.slice(0, maxLines).map((line) => `${sign} ${line}`);
  return lines.length > maxLines ? [...shown, `${sign} and ${lines.length - maxLines} more`] : shown;
}
