/** What keeps a node from being ready beside what a single boot tells. docs/troubleshooting.md is made of it. */
import { renderAge } from '../model/duration.ts';
import { holdBoot } from '../model/generation-pin.ts';
import type { PublicBoot } from '../model/node-status.ts';
import { megabytes, namesDhcpServer } from './diagnosis-facts.ts';
import type { NodeDoctorFacts, NodeRule } from './doctor-node-facts.ts';
import { describeDrift } from './drift.ts';
import { isoDate } from './eeprom-rollout.ts';
import { isSlowPort, portDelayMs, slowPortHint } from './slow-port.ts';

type Condition = NodeRule['when'];

/** A board that was switched off and on asks again within a minute; one that has given up never does. */
const patienceMs = 120_000;

const cannotServe: ReadonlySet<string> = new Set(['refused', 'failed', 'silent']);

const isNew: Condition = ({ status }) => status.state === 'new';
const lastBoot = ({ boots }: NodeDoctorFacts): PublicBoot | undefined => boots.at(-1);

const lastStranger = ({ node, around }: NodeDoctorFacts) =>
  around.unknownBoards.findLast(({ board }) => board === undefined || board === node.board);

function lastHeard({ node, around: { heard, listeningSinceMs = Number.POSITIVE_INFINITY } }: NodeDoctorFacts) {
  const others = heard.filter(({ name, atMs }) => name !== node.name && atMs >= listeningSinceMs);
  return others.toSorted((one, other) => other.atMs - one.atMs)[0];
}

const unseen = ({ around: { listeningSinceMs }, nowMs }: NodeDoctorFacts) =>
  `no DISCOVER of it was seen in the ${renderAge(nowMs - (listeningSinceMs ?? nowMs))} since DHCP is served`;

/** Boots at the end of the list that came to nothing. */
function failuresInARow({ boots }: NodeDoctorFacts): number {
  const ends = boots.flatMap(({ closed }) => (closed === undefined ? [] : [closed.reason]));
  return ends.length - 1 - ends.findLastIndex((reason) => reason === 'ready' || reason === 'handed-over');
}

const lastConflict = ({ node, around }: NodeDoctorFacts) =>
  around.conflicts.findLast(({ nodes }) => nodes.includes(node.name));

/** A board that nobody answers: the reason for a node that never booted, and else to be said beside what it does. */
const identityConflict: NodeRule = {
  id: 'identity-conflict',
  says: [
    'the board with MAC … and serial … is … by its MAC and … by its serial',
    'two boards have the MAC … of …: one with serial …, while nodes.yaml gives … the serial …',
    'the board with serial … is …, but its MAC is … and not …',
  ],
  when: (facts) => lastConflict(facts) !== undefined,
  cause: (facts) => lastConflict(facts)?.cause ?? '',
  hint: (name, facts) => {
    const cure = facts && lastConflict(facts)?.cure;
    return cure === undefined
      ? `Correct "serial:" and "mac:" of ${name} in nodes.yaml, then "pi-image apply -f nodes.yaml". Until then it is not answered.`
      : `${cure.slice(0, 1).toUpperCase()}${cure.slice(1)}, then "pi-image apply -f nodes.yaml". Until then it is not answered.`;
  },
};

