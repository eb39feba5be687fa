/** Figures of image builds beside what was promised. */

export interface BuildFigure {
  readonly what: string;
  readonly value: number;
  readonly unit: 'x' | 's' | 'MB' | '';
  /** Undefined: for information. */
  readonly atMost?: number;
}

export function isReached({ value, atMost }: BuildFigure): boolean {
  return atMost === undefined || value <= atMost;
}

export function renderFigure(figure: BuildFigure): string {
  const { what, value, unit, atMost } = figure;
  const show = (number: number) =>
    `${number.toFixed(digitsOf(number))}${unit === '' || unit === 'x' ? unit : ` ${unit}`}`;
  const wanted = atMost === undefined ? '' : `<= ${show(atMost)}`;
  const reached = atMost === undefined ? '' : isReached(figure) ? 'yes' : '**no**';
  return `| ${what} | ${show(value)} | ${wanted} | ${reached} |`;
}

function digitsOf(value: number): number {
  if (Number.isInteger(value)) return 0;
  return value < 10 ? 2 : 0;
}
