/** pi-image role: the roles of cluster.yaml and who has them. */
import { renderDuration } from '../../model/duration.ts';
import { ConfigError } from '../../model/errors.ts';
import { didYouMean } from '../../model/nearest.ts';
import type { ClusterView } from '../../model/view.ts';
import { compressHostlist } from '../../plan/hostlist.ts';
import type { RegisterCommand } from '../context.ts';
import { renderListing, renderValue, withOutput, type Listing, type OutputFormat } from '../output.ts';
import { readView } from '../view.ts';

interface RoleRow {
  readonly name: string;
  readonly image: string;
  readonly root: string;
  readonly overlays: readonly string[];
  readonly kernelArguments: readonly string[];
  readonly vars: Readonly<Record<string, unknown>>;
  readonly ready: readonly string[];
  readonly deadline: string;
  readonly nodes: readonly string[];
}

export const registerRole: RegisterCommand = (program, context) => {
  const role = program.command('role').summary('what nodes are for: image, overlays, arguments');
  const list = role
    .command('list')
    .summary('list roles')
    .addHelpText('after', '\nExample:\n  pi-image role list')
    .action(async (options: { output: OutputFormat }) => {
      context.stdout(renderListing(rolesOf(await readView(context.paths())), options.output, listing));
    });
  withOutput(list);
  const show = role
    .command('show')
    .summary('show a role with every default, and its nodes')
    .argument('<role>')
    .addHelpText('after', '\nExample:\n  pi-image role show compute')
    .action(async (name: string, options: { output: 'yaml' | 'json' }) => {
      const roles = rolesOf(await readView(context.paths()));
      const found = roles.find((candidate) => candidate.name === name);
      if (found === undefined) throw noRole(name, roles);
      context.stdout(renderValue(found, options.output));
    });
  withOutput(show, ['yaml', 'json']);
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

function rolesOf({ cluster, nodes }: ClusterView): RoleRow[] {
  return Object.entries(cluster.roles).map(([name, role]) => {
    const members = nodes.filter((node) => node.role === name).map((node) => node.name);
    return Object.assign({ name }, role, { deadline: renderDuration(role.deadline), nodes: members });
  });
}

function noRole(name: string, roles: readonly RoleRow[]): ConfigError {
  const known = roles.map((role) => role.name);
  return new ConfigError(`there is no role ${name}${didYouMean(name, known)}`, {
    hint: `Roles are: ${known.join(', ')}.`,
  });
}
