/** What should the first cluster.yaml say? Chosen from what the machine has; renders it with a word on each line. */
import { ConfigError } from '../model/errors.ts';
import {
  broadcastAddress,
  ipv4FromNumber,
  ipv4ToNumber,
  isInRange,
  networkAddress,
  parseIpv4Interface,
  renderInterface,
  renderRange,
  type Ipv4Interface,
  type Ipv4Range,
} from '../model/ipv4.ts';

export interface FoundInterface {
  readonly name: string;
  /** `10.42.0.1/24`; IPv4 only. */
  readonly addresses: readonly string[];
  /** What the kernel made it from (veth, bridge, tun); undefined for a piece of hardware. */
  readonly madeAs: string | undefined;
  readonly hasCable: boolean;
}

export interface FoundMachine {
  readonly hostName: string;
  readonly interfaces: readonly FoundInterface[];
  /** Interface of the way to the internet. */
  readonly defaultInterface: string | undefined;
}

export interface FirstCluster {
  readonly name: string;
  readonly interface: string;
  readonly address: Ipv4Interface;
  readonly pool: Ipv4Range;
  /** What the owner has to know about the choice of the interface. */
  readonly notes: readonly string[];
}

/** Given to an interface that has no address yet. */
const ownAddress = parseIpv4Interface('10.42.0.1/24');

/** Boards boot over wired Ethernet: no Wi-Fi, no tunnels, no container networks. */
const usableKinds: ReadonlySet<string | undefined> = new Set([undefined, 'bridge', 'vlan', 'bond', 'macvlan']);
const notForBoards = /^(?:lo$|wl|docker|br-|virbr|veth|tun|tap|wg|lxc|cni)/;

/** @param wanted the interface that the user asks for, if any */
export function planFirstCluster(found: FoundMachine, wanted?: string): FirstCluster {
  const chosen = wanted === undefined ? chooseInterface(found) : findInterface(found, wanted);
  const address = chosen.addresses.flatMap(usableAddress)[0];
  const isUplink = chosen.name === found.defaultInterface;
  const notes = [
    ...(address === undefined ? [`${chosen.name} has no address yet: give it ${renderInterface(ownAddress)}.`] : []),
    ...(isUplink
      ? ['This network leads to the internet, so a router on it may serve DHCP: it must be switched off.']
      : []),
    ...(chosen.hasCable ? [] : [`${chosen.name} sees no cable right now.`]),
  ];
  const subnet = address ?? ownAddress;
  return { name: clusterName(found.hostName), interface: chosen.name, address: subnet, pool: poolOf(subnet), notes };
}

function findInterface({ interfaces }: FoundMachine, wanted: string): FoundInterface {
  const found = interfaces.find(({ name }) => name === wanted);
  if (found !== undefined) return found;
  const names = interfaces.map(({ name }) => name).filter((name) => name !== 'lo');
  throw new ConfigError(`this machine has no interface ${wanted}`, { hint: `There are: ${names.join(', ')}.` });
}

/** A network of its own first, then an unused port, then the one that leads to the internet. */
function chooseInterface({ interfaces, defaultInterface }: FoundMachine): FoundInterface {
  const usable = interfaces.filter(({ name, madeAs }) => usableKinds.has(madeAs) && !notForBoards.test(name));
  const apart = usable.filter(({ name }) => name !== defaultInterface);
  const chosen =
    apart.find(({ addresses }) => addresses.flatMap(usableAddress).length > 0) ??
    apart.find(({ hasCable }) => hasCable) ??
    apart[0] ??
    usable[0];
  if (chosen !== undefined) return chosen;
  throw new ConfigError('this machine has no wired network interface that boards could boot from', {
    hint: 'Plug in an Ethernet adapter, or name one with --interface.',
  });
}

function usableAddress(text: string): Ipv4Interface[] {
  try {
    return [parseIpv4Interface(text)];
  } catch {
    // A /32 of a tunnel, for example: not a network that boards can be on.
    return [];
  }
}

/** The upper part of the subnet, below what routers like to take. In a /24: .200 to .239. */
function poolOf(subnet: Ipv4Interface): Ipv4Range {
  const first = ipv4ToNumber(networkAddress(subnet)) + 1;
  const last = ipv4ToNumber(broadcastAddress(subnet)) - 1;
  const own = ipv4ToNumber(subnet.address);
  const hosts = last - first + 1;
  const size = Math.max(1, Math.min(40, Math.floor(hosts / 4)));
  const top = rangeUpTo(last - Math.min(15, Math.floor(hosts / 16)), size);
  if (!isInRange(subnet.address, top)) return top;
  const below = rangeUpTo(own - 1, size);
  return ipv4ToNumber(below.first) >= first ? below : rangeUpTo(own + size, size);
}

function rangeUpTo(last: number, size: number): Ipv4Range {
  return { first: ipv4FromNumber(last - size + 1), last: ipv4FromNumber(last) };
}

/** The machine's name as far as it can be one. */
function clusterName(hostName: string): string {
  const first = hostName.split('.')[0] ?? '';
  const name = first
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 63);
  return name === '' || name === 'localhost' ? 'cluster' : name;
}

/** The file, with the formats' reference in its comments. */
export function renderFirstCluster(first: FirstCluster): string {
  const own = first.address.address;
  const notes = first.notes.map((note) => `  # ${note}\n`).join('');
  const lines = [
    commented(`interface: ${first.interface}`, 'DHCP and TFTP answer here and nowhere else'),
    commented(`address: ${renderInterface(first.address)}`, 'this machine on it'),
    commented(`pool: ${renderRange(first.pool)}`, 'for boards that are not nodes yet'),
    commented(`# gateway: ${own}`, 'nodes get no way out unless you name one'),
    commented(`# dns: [${own}]`, 'names of nodes are in /etc/hosts; DNS is for the rest'),
    commented(`# ntp: ${own}`, 'this machine gives the time unless you name another'),
  ];
  return `# What is true of this site, and what its nodes are for. "pi-image config check" says whether it is right.
cluster: ${first.name}

network:
${notes}${lines.join('')}
roles:
  controller:                       # runs slurmctld; exactly one node has this role
    image: debian-lite              # built with "pi-image build debian-lite"; debian-lite@VERSION pins one
    overlays: [base, ssh, slurm-node, slurm-controller]
    ready: [slurmctld]              # ready when these systemd units are active
  compute:                          # runs jobs
    image: debian-lite
    root: squash                    # the image as one file over NFS: few calls; or shared, ram, persistent
    overlays: [base, ssh, slurm-node, slurm-compute]
    ready: [slurmd]                 # slurmd also: registered at the controller
    vars: { slurmPartition: main }  # the Slurm partition they are in
  login:                            # where people log in and submit
    image: debian-lite
    overlays: [base, ssh, slurm-node, login]

shares:                             # folders of this machine that nodes may write to
  - { name: home, path: /srv/shares/home, mount: /home }
  - { name: slurm, path: /srv/shares/slurm, mount: /var/spool/slurmctld, roles: [controller], owner: slurm }

secrets:                            # made once, kept in the state directory, given only to nodes that need them
  mungeKey: { generateBytes: 128 }  # or { file: /etc/munge/munge.key }

slurm: { controllerRole: controller }
`;
}

function commented(text: string, comment: string): string {
  return `  ${text.padEnd(33)} # ${comment}\n`;
}
