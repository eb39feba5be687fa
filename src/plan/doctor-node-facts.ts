/** What a rule about a node can look at. */
import type { EepromRecord } from '../model/eeprom.ts';
import type { GenerationPin } from '../model/generation-pin.ts';
import type { NodeSpec } from '../model/node.ts';
import type { NodeStatus, PublicBoot } from '../model/node-status.ts';
import type { UnknownBoard } from '../model/state.ts';
import type { PartProblems } from './diagnose.ts';
import type { IdentityConflict } from './identify.ts';

export interface NodeDoctorFacts {
  readonly node: NodeSpec;
  readonly status: NodeStatus;
  /** Its boots, oldest first. */
  readonly boots: readonly PublicBoot[];
  /** What it is held at. */
  readonly pin?: GenerationPin | undefined;
  /** Of a board that has one. */
  readonly eeprom?: EepromRecord;
  /** The largest file that its loader gets; undefined: that is not known. */
  readonly largestFile?: { readonly name: string; readonly sizeBytes: number } | undefined;
  readonly around: Neighbourhood;
  readonly nowMs: number;
}

/** The same for all nodes. */
export interface Neighbourhood {
  readonly problems: PartProblems;
  /** Since when DHCP is served without a break; undefined: it is not. */
  readonly listeningSinceMs: number | undefined;
  /** Boards that are no nodes. */
  readonly unknownBoards: readonly UnknownBoard[];
  /** Boards that DHCP does not answer, because their MAC and serial contradict nodes.yaml. */
  readonly conflicts: readonly IdentityConflict[];
  /** When each node was heard of last, in a boot or by a heartbeat. */
  readonly heard: readonly { readonly name: string; readonly atMs: number }[];
}

export interface NodeRule {
  readonly id: string;
  /** What it says, for the guide: `…` stands for what differs. */
  readonly says: readonly [string, ...string[]];
  readonly when: (facts: NodeDoctorFacts) => boolean;
  readonly cause: (facts: NodeDoctorFacts) => string;
  /** @param facts left out for the guide */
  readonly hint: (name: string, facts?: NodeDoctorFacts) => string;
}
