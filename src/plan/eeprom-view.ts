/** How is a node's EEPROM shown? */
import type { BoardName } from '../model/board.ts';
import type { EepromDesired, EepromRecord, EepromReport, eepromStates } from '../model/eeprom.ts';
import type { NodeSpec } from '../model/node.ts';
import { parseBootConf, settingOf } from '../wire/boot-conf.ts';
import { isoDate } from './eeprom-rollout.ts';
import { chipOfBoard } from './eeprom-staging.ts';

export interface EepromView {
  readonly node: string;
  readonly board: BoardName;
  readonly state: 'none' | 'unknown' | 'current' | (typeof eepromStates)[number];
  readonly date: string | undefined;
  readonly bootOrder: string | undefined;
  readonly report: EepromReport | undefined;
  readonly desired: EepromDesired | undefined;
}

export function viewEeprom({ name, board }: NodeSpec, { report, desired }: EepromRecord): EepromView {
  const settings = parseBootConf(report?.config ?? '');
  return {
    node: name,
    board,
    state: desired?.state ?? stateWithout(board, report),
    date: report && isoDate(report.builtAtSeconds),
    bootOrder: settingOf(settings, 'BOOT_ORDER'),
    report,
    desired,
  };
}

function stateWithout(board: BoardName, report: EepromReport | undefined): EepromView['state'] {
  if (chipOfBoard[board] === undefined) return 'none';
  return report === undefined ? 'unknown' : 'current';
}
