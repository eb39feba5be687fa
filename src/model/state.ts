/** What this machine knows beyond the owner's files. Kept in state.db, one row for each node, board, boot. */
import { z } from 'zod';

import { Boot } from './boot.ts';
import { EepromRecord } from './eeprom.ts';
import { GenerationPin } from './generation-pin.ts';
import { ImageBuild } from './image-build.ts';
import { Ipv4 } from './ipv4.ts';
import { Mac, type MacAddress } from './mac.ts';
import { MungeRotation } from './munge-rotation.ts';
import { ResourceName } from './names.ts';
import { NodeSpec } from './node.ts';
import { Operation, OperationHold, OperationNode, Quarantined } from './operation.ts';
import { PowerJournal } from './power.ts';
import { Rollout } from './rollout.ts';
import { SerialText } from './serial.ts';

/** A board that asked for an address and is no node: it waits here to be named. */
export const UnknownBoard = z.strictObject({
  mac: Mac,
  address: Ipv4,
  serial: SerialText.optional(),
  /** As option 97 says it; undefined when the board does not say. */
  board: z.string().optional(),
  /** Until then its address is promised to it, also over a restart; an answer never promises more than stands here. */
  leaseUntilMs: z.number().optional(),
  firstSeenMs: z.number(),
  lastSeenMs: z.number(),
  /** When it was first heard after minutes of silence: boards are named in this order. */
  poweredOnMs: z.number().optional(),
  /** What its hold boot says of it: the device tree's model, the memory that its kernel has, the port of its switch. */
  model: z.string().max(64).optional(),
  memoryMib: z.int().min(1).optional(),
  switchPort: z.string().max(100).optional(),
});
export type UnknownBoard = Readonly<z.infer<typeof UnknownBoard>>;

/** As people are shown it. */
export const WaitingBoard = UnknownBoard.extend({
  /** There while it waits in its hold boot, and can be told to blink. */
  hold: z.strictObject({ sinceMs: z.number(), heardMs: z.number() }).optional(),
});
export type WaitingBoard = Readonly<z.infer<typeof WaitingBoard>>;

/** Another version than cluster.yaml says: what a rollback leaves. */
export const ImageChoice = z.strictObject({
  image: ResourceName,
  version: z.string(),
  /** What was booted before it. */
  before: z.string().optional(),
  /** Which rollout has chosen it; undefined: a person. */
  rollout: z.string().optional(),
});
export type ImageChoice = Readonly<z.infer<typeof ImageChoice>>;

export const State = z.strictObject({
  nodes: z.array(NodeSpec),
  /** Node name -> MAC seen with that node's serial. */
  learnedMacs: z.record(z.string(), Mac),
  unknownBoards: z.array(UnknownBoard),
  /** Exported path -> id; an id is never given to another path. */
  exportIds: z.record(z.string(), z.int().min(1).max(65_535)),
  nextExportId: z.int().min(1),
  /** Node name -> its boot loader in flash, for boards that have one. */
  eeproms: z.record(z.string(), EepromRecord).default({}),
  /** `role/compute` or `node/node01` -> what it boots. */
  imageChoices: z.record(z.string(), ImageChoice).default({}),
  /** `debian-lite@20261121.1` -> who has said that it must stay. */
  imagePins: z.record(z.string(), z.strictObject({ by: z.string() })).default({}),
  /** By id; the newest ones that have ended, and all that have not. */
  operations: z.record(z.string(), Operation).default({}),
  /** `<operation>/<node>` */
  operationNodes: z.record(z.string(), OperationNode).default({}),
  /** By id of the generation. */
  quarantine: z.record(z.string(), Quarantined).default({}),
  /** `cluster` while the whole cluster is down: no operation gets on. */
  operationHolds: z.record(z.string(), OperationHold).default({}),
  powerJournal: PowerJournal.default({}),
  /** By id, which no operation has; the newest ones that have ended, and the one that has not. */
  mungeRotations: z.record(z.string(), MungeRotation).default({}),
  /** By id, which no operation has; the newest ones that have ended, and the one that has not. */
  imageBuilds: z.record(z.string(), ImageBuild).default({}),
  /** By id; the newest ones that have ended, and all that have not. */
  rollouts: z.record(z.string(), Rollout).default({}),
  /** By node. */
  generationPins: z.record(z.string(), GenerationPin).default({}),
  /** By part of the service that judges what happens: from when on. What lies before is not its matter. */
  watchedSince: z.record(z.string(), z.strictObject({ sinceMs: z.number() })).default({}),
});
export type State = Readonly<z.infer<typeof State>>;

export const emptyState: State = {
  nodes: [],
  learnedMacs: {},
  unknownBoards: [],
  exportIds: {},
  nextExportId: 1,
  eeproms: {},
  imageChoices: {},
  imagePins: {},
  operations: {},
  operationNodes: {},
  quarantine: {},
  operationHolds: {},
  powerJournal: {},
  mungeRotations: {},
  imageBuilds: {},
  rollouts: {},
  generationPins: {},
  watchedSince: {},
};

export const BootLog = z.strictObject({ boots: z.array(Boot) });
export type BootLog = Readonly<z.infer<typeof BootLog>>;

/** A node with the MAC that was learned last is the same object each time: what was planned for it holds. */
const filled = new WeakMap<NodeSpec, NodeSpec>();

/** A MAC that was seen with a node's serial stands in for one that its owner did not write. */
export function nodesWithMacs({ nodes, learnedMacs }: Pick<State, 'nodes' | 'learnedMacs'>): NodeSpec[] {
  return nodes.map((node) => {
    const mac = learnedMacs[node.name];
    return node.mac !== undefined || mac === undefined ? node : withMac(node, mac);
  });
}

function withMac(node: NodeSpec, mac: MacAddress): NodeSpec {
  const known = filled.get(node);
  if (known?.mac === mac) return known;
  const made = { ...node, mac };
  filled.set(node, made);
  return made;
}
