/** pi-image role: the roles of cluster.yaml and who has them. */
import type { Role } from '../../api/schemas/role.ts';
import { renderDuration } from '../../model/duration.ts';
import { ConfigError } from '../../model/errors.ts';
import { didYouMean } from '../../model/nearest.ts';
import { compressHostlist } from '../../plan/hostlist.ts';
import type { RegisterCommand } from '../context.ts';
import { renderListing, renderValue, withOutput, type Listing, type OutputFormat } from '../output.ts';
import { readRoles } from '../read-nodes.ts';
import { registerRoleDiff } from './role-diff.ts';
import { registerRoleHistory } from './role-history.ts';

type RoleRow = Omit<Role, 'deadlineMs'> & { readonly deadline: string };

export const registerRole: RegisterCommand = (program, context) => {
  const role = program.command('role').summary('what nodes are for: image, overlays, arguments');
  const list = role
    .command('list')
    .summary('list roles')
    .addHelpText('after', '\nExample:\n  pi-image role list')
    .action(async (options: { output: OutputFormat }) => {
      context.stdout(renderListing((await readRoles(context)).map(rowOf), options.output, listing));
    });
  withOutput(list);
  const show = role
    .command('show')
    .summary('show a role with every default, and its nodes')
    .argument('<role>')
    .addHelpText('after', '\nExample:\n  pi-image role show compute')
    .action(async (name: string, options: { output: 'yaml' | 'json' }) => {
      const roles = (await readRoles(context)).map(rowOf);
      const found = roles.find((candidate) => candidate.name === name);
      if (found === undefined) throw noRole(name, roles);
      context.stdout(renderValue(found, options.output));
    });
  withOutput(show, ['yaml', 'json']);
  registerRoleDiff(role, context);
  registerRoleHistory(role, context);
};

const listing: Listing<RoleRow> = {
  columns: [
    { title: 'name', of: (role) => role.name },
    { title: 'image', of: (role) => role.image },
    { title: 'root', of: (role) => role.root },
    { title: 'overlays', of: (role) => role.overlays.join(',') },
    { title: 'nodes', of: (role) => compressHostlist(role.nodes) },
  ],
  name: (role) => role.name,
  empty: 'there are no roles; write them into cluster.yaml',
};

function rowOf({ deadlineMs, ...role }: Role): RoleRow {
  return { ...role, deadline: renderDuration(deadlineMs) };
}

function noRole(name: string, roles: readonly RoleRow[]): ConfigError {
  const known = roles.map((role) => role.name);
  return new ConfigError(`there is no role ${name}${didYouMean(name, known)}`, {
    hint: `Roles are: ${known.join(', ')}.`,
  });
}
