/** What may be wrong with the machine that serves, as a table over what was gathered. docs/troubleshooting.md is made of it. */
import type { Finding } from '../model/diagnosis.ts';
import { blockedPorts, type Firewall, type ServedPort } from './firewall.ts';

export interface MachineFacts {
  readonly hostName: string;
  /** As in cluster.yaml. */
  readonly interface: string;
  /** With its prefix length. */
  readonly address: string;
  /** undefined: there is no interface of that name. */
  readonly found:
    | {
        readonly isUp: boolean;
        /** Of a bridge: how long its ports let nothing through; 0 for none. */
        readonly forwardDelaySeconds: number;
        readonly addresses: readonly string[];
      }
    | undefined;
  /** Processes that may be at the ports: the service's, and those that work for it. */
  readonly own: { readonly pid: number | undefined; readonly programs: readonly string[] };
  readonly ports: readonly ServedPort[];
  /** Programs at any port. */
  readonly listeners: readonly Listener[];
  /** undefined: it cannot be read, or there is none. */
  readonly firewall: Firewall | undefined;
  /** What the NFS server said at its port; undefined: it was not asked, since none runs. */
  readonly nfs: { readonly answers: boolean; readonly detail: string } | undefined;
  readonly disks: readonly { readonly path: string; readonly freeBytes: number; readonly sizeBytes: number }[];
  readonly nowMs: number;
  /** Something that was certainly before now. */
  readonly latestKnownMs: number;
  /** undefined: nobody here can say. */
  readonly isClockSynchronised: boolean | undefined;
}

interface Listener {
  readonly protocol: ServedPort['protocol'];
  readonly address: string;
  /** undefined: of all interfaces. */
  readonly device: string | undefined;
  readonly port: number;
  readonly program: string;
  readonly pid: number;
}

export interface MachineRule {
  readonly id: string;
  readonly severity: Finding['severity'];
  readonly says: readonly [string, ...string[]];
  /** One cause for each time that it holds. */
  readonly find: (facts: MachineFacts) => readonly string[];
  readonly hint: (facts: Pick<MachineFacts, 'interface' | 'address'>) => string;
}

export function diagnoseMachine(facts: MachineFacts): Finding[] {
  return machineRules.flatMap(({ id, severity, find, hint }) =>
    find(facts).map((cause): Finding => {
      return { kind: 'machine', name: facts.hostName, severity, rule: id, cause, hint: hint(facts) };
    }),
  );
}

/** Another program at a port of ours, where boards would reach it. */
function isInTheWay(listener: Listener, { own, ports, address, interface: device }: MachineFacts): boolean {
  const isOurs = listener.pid === own.pid || own.programs.includes(listener.program);
  const isThere = [...everywhere, address.split('/')[0]].includes(listener.address);
  const isServed = ports.some(({ protocol, port }) => protocol === listener.protocol && port === listener.port);
  return !isOurs && isServed && isThere && (listener.device ?? device) === device;
}

const everywhere = ['0.0.0.0', '*', '[::]'];

