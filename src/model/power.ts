/** Power of boards: the switches of cluster.yaml that feed them, and what is written down while a port is being switched. */
import { z } from 'zod';

import { BoardName } from './board.ts';
import { parseDurationMs } from './duration.ts';
import { AbsolutePath, NodeName, ResourceName } from './names.ts';
import { parsedText } from './parsed-text.ts';

const powerDrivers = ['snmp', 'command', 'none'] as const;
/** What the numbers of power ports may be: RFC 3621 leaves them to the maker of the switch. */
const portNumbers = ['ifIndex', 'bridgePort', 'name'] as const;
export type PortNumbers = (typeof portNumbers)[number];
export const powerActions = ['on', 'off', 'cycle'] as const;
export type PowerAction = (typeof powerActions)[number];

/** As nodes.yaml names it. */
export const PowerPort = z.strictObject({ switch: ResourceName, port: z.int().min(1) });
export type PowerPort = Readonly<z.infer<typeof PowerPort>>;

/** Of a file, the first line; the rest of the file is nobody's business. */
const SecretFile = z.strictObject({ file: AbsolutePath });
export type SecretFile = Readonly<z.infer<typeof SecretFile>>;

export const authProtocols = ['sha', 'sha224', 'sha256', 'sha384', 'sha512', 'md5'] as const;
/** `aes256b` is Blumenthal's, `aes256r` Reeder's, which Cisco has. */
export const privacyProtocols = ['aes', 'aes256b', 'aes256r', 'des'] as const;

const defaultTimeoutMs = 10_000;

export const Switch = z.strictObject({
  driver: z.enum(powerDrivers),
  /** snmp: where it answers. */
  host: z
    .string()
    .regex(/^[a-zA-Z0-9](?:[a-zA-Z0-9.-]{0,252}[a-zA-Z0-9])?$/, 'an IPv4 address or a host name')
    .optional(),
  /** snmp: UDP. */
  port: z.int().min(1).max(65_535).default(161),
  /** SNMPv2c: a community that may write. */
  community: SecretFile.optional(),
  /** SNMPv3, in place of a community. */
  user: z
    .string()
    .regex(/^[\x21-\x7e]{1,32}$/, 'a user name of 1 to 32 characters')
    .optional(),
  auth: z.strictObject({ protocol: z.enum(authProtocols).default('sha'), file: AbsolutePath }).optional(),
  privacy: z.strictObject({ protocol: z.enum(privacyProtocols).default('aes'), file: AbsolutePath }).optional(),
  /** pethPsePortGroupIndex: which box of a stack. */
  group: z.int().min(1).default(1),
  /** snmp: whose numbers its power ports have, where its tables leave that open. */
  portNumbers: z.enum(portNumbers).optional(),
  /** What it can give in all, where it does not say so itself. */
  budgetWatts: z.number().min(1).max(100_000).optional(),
  /** Ports that are never switched off. */
  uplinks: z.array(z.int().min(1)).default([]),
  /** Ports whose further addresses belong to the board itself: containers, virtual machines, a bridge in the board. */
  trusted: z.array(z.int().min(1)).default([]),
  /** command: a program, called with its own arguments, then `on`, `off` or `status`, the node and the port. */
  command: z.array(z.string().min(1)).min(1).optional(),
  /** For one answer of the switch or one run of the command. */
  timeout: parsedText(parseDurationMs).default(defaultTimeoutMs),
});
export type Switch = Readonly<z.infer<typeof Switch>>;

const defaultOffMs = 5000;
const defaultAtOnce = 32;

export const PowerPolicy = z.strictObject({
  /** How long a port stays off in a cycle: at least 5 s, so that capacitors of a board are empty. */
  off: parsedText(parseDurationMs).default(defaultOffMs),
  /** Boards that get power while others still load. */
  atOnce: z.int().min(1).max(1000).default(defaultAtOnce),
  /** What "node reboot" does with a node that ssh does not reach. */
  reboot: z.enum(['cycle', 'ssh']).default('cycle'),
  /** What a switch must have left for a board. */
  watts: z.partialRecord(BoardName, z.number().min(1).max(100)).default({}),
  /** Roles in the order in which they are shut down; those that are not named come first, the Slurm controller last. */
  order: z.array(ResourceName).optional(),
});
export type PowerPolicy = Readonly<z.infer<typeof PowerPolicy>>;

/** Written down before a port is switched off, and cleared when it is known to be on: what a service that was killed must finish. */
export const PowerEntry = z.strictObject({
  ...PowerPort.shape,
  node: NodeName,
  action: z.enum(['on', 'cycle']),
  askedMs: z.number(),
  by: z.string(),
});
export type PowerEntry = Readonly<z.infer<typeof PowerEntry>>;

/** `sw1/7` -> what is still to be done there. */
export const PowerJournal = z.record(z.string(), PowerEntry);
export type PowerJournal = Readonly<z.infer<typeof PowerJournal>>;

export const portKey = ({ switch: name, port }: PowerPort) => `${name}/${port}`;

/** RFC 3621: what a port does with its power. */
export const detections = ['disabled', 'searching', 'delivering', 'fault', 'test', 'other-fault'] as const;
type Detection = (typeof detections)[number];

/** What a switch says of one port. */
export interface PortPower {
  readonly power: 'on' | 'off';
  /** undefined: it does not say. */
  readonly detection?: Detection | undefined;
}

/** Of one switch, in watts. */
export interface PowerBudget {
  readonly watts: number;
  readonly usedWatts: number;
}
