/** Writes down what DHCP has seen: a MAC and an unknown board before their answer leaves, the begin of a boot behind it. */
import { setImmediate as immediate } from 'node:timers/promises';

import type { StateFile } from '../host/state-file.ts';
import { describeError } from '../model/describe-error.ts';
import { RefusedError, unreachable } from '../model/errors.ts';
import type { Log } from '../model/log.ts';
import type { MacAddress } from '../model/mac.ts';
import type { NodeSpec } from '../model/node.ts';
import type { IdentityConflicts } from '../plan/identity-conflicts.ts';
import { learnMac, seeBoards, type SeenBoard } from '../plan/state-changes.ts';
import type { Boots } from './boots.ts';
import type { Claims } from './claims.ts';
import type { Health } from './health.ts';
import type { PlaneRecord, PlaneSign } from './plane/messages.ts';
import type { Site } from './site.ts';

export interface DhcpRecordDeps {
  readonly site: Pick<Site, 'view'>;
  readonly state: Pick<StateFile, 'update' | 'amend'>;
  readonly boots: Pick<Boots, 'arrive' | 'sign'>;
  /** Where another server gives the addresses. */
  readonly claims?: Pick<Claims, 'discovered' | 'requested'>;
  readonly conflicts?: Pick<IdentityConflicts, 'noted'>;
  readonly health: Pick<Health, 'report'>;
  readonly now: () => number;
  readonly log: Log;
}

export interface DhcpRecorder {
  /** Resolves when the disk has it; those of one turn of the event loop share a write. */
  readonly record: (record: PlaneRecord) => Promise<void>;
  readonly sign: (sign: PlaneSign) => void;
}

export function dhcpRecorder(deps: DhcpRecordDeps): DhcpRecorder {
  const write = teller(deps);
  const boards = boardRecorder(deps);
  const boardsSeen = boardNoter(deps);
  return {
    record: async (record) => {
      switch (record.kind) {
        case 'board':
          requireStranger(record.board, deps.site.view().nodes);
          await write(() => boards(record.board));
          if (record.isNew) deps.log.info('board.unknown', { ...record.board });
          return;
        case 'mac':
          requireUnlearned(record, deps.site.view().nodes);
          await write(() => deps.state.update((current) => learnMac(current, record.node, record.mac)));
          return deps.log.info('node.mac-learned', { node: record.node, mac: record.mac });
        default:
          return unreachable(record);
      }
    },
    sign: (sign) => {
      if (sign.kind === 'board') return boardsSeen(sign.board);
      if (sign.kind === 'conflict') return deps.conflicts?.noted(sign.board, deps.now());
      if (sign.kind === 'seen') {
        const { address } = sign.sign;
        if (address !== undefined) deps.claims?.requested(sign.node, address);
        return deps.boots.sign(sign.node, sign.mac, sign.sign);
      }
      deps.claims?.discovered(sign.node);
      // Said already, in the log and in the service's health.
      write(() => beginBoot(deps, sign)).catch(() => undefined);
    },
  };
}

/** Two threads: while the question was on its way, the board may have become a node, and its address another's. */
function requireStranger({ mac, address }: SeenBoard, nodes: readonly NodeSpec[]): void {
  const node = nodes.find((each) => each.mac === mac || each.address === address);
  if (node === undefined) return;
  throw new RefusedError(`${node.name} has ${node.mac === mac ? `the MAC ${mac}` : `the address ${address}`} now`);
}

function requireUnlearned({ node: name, mac }: { node: string; mac: MacAddress }, nodes: readonly NodeSpec[]): void {
  const node = nodes.find((each) => each.name === name);
  if (node === undefined) throw new RefusedError(`there is no node ${name} any more`);
  const other = nodes.find((each) => each.mac === mac && each !== node);
  if (other !== undefined) throw new RefusedError(`${other.name} has the MAC ${mac} now`);
}

/** A write costs about as much for one board as for thirty: those that came while the disk was busy share the next one. */
function boardRecorder({ state, now }: DhcpRecordDeps): (board: SeenBoard) => Promise<void> {
  let boards: SeenBoard[] = [];
  let written: Promise<void> | undefined;
  return (board) => {
    boards.push(board);
    written ??= immediate().then(() => {
      const together = boards;
      boards = [];
      written = undefined;
      return state.update((current) => seeBoards(current, together, now()));
    });
    return written;
  };
}

const noteMs = 500;

/** Boards that are known and were heard again: of a storm of them one note in a while is enough. */
function boardNoter({ state, now }: DhcpRecordDeps): (board: SeenBoard) => void {
  const seen = new Map<MacAddress, SeenBoard>();
  const note = (): void => {
    const boards = [...seen.values()];
    seen.clear();
    state.amend((current) => {
      const known = new Map(current.unknownBoards.map(({ mac, address }) => [mac, address]));
      // One that became a node meanwhile, or lost its address, is not brought back.
      return seeBoards(
        current,
        boards.filter(({ mac, address }) => known.get(mac) === address),
        now(),
      );
    });
  };
  return (board) => {
    if (seen.size === 0) setTimeout(note, noteMs).unref();
    seen.set(board.mac, board);
  };
}

async function beginBoot(
  { site, boots, log }: DhcpRecordDeps,
  { node: name, mac }: Extract<PlaneSign, { kind: 'discover' }>,
): Promise<void> {
  // As it is with the MAC that was just learned: its command line names it.
  const node = site.view().nodes.find((each) => each.name === name);
  if (node === undefined) return;
  const arrival = await boots.arrive(node, mac, 'discover');
  // It has its address all the same: TFTP tells the board why it gets nothing else.
  if (arrival.kind === 'refused') log.warn('boot.refused', { node: name, reason: arrival.reason });
}

/** What the disk does not take is told until it takes something again. */
function teller({ health, log }: DhcpRecordDeps): (write: () => Promise<void>) => Promise<void> {
  return async (write) => {
    try {
      await write();
      health.report('state', []);
    } catch (error) {
      if (error instanceof RefusedError) throw error;
      const reason = describeError(error);
      health.report('state', [`what DHCP has seen cannot be written down: ${reason}`]);
      log.warn('dhcp.unwritten', { reason });
      throw error;
    }
  };
}
