/** pi-image cluster: all nodes at once, in the order in which they need each other. */
import { Option, type Command } from 'commander';

import { parseDurationMs, renderDuration } from '../../model/duration.ts';
import { shutDownCluster, type ShutdownFlags } from '../cluster-shutdown.ts';
import { startCluster, type StartFlags } from '../cluster-start.ts';
import type { CliContext, RegisterCommand } from '../context.ts';
import { withOutput } from '../output.ts';

export const registerCluster: RegisterCommand = (program, context) => {
  const cluster = program.command('cluster').summary('shut all nodes down, and start them');
  registerShutdown(cluster, context);
  registerStart(cluster, context);
};

const deadline = (name: string, about: string, usualMs: number) =>
  new Option(`--${name} <time>`, about).argParser(parseDurationMs).default(usualMs, renderDuration(usualMs));

const stagesText =
  'Compute nodes first, then those with the role login, then the Slurm controller; power.order in cluster.yaml names others.';

function registerShutdown(parent: Command, context: CliContext): void {
  const shutdown = parent
    .command('shutdown')
    .summary('shut all nodes down, then switch their power off')
    .description(
      `${stagesText} Each stage is down, or its deadline over, before the next begins. Nodes without a switch port stay ` +
        'halted. Ends with 1 and names each node whose power could not be switched off. This storage node is left alone.',
    )
    .option('--dry-run', 'show the stages, change nothing')
    .option('-y, --yes', 'do it')
    .option('--keep-power', 'leave the ports on')
    .addOption(deadline('deadline', 'for each stage: what has not ended then loses its power', 120_000))
    .addOption(deadline('switch-deadline', 'for each stage: a switch that does not answer is asked again', 20_000))
    .addHelpText(
      'after',
      '\nExamples:\n  pi-image cluster shutdown --dry-run\n  pi-image cluster shutdown --yes --deadline 60s',
    )
    .action((flags: ShutdownFlags) => shutDownCluster(flags, context));
  withOutput(shutdown, ['table', 'json', 'yaml']);
}

function registerStart(parent: Command, context: CliContext): void {
  const start = parent
    .command('start')
    .summary('switch all nodes on')
    .description(
      'In the reversed order of "cluster shutdown": the Slurm controller is ready, or the deadline over, before the others ' +
        'get power. Nodes without a switch port are named. Ends with 1 and names each node that could not be switched on.',
    )
    .option('--dry-run', 'show the stages, change nothing')
    .addOption(deadline('deadline', 'for each stage to be ready', 300_000))
    .addOption(deadline('switch-deadline', 'for all switches to answer: they start slowly after a power cut', 600_000))
    .addHelpText('after', '\nExamples:\n  pi-image cluster start --dry-run\n  pi-image cluster start')
    .action((flags: StartFlags) => startCluster(flags, context));
  withOutput(start, ['table', 'json', 'yaml']);
}
