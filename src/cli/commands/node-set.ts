/** pi-image node set: changes what is known of nodes, and their role. */
import { Option, type Command } from 'commander';

import { NodePatch } from '../../api/schemas/node.ts';
import { boardNames } from '../../model/board.ts';
import { checkShape } from '../../model/check-shape.ts';
import { UsageError } from '../../model/errors.ts';
import type { Labels } from '../../model/labels.ts';
import type { CliContext } from '../context.ts';
import { withNodes, type NodeClient } from '../node-client.ts';
import {
  explainFlag,
  given,
  parseLabel,
  parsePower,
  parseUnset,
  parseVariable,
  type Power,
  type Unset,
  type Variables,
} from '../node-flags.ts';
import { assignRole, isAssignment, withAssignFlags } from './node-assign.ts';
import { changeEach, chooseTargets, showChanges, withChangeFlags, type ChangeFlags } from './node-change.ts';
import { setRoles, showRoles, type RoleFlags } from './node-role.ts';
import { rebootEach, showReboots } from './node-reboot.ts';

interface SetFlags extends RoleFlags {
  readonly role?: string;
  readonly board?: string;
  readonly address?: string;
  readonly serial?: string;
  readonly mac?: string;
  readonly power?: Power;
  readonly var?: Variables;
  readonly label?: Labels;
  readonly unset?: Unset;
}

/** No two nodes may have the same. */
const ofOneNode = ['address', 'serial', 'mac', 'power'] as const;

export function registerSet(parent: Command, context: CliContext): void {
  const set = parent
    .command('set')
    .summary('change nodes: role, variables, board, address')
    .description(
      'Changes what is named and nothing else. Nodes get it at their next boot, files that are live at once; --reboot ' +
        'makes those that run reboot now. Of several nodes none is changed when one of them cannot be.',
    )
    .argument('<nodes...>', 'names, node[01-08], @role, label=value')
    .option('--role <role>', 'give them this role, and show what that changes')
    .option('--reboot', 'reboot nodes that run')
    .addOption(new Option('--board <board>', 'the family of its board').choices(boardNames))
    .option('--address <address>', 'of one node')
    .option('--serial <serial>', 'of one node: another board takes its place')
    .option('--mac <mac>', 'of one node')
    .option('--power <switch:port>', 'of one node: where it is plugged in', parsePower)
    .option('--var <name=value>', 'set a variable; may be repeated', parseVariable)
    .option('--label <name=value>', 'set a label; may be repeated', parseLabel)
    .option('--unset <field>', 'take away serial, mac, power, vars.NAME or labels.NAME; may be repeated', parseUnset)
    .addHelpText(
      'after',
      '\nExamples:\n  pi-image node set node01 --role login --reboot\n  pi-image node set @compute --var slurmPartition=night --dry-run',
    )
    .action((selectors: string[], flags: SetFlags) =>
      withNodes(context, (client) => setNodes(selectors, flags, context, client)),
    );
  withAssignFlags(set);
  withChangeFlags(set);
}

async function setNodes(
  selectors: readonly string[],
  flags: SetFlags,
  context: CliContext,
  client: NodeClient,
): Promise<void> {
  const patch = patchOf(flags);
  const { role } = flags;
  const isPatched = Object.keys(patch).length > 0;
  if (!isPatched && role === undefined && flags.reboot !== true) {
    throw new UsageError('nothing is to be changed', { hint: 'Name what, for example --role login.' });
  }
  if (isAssignment(flags)) return assignRole(selectors, onlyRole(flags, isPatched), flags, { context, client });
  const targets = (await chooseTargets(selectors, client)).map(({ name }) => name);
  refuseShared(flags, targets);
  // Both must be possible before one of them is done.
  const planned: ChangeFlags = { ...flags, dryRun: true };
  if (isPatched && role !== undefined) await setRoles(targets, role, planned, client);
  if (isPatched) {
    const answers = await changeEach(selectors, flags, client, async (name, options) => {
      const { answer } = await client.patchNode(name, patch, options);
      return answer;
    });
    showChanges(answers, { flags, context, client, nothing: 'nothing to change' });
  }
  if (role !== undefined) {
    return showRoles(await setRoles(isPatched ? targets : selectors, role, flags, client), flags, context, client);
  }
  if (flags.reboot === true) showReboots(await rebootEach(targets, flags, client), flags, context);
}

function onlyRole({ role }: SetFlags, isPatched: boolean): string {
  if (role !== undefined && !isPatched) return role;
  throw new UsageError('--drain goes with --role, and with no other change', {
    hint: 'Change the rest first, without --drain.',
  });
}

function patchOf(flags: SetFlags): NodePatch {
  const { board, address, serial, mac, power, unset = {} } = flags;
  const groups = { vars: merged(unset.vars, flags.var), labels: merged(unset.labels, flags.label) };
  const named = { board, address, serial, mac, power, ...groups };
  const shaped = checkShape(NodePatch, { ...unset, ...given(named) });
  if (shaped.kind === 'valid') return shaped.value;
  throw new UsageError(explainFlag(shaped.problems));
}

function merged(unset: object | undefined, set: object | undefined): object | undefined {
  return unset === undefined && set === undefined ? undefined : { ...unset, ...set };
}

function refuseShared(flags: SetFlags, names: readonly string[]): void {
  const shared = ofOneNode.find((field) => flags[field] !== undefined);
  if (shared === undefined || names.length === 1) return;
  throw new UsageError(`--${shared} is that of one node, and ${names.length} are named`, {
    hint: 'Change one node at a time, or write nodes.yaml and run "pi-image apply".',
  });
}
