/** pi-image overlay diff: what the next boot changes of a node's overlay, and what was changed on the node. */
import type { Command } from 'commander';

import type { OverlayReport } from '../../model/overlay-report.ts';
import { describeDrift } from '../../plan/drift.ts';
import type { CliContext } from '../context.ts';
import { printable } from '../format.ts';
import { renderFacts, renderValue, withOutput } from '../output.ts';
import { renderFiles, renderPatches } from '../role-diff.ts';
import { call } from '../typed-client.ts';

interface DiffFlags {
  readonly running?: boolean;
  readonly output: 'table' | 'json' | 'yaml';
}

export function registerDiff(parent: Command, context: CliContext): void {
  const diff = parent
    .command('diff')
    .summary("show what a node's next boot changes of its overlay, and what was changed on the node")
    .description(
      'Compares the frozen files that the node runs with those that it boots next; live files it has already. What was ' +
        'changed on the node itself is as it told last, up to a minute ago; --running asks it to look now.',
    )
    .argument('<node>')
    .option('--running', 'ask the node to compare its files now')
    .addHelpText('after', '\nExamples:\n  pi-image overlay diff node01\n  pi-image overlay diff node01 --running')
    .action(async (name: string, { running, output }: DiffFlags) => {
      const route = running === true ? 'GET /nodes/{name}/overlay/now' : 'GET /nodes/{name}/overlay';
      const report = await call(await context.service(), route, { path: { name } });
      if (running === true && !report.hasLooked) context.stderr(`note: ${name} did not answer\n`);
      context.stdout(output === 'table' ? renderReport(report) : renderValue(report, output));
    });
  withOutput(diff, ['table', 'json', 'yaml']);
}

function renderReport(report: OverlayReport): string {
  const facts = renderFacts([
    ['node', report.node],
    ['runs', report.running === undefined ? 'nothing that is known' : report.running.slice(0, 12)],
    ['next boot', nextBoot(report)],
    ['live files', liveFiles(report.live)],
    ['on the node', onTheNode(report)],
  ]);
  const patches = renderPatches(report);
  return `${facts}${drifted(report)}${renderFiles(report.files)}${patches === '' ? '' : `\n${patches}`}`;
}

function nextBoot({ running, desired, refusal, files }: OverlayReport): string {
  if (desired === undefined) return `none: ${refusal ?? 'it is refused'}`;
  if (running === undefined || running === desired) return desired.slice(0, 12);
  const count = files.added.length + files.changed.length + files.removed.length;
  return `${desired.slice(0, 12)}, which changes ${count === 1 ? 'a file' : `${count} files`} of its overlay`;
}

function liveFiles({ has, wants }: OverlayReport['live']): string | undefined {
  if (wants === undefined) return undefined;
  return has === wants ? 'as they are to be' : 'not there yet';
}

function onTheNode({ drift }: OverlayReport): string {
  if (drift === undefined) return 'not known: it does not run, or its agent does not tell';
  return describeDrift(drift) ?? 'as it was given';
}

/** All that the node has named. */
function drifted({ drift }: OverlayReport): string {
  if (drift === undefined || drift.files.length <= 3) return '';
  return `drifted:\n${drift.files.map(({ path, what }) => `  /${printable(path)}  ${what}\n`).join('')}`;
}
