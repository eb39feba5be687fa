/** Writes down who was answered, before the answer leaves: a MAC, an unknown board, the begin of a boot. */
import type { StateFile } from '../host/state-file.ts';
import type { Log } from '../model/log.ts';
import type { DhcpWho } from '../plan/dhcp-reply.ts';
import { isNewBoard, learnMac, seeBoard } from '../plan/state-changes.ts';
import type { Boots } from './boots.ts';
import type { Site } from './site.ts';

export interface DhcpRecordDeps {
  readonly site: Pick<Site, 'view'>;
  readonly state: Pick<StateFile, 'current' | 'update' | 'amend'>;
  readonly boots: Pick<Boots, 'arrive'>;
  readonly now: () => number;
  readonly log: Log;
}

export function dhcpRecorder({ site, state, boots, now, log }: DhcpRecordDeps): (who: DhcpWho) => Promise<void> {
  return async (who) => {
    if (who.kind === 'unknown') {
      const { board } = who;
      if (!isNewBoard(state.current(), board)) return state.amend((current) => seeBoard(current, board, now()));
      await state.update((current) => seeBoard(current, board, now()));
      return log.info('board.unknown', { ...board });
    }
    const { node, mac, learnsMac, isFirmwareDiscover } = who;
    if (learnsMac) {
      await state.update((current) => learnMac(current, node.name, mac));
      log.info('node.mac-learned', { node: node.name, mac });
    }
    if (!isFirmwareDiscover) return;
    // As it is with the MAC that was just learned: its command line names it.
    const current = site.view().nodes.find(({ name }) => name === node.name) ?? node;
    const arrival = await boots.arrive(current, mac, 'discover');
    // It gets its address all the same: TFTP then tells the board why it gets nothing else.
    if (arrival.kind === 'refused') log.warn('boot.refused', { node: node.name, reason: arrival.reason });
  };
}
