/** pi-image inventory: the nodes as Ansible, pdsh, clush and ssh read them. */
import path from 'node:path';

import { Option } from 'commander';

import { openSecrets, type Secrets } from '../../host/secrets.ts';
import { renderYaml } from '../../host/yaml-text.ts';
import { HostError, unreachable, UsageError } from '../../model/errors.ts';
import { parseIpv4 } from '../../model/ipv4.ts';
import { withAddress } from '../../model/node-address.ts';
import type { NodeSpec } from '../../model/node.ts';
import { compareNames } from '../../plan/hostlist.ts';
import { ansibleHost, ansibleList, type Inventory } from '../../plan/inventory.ts';
import { clusterShellGroups, gendersText } from '../../plan/inventory-groups.ts';
import { knownHosts, sshConfig } from '../../plan/inventory-ssh.ts';
import { selectNodes } from '../../plan/select-nodes.ts';
import type { ApiServer } from '../api-client.ts';
import { askNodes, withoutStatus } from '../ask-nodes.ts';
import type { CliContext, RegisterCommand } from '../context.ts';
import { readRoles } from '../read-nodes.ts';
import { readView } from '../view.ts';

const formats = ['ansible', 'genders', 'clustershell', 'ssh-config', 'known-hosts'] as const;
type Format = (typeof formats)[number];

interface Flags {
  readonly output: Format;
  readonly list?: boolean;
  readonly host?: string;
}

export const registerInventory: RegisterCommand = (program, context) => {
  program
    .command('inventory')
    .summary('list nodes for Ansible, pdsh, clush and ssh')
    .description(
      'Prints all nodes, or those that are named, in the form of another program; groups are roles, boards, labels and ' +
        "what the nodes' own variables say. Takes --list and --host as Ansible asks a dynamic inventory.",
    )
    .argument('[nodes...]', 'only these: names, node[01-08], @role')
    .addOption(new Option('-o, --output <format>', 'for whom').choices(formats).default('ansible'))
    .option('--list', 'all nodes, as Ansible asks for them')
    .addOption(new Option('--host <name>', "one node's variables, as Ansible asks for them").conflicts('list'))
    .addHelpText(
      'after',
      '\nExamples:\n  ansible all -i /etc/ansible/pi-image -m ping\n  pi-image inventory -o genders > /etc/genders\n' +
        '  pi-image inventory -o clustershell > /etc/clustershell/groups.d/pi-image.yaml\n' +
        '  pi-image inventory -o ssh-config > /etc/ssh/ssh_config.d/pi-image.conf\n' +
        '  pi-image inventory -o known-hosts @login > ~/.ssh/known_hosts_pi',
    )
    .action(async (selectors: string[], flags: Flags) => {
      context.stdout(await render(selectors, flags, context));
    });
};

async function render(selectors: readonly string[], { output, list, host }: Flags, context: CliContext) {
  if ((host !== undefined || list === true) && output !== 'ansible') {
    throw new UsageError(
      `${list === true ? '--list' : '--host'} is Ansible's question, and -o ${output} is not its form`,
    );
  }
  const inventory = await readInventory(context);
  const asked = host === undefined ? selectors : [host];
  const chosen = asked.length === 0 ? inventory.nodes : selectNodes(asked, inventory.nodes);
  if (host !== undefined) return chosen.map((node) => toJson(ansibleHost(node))).join('');
  return renderAs(output, { ...inventory, nodes: chosen }, context);
}

function renderAs(output: Format, inventory: Inventory, context: CliContext): string | Promise<string> {
  const { nodes } = inventory;
  switch (output) {
    case 'ansible':
      return toJson(ansibleList(inventory));
    case 'genders':
      return gendersText(nodes);
    case 'clustershell':
      return renderYaml(clusterShellGroups(nodes));
    case 'ssh-config':
      return renderSshConfig(inventory, context);
    case 'known-hosts':
      return readSecrets(context).then(async (secrets) => knownHosts(nodes, await secrets.sshCaPublicKey()));
    default:
      return unreachable(output);
  }
}

const toJson = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;

/** Where nodes are now, also where that is not what nodes.yaml says. */
async function readInventory(context: CliContext): Promise<Inventory> {
  const server = await context.service();
  const nodes = typeof server === 'string' ? (await readView(context.paths())).nodes : await nodesThere(server);
  const roles = await readRoles(context);
  return {
    nodes: nodes.toSorted((a, b) => compareNames(a.name, b.name)),
    roleVars: Object.fromEntries(roles.map(({ name, vars }) => [name, vars])),
  };
}

async function nodesThere(server: ApiServer): Promise<NodeSpec[]> {
  return (await askNodes(server)).map((answer) => {
    const node = withoutStatus(answer);
    const { address } = answer.status;
    return address === undefined ? node : withAddress(node, parseIpv4(address));
  });
}

/** Only root on the storage node may read the key; everybody else has one of their own. */
async function renderSshConfig({ nodes }: Inventory, context: CliContext): Promise<string> {
  const server = await context.service();
  const isHere = typeof server === 'string' && process.getuid?.() === 0;
  return sshConfig(nodes, isHere ? await (await readSecrets(context)).storageKey() : undefined);
}

/** @throws UsageError with --server: the authority is a secret of the storage node */
async function readSecrets(context: CliContext): Promise<Secrets> {
  const { state } = context.paths();
  if (process.getuid?.() !== 0) {
    throw new HostError("only root may read the cluster's SSH authority", { hint: 'Run this with sudo.' });
  }
  return openSecrets(path.join(state, 'secrets'), { signal: context.signal });
}
