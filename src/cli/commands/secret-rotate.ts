/** pi-image secret rotate: another munge key for the running cluster, or another key that signs boot.img. */
import { Argument, type Command } from 'commander';

import type { StartedRotation } from '../../api/schemas/rotation.ts';
import { rotateSigningKey } from '../../host/signing-key.ts';
import { signingSecret } from '../../model/cluster.ts';
import { ConfigError, UsageError } from '../../model/errors.ts';
import type { Log } from '../../model/log.ts';
import { compressHostlist } from '../../plan/hostlist.ts';
import type { CliContext } from '../context.ts';
import { renderValue, withOutput, type OutputFormat } from '../output.ts';
import { call, dryRunQuery } from '../typed-client.ts';
import { watchOperation } from './operation.ts';

interface RotateFlags {
  readonly yes?: boolean;
  readonly dryRun?: boolean;
  readonly wait?: boolean;
  readonly force?: boolean;
  readonly output: OutputFormat;
}

/** The other name of what overlays put into etc/munge/munge.key, whatever cluster.yaml calls it. */
const mungeName = 'munge';

export function registerRotate(
  parent: Command,
  { secretsDir, context }: { readonly secretsDir: () => string; readonly context: CliContext },
): void {
  const rotate = parent
    .command('rotate')
    .summary('make another key')
    .description(
      'munge: every node that runs gets another munge key and restarts munged. Partitions of Slurm that are up are ' +
        'closed meanwhile, for some seconds; jobs that run go on. Nodes that do not run get it at their next boot. It is ' +
        'an operation: "pi-image operation watch" shows how it goes, "cancel" brings the old key back.\n' +
        `${signingSecret}: from then on boot.img is signed with the new key: a board boots signed again when its EEPROM ` +
        'has the new public half. The old key is kept beside it.',
    )
    .addArgument(new Argument('<name>', 'which key').choices([mungeName, signingSecret]))
    .option('-y, --yes', `of ${signingSecret}: do it`)
    .option('--dry-run', 'of munge: show what would happen, change nothing')
    .option('--force', 'of munge: leave nodes that do not tell which key they have to their next boot')
    .option('--wait', 'of munge: follow it to its end')
    .addHelpText(
      'after',
      `\nExamples:\n  pi-image secret rotate munge --dry-run\n  pi-image secret rotate munge --wait\n  pi-image secret rotate ${signingSecret} --yes`,
    )
    .action((name: string, flags: RotateFlags) =>
      name === mungeName ? rotateMunge(flags, context) : rotateSigning(flags, secretsDir, context),
    );
  withOutput(rotate);
}

async function rotateMunge(flags: RotateFlags, context: CliContext): Promise<void> {
  const { dryRun, force = false, output } = flags;
  const given = { path: { name: mungeName }, query: dryRunQuery(dryRun), body: { force } };
  const answer = await call(await context.service(), 'POST /secrets/{name}:rotate', given);
  if (output === 'name') context.stdout(answer.operation === undefined ? '' : `${answer.operation}\n`);
  else context.stdout(output === 'table' ? describe(answer) : renderValue(answer, output));
  if (flags.wait === true && answer.operation !== undefined) await watchOperation(answer.operation, context);
}

function describe({ operation, dryRun, secret, partitions, nodes }: StartedRotation): string {
  const now = nodes.filter(({ state }) => state === 'waiting').map(({ node }) => node);
  const later = nodes.filter(({ state }) => state === 'next-boot').map(({ node }) => node);
  const lines = [
    `another ${secret}`,
    `partitions closed meanwhile: ${partitions.join(', ') || 'none'}`,
    `munged restarts on: ${now.length === 0 ? 'no node' : compressHostlist(now)}`,
    ...(later.length === 0 ? [] : [`at their next boot: ${compressHostlist(later)}`]),
    dryRun
      ? 'dry run: nothing was changed'
      : `operation ${operation} has begun: "pi-image operation watch ${operation}"`,
  ];
  return lines.map((line) => `${line}\n`).join('');
}

async function rotateSigning(
  { yes, ...flags }: RotateFlags,
  secretsDir: () => string,
  context: CliContext,
): Promise<void> {
  const other = (['dryRun', 'force', 'wait'] as const).find((flag) => flags[flag] !== undefined);
  if (other !== undefined) {
    throw new UsageError(`--${other === 'dryRun' ? 'dry-run' : other} goes with munge`, {
      hint: 'Without --yes nothing is changed.',
    });
  }
  if (yes !== true) {
    throw new ConfigError('boards that have the old key in their EEPROM would boot signed no more', {
      hint: 'Add --yes to make another key all the same.',
    });
  }
  const { key, previous } = await rotateSigningKey(secretsDir(), silent);
  const kept = previous === undefined ? '' : `; key ${previous} is kept as previous-${previous}.pem`;
  context.stdout(`${signingSecret} is key ${key.id}${kept}\nnext: pi-image secret show-public ${signingSecret}\n`);
}

const silent: Log = { info: () => undefined, warn: () => undefined };