/** In the order in which they are tried; the first that fits is the reason. */
export const nodeRules: readonly NodeRule[] = [
  {
    id: 'cannot-boot',
    says: ['it cannot boot: …'],
    when: ({ status: { state, desired } }) => desired === undefined && cannotServe.has(state),
    cause: ({ status }) => `it cannot boot: ${status.reason ?? 'nobody says why'}`,
    hint: (name) => `"pi-image node explain ${name}" shows where that comes from.`,
  },
  { ...identityConflict, when: (facts) => isNew(facts) && identityConflict.when(facts) },
  {
    id: 'foreign-dhcp',
    says: ['another DHCP server is on the network: …'],
    when: (facts) => isNew(facts) && namesDhcpServer.test(facts.around.problems['dhcp'] ?? ''),
    cause: ({ around }) => `another DHCP server is on the network: ${around.problems['dhcp'] ?? ''}`,
    hint: () => 'Switch the DHCP service of that machine off, or give the boards a switch or VLAN of their own.',
  },
  {
    id: 'dhcp-down',
    says: ['DHCP is not served: …'],
    when: (facts) => isNew(facts) && facts.around.problems['dhcp'] !== undefined,
    cause: ({ around }) => `DHCP is not served: ${around.problems['dhcp'] ?? ''}`,
    hint: () => 'See what "pi-image status" says of that part, and the log: journalctl -u pi-image.',
  },
  {
    id: 'other-identity',
    says: ['no DISCOVER of it was seen in the … since DHCP is served, and an unknown board asks: …'],
    when: (facts) => isNew(facts) && lastStranger(facts) !== undefined,
    cause: (facts) => {
      const { mac, serial, board = 'board' } = lastStranger(facts) ?? {};
      return `${unseen(facts)}, and an unknown board asks: ${board} ${mac}${serial === undefined ? '' : `, serial ${serial}`}`;
    },
    hint: (name) =>
      `If that is ${name}, correct its "serial:" or "mac:" in nodes.yaml, then "pi-image apply -f nodes.yaml".`,
  },
  {
    id: 'no-discover',
    says: ['no DISCOVER of it was seen in the … since DHCP is served; … was heard … ago'],
    when: (facts) => isNew(facts) && lastHeard(facts) !== undefined,
    cause: (facts) => {
      const { name, atMs } = lastHeard(facts) ?? { name: '', atMs: 0 };
      return `${unseen(facts)}; ${name} was heard ${renderAge(facts.nowMs - atMs)} ago`;
    },
    hint: () =>
      'Check its power, its cable and switch port (VLAN, spanning tree), and BOOT_ORDER of its EEPROM. A Pi 3 gives up ' +
      'after 25 s: cut its power.',
  },
  {
    id: 'no-discover-of-any',
    says: ['no DISCOVER of it was seen in the … since DHCP is served, nor of any other board'],
    when: isNew,
    cause: (facts) => `${unseen(facts)}, nor of any other board`,
    hint: () =>
      'Check "network.interface" in cluster.yaml, the cable of the storage node, the VLAN of its switch port, and its ' +
      'firewall for UDP port 67.',
  },
  {
    id: 'heartbeat-stopped',
    says: ['its heartbeats have stopped'],
    when: ({ status: { state, reason } }) => state === 'silent' && reason === 'its heartbeats have stopped',
    cause: () => 'its heartbeats have stopped',
    hint: (name) => `Try "ssh ${name}"; else look at its screen, and check its power, cable and switch port.`,
  },
  {
    id: 'unit-failed',
    says: ['….service: …'],
    when: ({ status }) => status.state === 'failed' && status.heartbeat?.phase === 'failed',
    cause: ({ status }) => status.reason ?? 'a unit of its role has failed',
    hint: (name) => `Run "systemctl --failed" and "journalctl -b" on ${name}.`,
  },
  {
    id: 'waits-now',
    says: ['it waits for …'],
    when: ({ status }) => status.state === 'waiting',
    cause: ({ status }) => `it waits for ${status.reason ?? 'something'}`,
    hint: () => 'Bring up what it waits for.',
  },
];

/** Release notes of both EEPROMs, 2025-09-23: block numbers begin anew. Their blocks have 1468 bytes. */
const countsOnSinceSeconds = Date.UTC(2025, 8, 23) / 1000;
const lastBlock = 65_535;
const blockSizeBytes = 1468;

