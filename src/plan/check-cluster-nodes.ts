/** Do the nodes fit the cluster and each other? */
import type { Cluster } from '../model/cluster.ts';
import { isInRange } from '../model/ipv4.ts';
import { didYouMean } from '../model/nearest.ts';
import type { NodeSpec } from '../model/node.ts';
import type { Problem } from '../model/problem.ts';
import { canBootSigned } from './boot-image.ts';
import { imageName } from './check-cluster-roles.ts';
import { roleHint } from './check-cluster-shares.ts';
import type { KnownParts } from './known-parts.ts';
import { servedSubnets, subnetOf } from './subnets.ts';

/** Paths of the problems start with the index of the node: [3, 'mac']. */
export function checkNodes(nodes: readonly NodeSpec[], cluster: Cluster, known: KnownParts): Problem[] {
  return [
    ...checkUnique(nodes),
    ...nodes.flatMap((node, index) => [
      ...checkIdentity(node, index),
      ...checkAddress(node, [index, 'address'], cluster),
      ...checkRole(node, [index, 'role'], cluster),
      ...checkBoard(node, [index, 'board'], { cluster, known }),
      ...checkSignedBoot(node, [index, 'board'], cluster),
      ...checkSwitch(node, [index, 'power', 'switch'], cluster),
    ]),
    ...checkController(nodes, cluster),
    ...checkVariables(nodes, cluster, known),
  ];
}

/** What no two nodes may have in common. */
const unique: readonly { what: string; key: string; of: (node: NodeSpec) => string | undefined }[] = [
  { what: 'name', key: 'name', of: (node) => node.name },
  { what: 'MAC address', key: 'mac', of: (node) => node.mac },
  { what: 'serial', key: 'serial', of: (node) => node.serial },
  { what: 'address', key: 'address', of: (node) => node.address },
  { what: 'switch port', key: 'power', of: ({ power }) => power && `${power.switch} port ${power.port}` },
];

function checkUnique(nodes: readonly NodeSpec[]): Problem[] {
  return unique.flatMap(({ what, key, of }) => {
    const seen = new Map<string, number>();
    return nodes.flatMap((node, index): Problem[] => {
      const value = of(node);
      if (value === undefined) return [];
      const first = seen.get(value);
      if (first === undefined) {
        seen.set(value, index);
        return [];
      }
      const owner = nodes[first]?.name ?? '';
      return [{ path: [index, key], message: `${what} ${value} belongs to ${owner} already`, other: [first, key] }];
    });
  });
}

/** Serials that boards show which have none: all zero, and what the boot ROM of a Pi 3 sends. */
const noSerials: ReadonlySet<string> = new Set(['00000000', '44444444']);

function checkIdentity(node: NodeSpec, index: number): Problem[] {
  const problems: Problem[] = [];
  if (node.name === 'localhost') {
    problems.push({ path: [index, 'name'], message: 'localhost is every machine to itself' });
  }
  if (node.serial !== undefined && noSerials.has(node.serial)) {
    const hint = 'Use the mac of this board instead.';
    problems.push({ path: [index, 'serial'], message: `${node.serial} is no serial: many boards show it`, hint });
  }
  if (node.mac !== undefined && isGroupOrZero(node.mac)) {
    problems.push({ path: [index, 'mac'], message: `${node.mac} is not the address of one board` });
  }
  if (node.board === 'uefi' && node.mac === undefined) problems.push({ path: [index], ...lacksMac });
  return problems;
}

/** Only a Pi tells its serial when it asks for an address. */
const lacksMac = {
  message: 'a uefi node is known by its MAC address, and this one has none',
  hint: 'Write "mac:" of the network card that it boots from; its firmware shows it, and so does "pi-image node unknown".',
};

/** IEEE 802: the lowest bit of the first byte marks group addresses. */
function isGroupOrZero(mac: string): boolean {
  return Number.parseInt(mac.slice(0, 2), 16) % 2 === 1 || mac === '00:00:00:00:00:00';
}

