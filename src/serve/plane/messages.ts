/** What the service and the thread of its boot plane (DHCP and TFTP) tell each other. Plain values: they cross by structured clone. */
import type { Cluster } from '../../model/cluster.ts';
import type { Ipv4Address } from '../../model/ipv4.ts';
import type { LogFields } from '../../model/log.ts';
import type { MacAddress } from '../../model/mac.ts';
import type { NodeSpec } from '../../model/node.ts';
import type { UnknownBoard } from '../../model/state.ts';
import type { BootBytes } from '../../plan/boot-bytes.ts';
import type { DhcpSign } from '../../plan/dhcp-signs.ts';
import type { BoardIds } from '../../plan/identify.ts';
import type { SeenBoard } from '../../plan/state-changes.ts';
import type { UnfinishedFile } from '../../plan/unfinished-files.ts';
import type { BootFileContent } from '../boot-files.ts';
import type { DhcpCounters } from '../dhcp-counters.ts';
import type { TftpCounters } from '../tftp-counters.ts';
import type { Failure } from './failure.ts';

export type PlanePart = 'dhcp' | 'tftp';

/** What DHCP and TFTP decide from; whole each time. */
export interface PlaneSite {
  readonly network: Cluster['network'];
  readonly ports: Cluster['ports'];
  readonly nodes: readonly NodeSpec[];
  readonly bootBytes: BootBytes;
}

export type ToThread =
  | { readonly kind: 'site'; readonly site: PlaneSite }
  /** Unknown boards that were added or are another by now, and those that are none any more. */
  | { readonly kind: 'boards'; readonly seen: readonly UnknownBoard[]; readonly gone: readonly MacAddress[] }
  | { readonly kind: 'found'; readonly id: number; readonly found: BootFileContent | Failure }
  | { readonly kind: 'recorded'; readonly id: number; readonly failure: Failure | undefined }
  | { readonly kind: 'start'; readonly part: PlanePart }
  | { readonly kind: 'stop'; readonly part: PlanePart };

/** Must be on the disk before the board is answered. */
export type PlaneRecord =
  | { readonly kind: 'board'; readonly board: SeenBoard; readonly isNew: boolean }
  | { readonly kind: 'mac'; readonly node: string; readonly mac: MacAddress };

/** What was seen, and is answered already. */
export type PlaneSign =
  /** The firmware of a node has begun a boot, or goes on with it. */
  | { readonly kind: 'discover'; readonly node: string; readonly mac: MacAddress }
  | { readonly kind: 'seen'; readonly node: string; readonly mac: MacAddress; readonly sign: DhcpSign }
  | { readonly kind: 'board'; readonly board: SeenBoard }
  /** MAC and serial contradict nodes.yaml: it is not answered. */
  | { readonly kind: 'conflict'; readonly board: BoardIds };

/** A file that a board has, all of it; or, with `unfinished`, began to load. */
export interface ServedFile {
  readonly address: Ipv4Address;
  readonly bytes: number;
  /** As it was asked for. */
  readonly file?: string;
  readonly unfinished?: UnfinishedFile;
}

/** Since the thread started; whole each time. */
export interface PlaneCounters {
  readonly dhcp: DhcpCounters;
  readonly tftp: TftpCounters;
}

interface LogLine {
  readonly level: 'info' | 'warn';
  readonly event: string;
  readonly fields: LogFields | undefined;
}

export type FromThread =
  | { readonly kind: 'find'; readonly id: number; readonly path: string; readonly address: Ipv4Address }
  | { readonly kind: 'record'; readonly id: number; readonly record: PlaneRecord }
  | { readonly kind: 'sign'; readonly sign: PlaneSign }
  | { readonly kind: 'served'; readonly files: readonly ServedFile[] }
  | ({ readonly kind: 'log' } & LogLine)
  | { readonly kind: 'problems'; readonly part: PlanePart; readonly problems: readonly string[] }
  /** In a few words, what is worth knowing of a part that does its work. */
  | { readonly kind: 'about'; readonly part: PlanePart; readonly about: string }
  | { readonly kind: 'counted'; readonly counters: PlaneCounters }
  | { readonly kind: 'ready'; readonly part: PlanePart }
  /** undefined: it was told to stop. */
  | { readonly kind: 'ended'; readonly part: PlanePart; readonly failure: Failure | undefined }
  /** The whole service must end: going on would do harm. */
  | { readonly kind: 'give-up'; readonly failure: Failure };
