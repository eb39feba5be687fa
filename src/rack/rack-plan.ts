/** A rack from its spec: who each board is, and the cluster that the storage node is told to be. Pure. */
import { ConfigError } from '../model/errors.ts';
import { parseIpv4Interface, type Ipv4Interface } from '../model/ipv4.ts';
import { parseMac, type MacAddress } from '../model/mac.ts';
import type { RackBoard, RackBoardSpec, RackSpec } from '../model/rack-spec.ts';
import { parseSerial } from '../model/serial.ts';
import type { BoardIdentity } from './eeprom.ts';

export interface PlannedBoard {
  readonly index: number;
  readonly spec: RackBoardSpec;
  readonly mac: MacAddress;
  /** undefined: its firmware is a real one, and runs in QEMU. */
  readonly identity: BoardIdentity | undefined;
  readonly address: string;
}

/** One whose firmware is ours: a Pi. */
export type FirmwareBoard = PlannedBoard & { readonly identity: BoardIdentity };

export interface RackPlan {
  readonly storage: Ipv4Interface;
  readonly boards: readonly PlannedBoard[];
}

/** Networks of racks never meet: each has the same addresses in a namespace of its own. */
const storageAddress = '10.42.0.1/24';
const firstBoardAddress = 11;

/** A Pi 3B, a Pi 4B with 8 GiB, a Pi 5 with 8 GiB; MAC prefixes as those boards have them. */
export const hardware: Readonly<Record<RackBoard, { readonly revision: number; readonly macPrefix: string }>> = {
  pi3: { revision: 0xa02082, macPrefix: 'b8:27:eb' },
  pi4: { revision: 0xd03115, macPrefix: 'dc:a6:32' },
  pi5: { revision: 0xd04170, macPrefix: '2c:cf:67' },
};

export function planRack(spec: RackSpec): RackPlan {
  const names = spec.boards.map((board) => board.name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) {
    throw new ConfigError(`two boards are named ${twice}`, { hint: 'Give each board a name of its own.' });
  }
  return { storage: parseIpv4Interface(storageAddress), boards: spec.boards.map(planBoard) };
}

/** As QEMU's own machines have it. */
const uefiMacPrefix = '52:54:00';

function planBoard(spec: RackBoardSpec, index: number): PlannedBoard {
  const number = (index + 1).toString(16).padStart(2, '0');
  const { board, eeprom } = spec;
  const place = { index, spec, address: `10.42.0.${firstBoardAddress + index}` };
  if (board === 'uefi') return { ...place, mac: parseMac(`${uefiMacPrefix}:00:ac:${number}`), identity: undefined };
  const { revision, macPrefix } = hardware[board];
  const mac = parseMac(`${macPrefix}:00:ac:${number}`);
  // A Pi 3's MAC ends like its serial.
  const serial = parseSerial(`ac00${board === 'pi3' ? 'ac' : '00'}${number}`);
  return { ...place, mac, identity: { board, mac, serial, revision, eeprom } };
}

/** Emulated boards need longer than the 5 minutes of real ones. */
const deadline = '15m';

/** What the kernel keeps of an emulated board's memory. */
const reservedMemoryMib = 124;

/**
 * cluster.yaml of a rack, as text that a person can read and change.
 * A role `controller` runs slurmctld on a share of its own, `login` runs no daemon of Slurm and is always there to change
 * to; every other role is a compute node.
 */
export function renderClusterYaml(spec: RackSpec, sharesDir: string): string {
  const roles = [...new Set([...spec.boards.map((board) => board.role), 'login'])].toSorted();
  const hasController = roles.includes('controller');
  return `# A rack of virtual boards; written by "pi-image rack up".
cluster: rack
network:
  interface: eth0
  address: ${storageAddress}
  pool: 10.42.0.200-10.42.0.239
roles:
${roles.map((role) => renderRole(role, spec)).join('')}shares:
  - { name: home, path: ${sharesDir}/home, mount: /home }
${hasController ? `  - { name: slurm, path: ${sharesDir}/slurm, mount: /var/spool/slurmctld, roles: [controller], owner: slurm }\n` : ''}secrets:
  mungeKey: { generateBytes: 128 }
${hasController ? 'slurm: { controllerRole: controller }\n' : ''}`;
}

/** What a role's overlays and services are, by its name. */
function kindOf(role: string): { readonly overlay: string; readonly ready: string } {
  if (role === 'controller') return { overlay: 'slurm-controller', ready: 'slurmctld' };
  return role === 'login' ? { overlay: 'login', ready: 'munge, ssh' } : { overlay: 'slurm-compute', ready: 'slurmd' };
}

function renderRole(role: string, { image, boards }: RackSpec): string {
  const { overlay, ready } = kindOf(role);
  const isSigned = boards.some((board) => board.role === role && board.bootOrder === 'http');
  return `  ${role}:
    image: ${image}
${isSigned ? '    boot: signed\n' : ''}    overlays: [base, ssh, slurm-node, ${overlay}]
    kernelArguments: [quiet, loglevel=4, systemd.show_status=0, mitigations=off, audit=0]
    ready: [${ready}]
    deadline: ${deadline}
`;
}

/** nodes.yaml: one node per board, with the MAC, and of a Pi the serial, that its firmware sends. JSON is YAML. */
export function renderNodesYaml(plan: RackPlan): string {
  const lines = plan.boards.map(({ spec, mac, identity, address }) => {
    const vars = { cpus: spec.cpus, memoryMib: spec.memoryMib - reservedMemoryMib, ...spec.vars };
    const { name, board, role } = spec;
    return `- ${JSON.stringify({ name, board, role, serial: identity?.serial, mac, address, vars })}\n`;
  });
  return lines.join('');
}

/** /etc/hosts inside the rack, so that "ssh head" works there. */
export function renderHosts(plan: RackPlan): string {
  const boards = plan.boards.map(({ address, spec }) => `${address} ${spec.name}\n`).join('');
  return `127.0.0.1 localhost\n${plan.storage.address} storage\n${boards}`;
}
