/** pi-image node role, and the part of "node set" that gives another role. */
import type { Command } from 'commander';

import type { RoleChange } from '../../api/schemas/role.ts';
import { compressHostlist } from '../../plan/hostlist.ts';
import type { CliContext } from '../context.ts';
import { withNodes, type NodeClient } from '../node-client.ts';
import { renderValue } from '../output.ts';
import { renderPatches, renderRoleDiff } from '../role-diff.ts';
import { assignRole, isAssignment, withAssignFlags, type AssignFlags } from './node-assign.ts';
import { changeTogether, showEnd, withChangeFlags, type ChangeFlags } from './node-change.ts';

export interface RoleFlags extends ChangeFlags, AssignFlags {
  readonly reboot?: boolean;
}

export function registerNodeRole(parent: Command, context: CliContext): void {
  const role = parent
    .command('role')
    .summary('give nodes another role')
    .description(
      'Shows what the role changes on each node, and sets it. A node has it after its next boot: --reboot makes those ' +
        'that run reboot now. What a node runs stays exported to it until it has started the new role.',
    )
    .argument('<nodes>', 'names, node[01-08], @role')
    .argument('<role>', 'of cluster.yaml')
    .option('--reboot', 'reboot nodes that run')
    .addHelpText(
      'after',
      '\nExamples:\n  pi-image node role node01 login --reboot\n  pi-image node role @compute login --dry-run\n  pi-image node role node[01-08] login --drain wait --max-unavailable 2 --wait',
    )
    .action((nodes: string, name: string, flags: RoleFlags) =>
      withNodes(context, async (client) =>
        isAssignment(flags)
          ? assignRole([nodes], name, flags, { context, client })
          : showRoles(await setRoles([nodes], name, flags, client), flags, context, client),
      ),
    );
  withAssignFlags(role);
  withChangeFlags(role);
}

export async function setRoles(
  selectors: readonly string[],
  role: string,
  flags: RoleFlags,
  client: NodeClient,
): Promise<RoleChange[]> {
  const reboot = flags.reboot === true;
  const done = await changeTogether(selectors, flags, client, (nodes, options) =>
    client.setRoles(role, { nodes: [...nodes], reboot }, options),
  );
  return done?.answer.changes ?? [];
}

export function showRoles(
  changes: readonly RoleChange[],
  flags: RoleFlags,
  context: CliContext,
  client: NodeClient,
): void {
  const { output } = flags;
  const changed = changes.filter(({ isChanged }) => isChanged);
  if (output === 'name') return context.stdout(changed.map(({ node }) => `${node}\n`).join(''));
  if (output !== 'table') return context.stdout(renderValue(changes, output));
  context.stdout(renderRoleChanges(changes));
  context.stdout(renderReboots(changes, flags, client));
  if (changed.length > 0) showEnd(flags, context, client);
}

/** Nodes that change alike are told once; the lines of files only where there is one node. */
function renderRoleChanges(changes: readonly RoleChange[]): string {
  const groups = new Map<string, RoleChange[]>();
  for (const change of changes) {
    const text = `${headOf(change)}\n${renderRoleDiff(change.diff)}`;
    groups.set(text, [...(groups.get(text) ?? []), change]);
  }
  const texts = [...groups].map(([text, group]) => `${compressHostlist(group.map(({ node }) => node))}: ${text}`);
  const [only] = changes;
  const patches = changes.length === 1 && only !== undefined ? renderPatches(only.diff) : '';
  return `${texts.join('\n')}${patches === '' ? '' : `\n${patches}`}`;
}

function headOf({ isChanged, diff: { role } }: RoleChange): string {
  return isChanged ? `${role.from} -> ${role.to}` : `has the role ${role.to} already`;
}

function renderReboots(changes: readonly RoleChange[], { reboot }: RoleFlags, { service }: NodeClient): string {
  const told = changes.filter(({ reboots }) => reboots);
  const later = changes.filter(({ reboots, isChanged }) => !reboots && isChanged);
  const lines = [
    ...(told.length > 0 ? [`${listed(told)} ${told[0]?.dryRun === true ? 'would reboot' : 'reboots'} now`] : []),
    ...(later.length > 0 ? [`${listed(later)} gets it at the next boot${whyLater(reboot === true, service)}`] : []),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

function whyLater(isRebootWanted: boolean, service: NodeClient['service']): string {
  if (!isRebootWanted) return '';
  return service === undefined
    ? ': without a service nothing can be told to reboot'
    : ': it does not run, as far as is known';
}

const listed = (changes: readonly RoleChange[]) => compressHostlist(changes.map(({ node }) => node));
