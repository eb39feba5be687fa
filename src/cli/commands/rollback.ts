/** pi-image rollback: a role or a node boots an earlier version of its image, or nodes what they booted before, and back. */
import type { ImageChange } from '../../api/schemas/image.ts';
import { UsageError } from '../../model/errors.ts';
import { compressHostlist } from '../../plan/hostlist.ts';
import type { CliContext, RegisterCommand } from '../context.ts';
import { withNodes } from '../node-client.ts';
import { renderValue } from '../output.ts';
import { optionsOf, showEnd, withChangeFlags, type ChangeFlags } from './node-change.ts';
import { isKeptWanted, rollBackToKept, withKeptFlags, type KeptFlags } from './rollback-kept.ts';

interface RollbackFlags extends ChangeFlags, KeptFlags {
  readonly to?: string;
  readonly newest?: boolean;
  readonly retry?: boolean;
}

export const registerRollback: RegisterCommand = (program, context) => {
  const rollback = program
    .command('rollback')
    .summary('boot the previous version of an image, or what a node booted before')
    .description(
      'A role, or one node, boots the version of its image before the one that it boots now, from its next boot on. ' +
        'It stays there, also when newer versions are built, until "--newest". What runs goes on; no file is copied. ' +
        'With --last-good, --generation or --at each node boots exactly what it booted then: image, boot files, kernel ' +
        'arguments and overlays; what is always current, such as slurm.conf, is.',
    )
    .argument('[role|nodes]', 'a role or a name; with the flags for generations also node[01-08]')
    .option('--to <version>', 'this version')
    .option('--newest', 'boot the newest version again, or what cluster.yaml says')
    .option('--retry', 'with --newest or --to, also what a node did not come up in before');
  withKeptFlags(rollback)
    .addHelpText(
      'after',
      '\nExamples:\n  pi-image rollback compute\n  pi-image rollback compute --newest\n  pi-image rollback node01 --to 20261121.1\n' +
        '  pi-image rollback node01 --generation 4f0c1d6f7f0e\n  pi-image rollback compute --last-good\n  pi-image rollback --all --at 2h --dry-run',
    )
    .action((name: string | undefined, flags: RollbackFlags) =>
      isKeptWanted(name, flags) ? rollBackToKept(name, flags, context) : chooseVersion(name, flags, context),
    );
  withChangeFlags(rollback);
};

async function chooseVersion(name: string | undefined, flags: RollbackFlags, context: CliContext): Promise<void> {
  if (name === undefined)
    throw new UsageError('which role or node?', { hint: 'For example "pi-image rollback compute".' });
  const version = wantedVersion(flags);
  await withNodes(context, async (client) => {
    const { answer } = await client.chooseVersion(
      name,
      { version, ...(flags.retry === true && { retry: true }) },
      optionsOf(flags),
    );
    if (flags.output === 'name') return context.stdout(`${answer.to}\n`);
    if (flags.output !== 'table') return context.stdout(renderValue(answer, flags.output));
    context.stdout(describe(answer));
    showEnd(flags, context, client);
  });
}

function wantedVersion({ to, newest }: RollbackFlags): string {
  if (to !== undefined && newest === true) throw new UsageError('give --to or --newest, not both');
  if (newest === true) return 'newest';
  return to ?? 'previous';
}

function describe({ name, from, to, isChanged, nodes }: ImageChange): string {
  if (!isChanged) return `${name} boots ${to} already\n`;
  const who = nodes.length === 0 ? 'no node has that role yet' : `${compressHostlist(nodes)} at their next boot`;
  return `${name}: ${from} -> ${to}; ${who}\n`;
}
