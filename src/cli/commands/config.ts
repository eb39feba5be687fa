/** pi-image config: is what is written right, and what does it come to? */
import type { Command } from 'commander';

import type { Cluster } from '../../model/cluster.ts';
import { renderDuration } from '../../model/duration.ts';
import { ProblemsError, renderProblem, type PlacedProblem } from '../../model/problem.ts';
import { renderInterface, renderRange } from '../../model/ipv4.ts';
import { checkConfig } from '../check.ts';
import type { CliContext, RegisterCommand } from '../context.ts';
import { renderValue, withOutput } from '../output.ts';
import { readView } from '../view.ts';

export const registerConfig: RegisterCommand = (program, context) => {
  const config = program.command('config').summary('check cluster.yaml and what belongs to it, or show it');
  registerCheck(config, context);
  registerShow(config, context);
};

function registerCheck(config: Command, context: CliContext): void {
  const check = config
    .command('check')
    .summary('say everything that is wrong, with file and line')
    .description(
      'Checks cluster.yaml, all images and overlays, and the nodes: each file for itself, all against each other, and ' +
        'every node with a built image by rendering what it would boot. Nothing is written. Notes are no errors: they ' +
        'name what this version accepts and does not act on, and what this machine lacks.',
    )
    .option('-f, --file <nodes.yaml>', 'check these nodes instead of those that were applied')
    .addHelpText(
      'after',
      '\nExamples:\n  pi-image config check\n  pi-image --config ./cluster.yaml config check -f nodes.yaml',
    )
    .action(async (options: { file?: string; output: 'table' | 'json' }) => {
      const { problems, notes } = await checkConfig(context.paths(), options.file, context.signal);
      if (options.output === 'json') {
        context.stdout(renderValue({ problems, notes }, 'json'));
        if (problems.length > 0) throw new ProblemsError(problems);
        return;
      }
      for (const note of notes) context.stderr(`note: ${renderNote(note)}\n`);
      if (problems.length > 0) throw new ProblemsError(problems);
      context.stdout('no problems found\n');
    });
  withOutput(check, ['table', 'json']);
}

function renderNote(note: PlacedProblem): string {
  return note.hint === undefined ? renderProblem(note) : `${renderProblem(note)} (${note.hint})`;
}

function registerShow(config: Command, context: CliContext): void {
  const show = config
    .command('show')
    .summary('show cluster.yaml with every default filled in')
    .addHelpText('after', '\nExample:\n  pi-image config show -o json')
    .action(async (options: { output: 'yaml' | 'json' }) => {
      const { cluster } = await readView(context.paths());
      context.stdout(renderValue(asWritten(cluster), options.output));
    });
  withOutput(show, ['yaml', 'json']);
}

/** Addresses, ranges and durations in the words of the file. */
function asWritten(cluster: Cluster): unknown {
  const roles = Object.entries(cluster.roles).map(
    ([name, role]) => [name, { ...role, deadline: renderDuration(role.deadline) }] as const,
  );
  const switches = Object.entries(cluster.switches).map(
    ([name, each]) => [name, { ...each, timeout: renderDuration(each.timeout) }] as const,
  );
  return {
    ...cluster,
    network: networkAsWritten(cluster.network),
    roles: Object.fromEntries(roles),
    switches: Object.fromEntries(switches),
    power: { ...cluster.power, off: renderDuration(cluster.power.off) },
  };
}

function networkAsWritten(network: Cluster['network']): unknown {
  const { pool, pi3Delay } = network;
  return {
    ...network,
    address: renderInterface(network.address),
    ...(pool !== undefined && { pool: renderRange(pool) }),
    subnets: network.subnets.map((entry) => ({
      ...entry,
      subnet: renderInterface(entry.subnet),
      ...(entry.pool !== undefined && { pool: renderRange(entry.pool) }),
    })),
    lease: renderDuration(network.lease),
    ...(pi3Delay !== undefined && { pi3Delay: renderDuration(pi3Delay) }),
  };
}