/** What else is to be said of a node, however it stands. */
export const nodeNotes: readonly NodeRule[] = [
  identityConflict,
  {
    id: 'still-booting',
    says: ['it boots since …, and came to …'],
    when: ({ status }) => status.state === 'booting',
    cause: (facts) => {
      const { startedAtMs = facts.nowMs, phases = [] } = lastBoot(facts) ?? {};
      return `it boots since ${renderAge(facts.nowMs - startedAtMs)}, and came to ${phases.at(-1)?.phase ?? 'its first file'}`;
    },
    hint: (name) => `"pi-image node show ${name}" draws how far it is.`,
  },
  {
    id: 'gave-up',
    says: ['nothing came from it since …: it may have given up'],
    when: (facts) => {
      const boot = lastBoot(facts);
      const isInFirmware = boot?.phases.every(({ phase }) => phase === 'offered' || phase === 'loading') ?? false;
      const isOver = boot?.closed !== undefined && boot.closed.reason !== 'ready';
      return isOver && isInFirmware && facts.nowMs - boot.lastSeenMs >= patienceMs;
    },
    cause: (facts) =>
      `nothing came from it since ${renderAge(facts.nowMs - (lastBoot(facts)?.lastSeenMs ?? 0))}: it may have given up`,
    hint: () => 'Cut its power once. With BOOT_ORDER ending in f its EEPROM begins anew by itself.',
  },
  {
    id: 'fell-back',
    says: [
      'it did not come up in generation …, and is held at …: …',
      'it did not come up in generation …, and has the hold boot: …',
    ],
    when: ({ pin }) => pin?.fellFrom !== undefined,
    cause: ({ pin }) => {
      const { generation = '', cause = '' } = pin?.fellFrom ?? {};
      const to = pin?.generation === holdBoot ? 'has the hold boot' : `is held at ${pin?.generation.slice(0, 12)}`;
      return `it did not come up in generation ${generation.slice(0, 12)}, and ${to}: ${cause}`;
    },
    hint: (name) =>
      `Correct its overlays, its image or cluster.yaml, and the hold ends by itself; or try the same again: "pi-image rollback ${name} --newest --retry".`,
  },
  {
    id: 'again-and-again',
    says: ['its last … boots came to nothing'],
    when: (facts) => failuresInARow(facts) >= 3,
    cause: (facts) => `its last ${failuresInARow(facts)} boots came to nothing`,
    hint: (name) => `"pi-image node history ${name}" lists them with their causes.`,
  },
  {
    id: 'reboot-failed',
    says: ['it was to reboot, and was not reached: …'],
    when: ({ status }) => status.rebootFailed !== undefined,
    cause: ({ status }) => `it was to reboot, and was not reached: ${status.rebootFailed?.reason ?? ''}`,
    hint: (name) => `Run "pi-image node reboot ${name}" again, or cut its power: it boots its new role then.`,
  },
  {
    id: 'drifted',
    says: ['drifted: … changed on the node'],
    when: ({ status }) => describeDrift(status.heartbeat?.drift) !== undefined,
    cause: ({ status }) => `drifted: ${describeDrift(status.heartbeat?.drift)}`,
    hint: (name) =>
      `Its next boot undoes that; to keep it, change the overlay. "pi-image overlay diff ${name} --running" lists all.`,
  },
  {
    id: 'old-loader',
    says: ['its boot loader of … counts no further than 65535 blocks, and … has …'],
    when: ({ eeprom, largestFile }) =>
      (eeprom?.report?.builtAtSeconds ?? Infinity) < countsOnSinceSeconds &&
      (largestFile?.sizeBytes ?? 0) > lastBlock * blockSizeBytes,
    cause: ({ eeprom, largestFile }) =>
      `its boot loader of ${isoDate(eeprom?.report?.builtAtSeconds ?? 0)} counts no further than ${lastBlock} blocks, ` +
      `and ${largestFile?.name} has ${megabytes(largestFile?.sizeBytes ?? 0)}`,
    hint: (name) => `Update it before its next boot: "pi-image node eeprom set ${name} --image FILE".`,
  },
  {
    id: 'eeprom-update-failed',
    says: ['the update of its EEPROM failed: …'],
    when: ({ eeprom }) => eeprom?.desired?.state === 'failed',
    cause: ({ eeprom }) => `the update of its EEPROM failed: ${eeprom?.desired?.reason ?? ''}`,
    hint: () =>
      '"pi-image node eeprom" says what to look at; "node eeprom continue" goes on with the others, "cancel" gives up.',
  },
  {
    id: 'slow-port',
    says: ['its switch port let nothing through for … s after its kernel had started'],
    when: (facts) => isSlowPort(portDelayMs(lastBoot(facts) ?? { phases: [] })),
    cause: (facts) =>
      `its switch port let nothing through for ${Math.round(portDelayMs(lastBoot(facts) ?? { phases: [] }) / 1000)} s after its kernel had started`,
    hint: slowPortHint,
  },
];