const when = (holds: boolean, cause: string) => (holds ? [cause] : []);
const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`;

/** A build needs some gigabytes; the state needs little, and must never find none. */
const lowBytes = 2e9;
const emptyBytes = 200e6;
const toleratedMs = 60_000;

export const machineRules: readonly MachineRule[] = [
  {
    id: 'no-interface',
    severity: 'wrong',
    says: ['this machine has no interface …'],
    find: (facts) => when(facts.found === undefined, `this machine has no interface ${facts.interface}`),
    hint: () => 'Correct "network.interface" in cluster.yaml; "ip address" lists those that there are.',
  },
  {
    id: 'interface-down',
    severity: 'wrong',
    says: ['… is down, or has no cable'],
    find: ({ found, interface: name }) => when(found?.isUp === false, `${name} is down, or has no cable`),
    hint: ({ interface: name }) => `Run "ip link set ${name} up", and look at its cable and switch.`,
  },
  {
    id: 'no-address',
    severity: 'wrong',
    says: ['… of this machine does not have …'],
    find: ({ found, interface: name, address }) =>
      when(found?.addresses.includes(address) === false, `${name} of this machine does not have ${address}`),
    hint: ({ interface: name, address }) => `Run "ip address add ${address} dev ${name}", and make it permanent.`,
  },
  {
    id: 'bridge-delay',
    severity: 'note',
    says: ['the bridge … lets nothing through for … s after a link came up'],
    find: ({ found, interface: name }) => {
      const seconds = 2 * (found?.forwardDelaySeconds ?? 0);
      return when(seconds >= 4, `the bridge ${name} lets nothing through for ${seconds} s after a link came up`);
    },
    hint: ({ interface: name }) => `Run "ip link set ${name} type bridge stp_state 0 forward_delay 0".`,
  },
  {
    id: 'port-taken',
    severity: 'wrong',
    says: ['… (process …) is at … port …'],
    find: (facts) =>
      facts.listeners
        .filter((listener) => isInTheWay(listener, facts))
        .map(
          ({ program, pid, protocol, port }) =>
            `${program} (process ${pid}) is at ${protocol.toUpperCase()} port ${port}`,
        ),
    hint: () => 'End it for good ("systemctl disable --now NAME"), or give the service another port with "ports:".',
  },
  {
    id: 'firewall',
    severity: 'note',
    says: ['the firewall seems to drop … port …'],
    find: ({ firewall, ports, interface: name }) =>
      firewall === undefined
        ? []
        : blockedPorts(firewall, ports, name).map(
            ({ protocol, port, what }) => `the firewall seems to drop ${protocol.toUpperCase()} port ${port} (${what})`,
          ),
    hint: ({ interface: name }) =>
      `Let it in on ${name}: "nft list ruleset" or "iptables-save" shows the rules. They were only read, not tried.`,
  },
  {
    id: 'nfs-no-answer',
    severity: 'wrong',
    says: ['the NFS server does not answer: …'],
    find: ({ nfs }) => when(nfs?.answers === false, `the NFS server does not answer: ${nfs?.detail}`),
    hint: () => 'See "pi-image nfs status"; the service starts it again when it has ended.',
  },
  {
    id: 'disk-full',
    severity: 'wrong',
    says: ['… has only … free: changes of the state may be refused'],
    find: ({ disks }) =>
      disks
        .filter(({ freeBytes }) => freeBytes < emptyBytes)
        .map(
          ({ path, freeBytes }) => `${path} has only ${gigabytes(freeBytes)} free: changes of the state may be refused`,
        ),
    hint: () => 'Delete what is not needed there: images that no node uses first ("pi-image image list").',
  },
  {
    id: 'disk-low',
    severity: 'note',
    says: ['… has … free, which is too little for a build'],
    find: ({ disks }) =>
      disks
        .filter(({ freeBytes }) => freeBytes >= emptyBytes && freeBytes < lowBytes)
        .map(({ path, freeBytes }) => `${path} has ${gigabytes(freeBytes)} free, which is too little for a build`),
    hint: () => 'Delete what is not needed there: images that no node uses first ("pi-image image list").',
  },
  {
    id: 'clock-behind',
    severity: 'wrong',
    says: ['the clock of this machine says …, which is over'],
    find: ({ nowMs, latestKnownMs }) =>
      when(
        nowMs < latestKnownMs - toleratedMs,
        `the clock of this machine says ${new Date(nowMs).toISOString().slice(0, 16)}, which is over`,
      ),
    hint: () =>
      'Set it ("date -s"), and let chrony keep it: nodes take their time from here, and munge refuses a wrong one.',
  },
  {
    id: 'clock-free',
    severity: 'note',
    says: ['the clock of this machine follows no time server'],
    find: ({ isClockSynchronised }) =>
      when(isClockSynchronised === false, 'the clock of this machine follows no time server'),
    hint: () => 'That is enough for a cluster of its own; else see "chronyc sources".',
  },
];
