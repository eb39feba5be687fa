/** Metrics as Prometheus reads them: its text format, version 0.0.4. What is measured stands in metrics.ts. */

export type MetricFamily =
  | {
      readonly kind: 'counter' | 'gauge';
      readonly name: string;
      readonly help: string;
      readonly samples: readonly Sample[];
    }
  | {
      readonly kind: 'histogram';
      readonly name: string;
      readonly help: string;
      readonly samples: readonly HistogramSample[];
    };

type Labels = Readonly<Record<string, string>>;

export interface Sample {
  readonly labels?: Labels;
  readonly value: number;
}

export interface HistogramSample {
  readonly labels: Labels;
  readonly histogram: Histogram;
}

/** How many values were at most as large as each bound. */
export class Histogram {
  readonly bounds: readonly number[];
  /** Of each bound alone; the last counts what is larger than all. */
  readonly #counts: number[];
  #sum = 0;

  /** @param bounds each larger than the one before */
  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.#counts = Array.from({ length: bounds.length + 1 }, () => 0);
  }

  observe(value: number): void {
    const found = this.bounds.findIndex((bound) => value <= bound);
    const index = found === -1 ? this.bounds.length : found;
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.#sum += value;
  }

  /** Up to each bound, without bound, and the sum of all values. */
  read(): { readonly upTo: readonly number[]; readonly count: number; readonly sum: number } {
    let count = 0;
    const all = this.#counts.map((own) => (count += own));
    return { upTo: all.slice(0, -1), count, sum: this.#sum };
  }
}

export const metricsMediaType = 'text/plain; version=0.0.4; charset=utf-8';

/** A family without samples is left out: promtool takes a HELP alone for a mistake. */
export function renderMetrics(families: readonly MetricFamily[]): string {
  return families
    .filter(({ samples }) => samples.length > 0)
    .map((family) => {
      const { name, help, kind } = family;
      const lines =
        kind === 'histogram' ? family.samples.flatMap((each) => histogramLines(name, each)) : plainLines(family);
      return [`# HELP ${name} ${escapeHelp(help)}`, `# TYPE ${name} ${kind}`, ...lines]
        .map((line) => `${line}\n`)
        .join('');
    })
    .join('');
}

function plainLines({ name, samples }: { readonly name: string; readonly samples: readonly Sample[] }): string[] {
  return samples.map(({ labels = {}, value }) => `${name}${renderLabels(labels)} ${value}`);
}

function histogramLines(name: string, { labels, histogram }: HistogramSample): string[] {
  const { upTo, count, sum } = histogram.read();
  const bucket = (le: string, value: number) => `${name}_bucket${renderLabels({ ...labels, le })} ${value}`;
  return [
    ...histogram.bounds.map((bound, index) => bucket(String(bound), upTo[index] ?? 0)),
    bucket('+Inf', count),
    `${name}_sum${renderLabels(labels)} ${sum}`,
    `${name}_count${renderLabels(labels)} ${count}`,
  ];
}

function renderLabels(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

const escapeHelp = (text: string) => text.replaceAll('\\', String.raw`\\`).replaceAll('\n', String.raw`\n`);

const escapeLabel = (text: string) => escapeHelp(text).replaceAll('"', String.raw`\"`);
