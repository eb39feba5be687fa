/** Is there power left for these boards? Counts what a switch must be able to give, not what boards draw on average. */
import type { BoardName } from '../model/board.ts';
import type { NodeSpec } from '../model/node.ts';
import type { PowerBudget, PowerPolicy } from '../model/power.ts';

/**
 * What a switch sets aside for the class that a board's PoE HAT asks for (IEEE 802.3-2018 table 33-11, at the switch):
 * class 3 is 15.4 W (802.3af), class 4 is 30 W (802.3at), of which 25.5 W reach the board.
 * A Pi 3B+ is sold with a 5.1 V 2.5 A supply and a Pi 4 with 15 W, which class 3 covers; a Pi 5 wants 5 V 5 A, and its HATs
 * are class 4 (docs/hardware.md, "Power over Ethernet"). Of other machines nothing is known.
 */
const classWatts: Readonly<Record<BoardName, number>> = { pi3: 15.4, pi4: 15.4, pi5: 30, uefi: 30 };

export function wattsOf({ board }: Pick<NodeSpec, 'board'>, { watts }: Pick<PowerPolicy, 'watts'>): number {
  return watts[board] ?? classWatts[board];
}

export type BudgetVerdict =
  { readonly kind: 'enough' } | { readonly kind: 'refused'; readonly reason: string; readonly hint: string };

/**
 * @param wanted those of this switch that have no power now
 * @param promised watts of boards that were switched on a moment ago or are about to be: the switch does not count them yet
 */
export function decideBudget(
  switchName: string,
  wanted: readonly { readonly node: string; readonly watts: number }[],
  { budget, promised }: { readonly budget: PowerBudget | undefined; readonly promised: number },
): BudgetVerdict {
  const needed = sum(wanted.map(({ watts }) => watts));
  if (budget === undefined || needed === 0) return { kind: 'enough' };
  const left = budget.watts - budget.usedWatts - promised;
  if (needed <= left) return { kind: 'enough' };
  const fit = countFitting(wanted, left);
  const names = wanted.length === 1 ? `${wanted[0]?.node} needs` : `these ${wanted.length} boards need`;
  return {
    kind: 'refused',
    reason: `${switchName} has ${round(Math.max(0, left))} W of ${round(budget.watts)} W left, and ${names} ${round(needed)} W`,
    hint:
      `${fit === 0 ? 'Switch another board off first.' : `Switch on ${fit} of them.`} ` +
      'What a board is counted with stands under power.watts in cluster.yaml.',
  };
}

function countFitting(wanted: readonly { readonly watts: number }[], left: number): number {
  let rest = left;
  const fitting = wanted.findIndex(({ watts }) => (rest -= watts) < 0);
  return fitting === -1 ? wanted.length : fitting;
}

const sum = (values: readonly number[]) => values.reduce((all, each) => all + each, 0);

const round = (watts: number) => Math.round(watts * 10) / 10;