function checkAddress({ address }: NodeSpec, path: Problem['path'], { network }: Cluster): Problem[] {
  const subnet = subnetOf(address, network);
  if (subnet === undefined) {
    const names = servedSubnets(network).map(({ name }) => name);
    return [{ path, message: `${address} is not a host address of ${names.join(' or ')}` }];
  }
  if (address === network.address.address) return [{ path, message: `${address} is the storage node itself` }];
  const { gateway, pool } = subnet;
  if (address === gateway) return [{ path, message: `${address} is the gateway` }];
  if (pool === undefined || !isInRange(address, pool)) return [];
  const hint = 'Choose an address outside, or make network.pool smaller.';
  return [{ path, message: `${address} lies in the pool of unknown boards, ${pool.first}-${pool.last}`, hint }];
}

function checkRole({ role }: NodeSpec, path: Problem['path'], { roles }: Cluster): Problem[] {
  if (Object.hasOwn(roles, role)) return [];
  const known = Object.keys(roles);
  return [{ path, message: `there is no role ${role}${didYouMean(role, known)}`, hint: roleHint(known) }];
}

function checkBoard(
  node: NodeSpec,
  path: Problem['path'],
  { cluster, known }: { cluster: Cluster; known: KnownParts },
): Problem[] {
  const name = imageName(cluster.roles[node.role]?.image ?? '');
  const boards = known.images.get(name)?.boards;
  if (boards === undefined || boards.includes(node.board)) return [];
  const hint = `Add ${node.board} under boards in images/${name}/image.yaml and build it again.`;
  const message = `image ${name} of role ${node.role} does not boot on ${node.board}, only on ${boards.join(', ')}`;
  return [{ path, message, hint }];
}

function checkSignedBoot({ board, role }: NodeSpec, path: Problem['path'], { roles }: Cluster): Problem[] {
  if (roles[role]?.boot !== 'signed' || canBootSigned(board)) return [];
  const hint = 'Only Pi 4 and Pi 5 load a signed boot.img: give this node another role.';
  return [{ path, message: `a ${board} cannot boot signed, as role ${role} wants it`, hint }];
}

function checkSwitch({ power }: NodeSpec, path: Problem['path'], { switches }: Cluster): Problem[] {
  if (power === undefined || Object.hasOwn(switches, power.switch)) return [];
  const known = Object.keys(switches);
  const hint = known.length > 0 ? `Switches are: ${known.join(', ')}.` : 'Describe it under switches in cluster.yaml.';
  return [{ path, message: `there is no switch ${power.switch}${didYouMean(power.switch, known)}`, hint }];
}

/** Slurm's state belongs to one controller: a second one would destroy it. */
function checkController(nodes: readonly NodeSpec[], { slurm }: Cluster): Problem[] {
  const controllers = nodes.flatMap((node, index) => (node.role === slurm?.controllerRole ? [index] : []));
  const [first, ...more] = controllers;
  if (first === undefined) return [];
  return more.map((index) => ({
    path: [index, 'role'],
    message: `a second Slurm controller beside ${nodes[first]?.name ?? ''}: exactly one node may have the role ${slurm?.controllerRole ?? ''}`,
    other: [first, 'role'],
  }));
}

/** One problem per role and variable, however many nodes lack it. */
function checkVariables(nodes: readonly NodeSpec[], cluster: Cluster, { overlays }: KnownParts): Problem[] {
  return Object.entries(cluster.roles).flatMap(([name, role]) => {
    const members = nodes.flatMap((node, index) => (node.role === name ? [{ node, index }] : []));
    return role.overlays.flatMap((overlay) => {
      const needed = overlays.get(overlay)?.spec.needs.vars ?? [];
      return needed.flatMap((variable): Problem[] => {
        if (Object.hasOwn(role.vars, variable) || Object.hasOwn(cluster.vars, variable)) return [];
        const lacking = members.filter(({ node }) => !Object.hasOwn(node.vars, variable));
        const [first, ...more] = lacking;
        if (first === undefined) return [];
        const others = more.length > 0 ? ` (and ${more.length} more nodes)` : '';
        const message = `overlay ${overlay} needs the variable ${variable}, which neither this node${others} nor role ${name} has`;
        const hint = `Add it under vars of role ${name} in cluster.yaml, or of each node.`;
        return [{ path: [first.index], message, hint }];
      });
    });
  });
}
