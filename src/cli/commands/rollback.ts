/** pi-image rollback: a role or a node boots an earlier version of its image, and back. */
import type { ImageChange } from '../../api/schemas/image.ts';
import { UsageError } from '../../model/errors.ts';
import { compressHostlist } from '../../plan/hostlist.ts';
import type { RegisterCommand } from '../context.ts';
import { withNodes } from '../node-client.ts';
import { renderValue } from '../output.ts';
import { optionsOf, showEnd, withChangeFlags, type ChangeFlags } from './node-change.ts';

interface RollbackFlags extends ChangeFlags {
  readonly to?: string;
  readonly newest?: boolean;
}

export const registerRollback: RegisterCommand = (program, context) => {
  const rollback = program
    .command('rollback')
    .summary('boot the previous version of an image')
    .description(
      'A role, or one node, boots the version of its image before the one that it boots now, from its next boot on. ' +
        'It stays there, also when newer versions are built, until "--newest". What runs goes on; no file is copied.',
    )
    .argument('<role|node>')
    .option('--to <version>', 'this version')
    .option('--newest', 'boot the newest version again, or what cluster.yaml says')
    .addHelpText(
      'after',
      '\nExamples:\n  pi-image rollback compute\n  pi-image rollback compute --newest\n  pi-image rollback node01 --to 20261121.1',
    )
    .action(async (name: string, flags: RollbackFlags) => {
      const version = wantedVersion(flags);
      await withNodes(context, async (client) => {
        const { answer } = await client.chooseVersion(name, { version }, optionsOf(flags));
        if (flags.output === 'name') return context.stdout(`${answer.to}\n`);
        if (flags.output !== 'table') return context.stdout(renderValue(answer, flags.output));
        context.stdout(describe(answer));
        showEnd(flags, context, client);
      });
    });
  withChangeFlags(rollback);
};

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
