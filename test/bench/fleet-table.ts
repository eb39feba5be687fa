/** What was measured in each round beside what is wanted, as a table. */
import { median } from './figures.ts';

export interface FleetFigure {
  readonly what: string;
  /** Of each round. */
  readonly rounds: readonly number[];
  readonly unit: 'ms' | 'x' | 'events';
  readonly wanted: { readonly atMost: number } | { readonly atLeast: number };
  /** `worst`: what must not happen once, no median may hide. The median unless given. */
  readonly judged?: 'worst';
}

export const tableHead = '| work | judged | rounds | wanted | reached |\n|---|---|---|---|---|';

export function isReached(figure: FleetFigure): boolean {
  const value = judgedValue(figure);
  return 'atMost' in figure.wanted ? value <= figure.wanted.atMost : value >= figure.wanted.atLeast;
}

export function renderFigure(figure: FleetFigure): string {
  const { what, rounds, unit, wanted } = figure;
  const text = (value: number) =>
    `${unit === 'x' ? value.toFixed(2) : Math.round(value)}${unit === 'x' ? 'x' : ` ${unit}`}`;
  const limit = 'atMost' in wanted ? `<= ${text(wanted.atMost)}` : `>= ${text(wanted.atLeast)}`;
  const range = `${text(Math.min(...rounds))} to ${text(Math.max(...rounds))}`;
  return `| ${what} | ${text(judgedValue(figure))} | ${range} | ${limit} | ${isReached(figure) ? 'yes' : '**no**'} |`;
}

function judgedValue({ rounds, wanted, judged }: FleetFigure): number {
  if (judged !== 'worst') return median(rounds);
  return 'atMost' in wanted ? Math.max(...rounds) : Math.min(...rounds);
}
