/** How boots went since the service started, and how long their phases took: counted from the events as they reach the disk. */
import type { Boot } from '../model/boot.ts';
import type { Event } from '../model/event.ts';
import type { NodeSpec } from '../model/node.ts';
import { Histogram, type HistogramSample, type Sample } from '../plan/metrics-text.ts';

export interface BootCountsDeps {
  readonly boots: () => readonly Boot[];
  readonly nodes: () => readonly NodeSpec[];
}

/** Seconds. A Pi loads its kernel in 3 to 30, and is ready within a minute or two. */
const bounds = [0.5, 1, 2, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600];

const results: ReadonlySet<string> = new Set<NonNullable<Boot['closed']>['reason']>([
  'ready',
  'failed',
  'silent',
  'restarted',
  'handed-over',
]);

export class BootCounts {
  readonly #deps: BootCountsDeps;
  /** By board; by board and result; by board and phase; by board. */
  readonly #begun = new Map<string, number>();
  readonly #ended = new Map<string, number>();
  readonly #phases = new Map<string, Histogram>();
  readonly #ready = new Map<string, Histogram>();

  constructor(deps: BootCountsDeps) {
    this.#deps = deps;
  }

  hear({ kind, node, fields }: Event): void {
    if (node === undefined || !kind.startsWith('boot.')) return;
    const what = kind.slice('boot.'.length);
    if (what === 'begun') return countUp(this.#begun, this.#boardOf(node));
    if (results.has(what)) countUp(this.#ended, `${this.#boardOf(node)} ${what}`);
    const phase = what === 'phase' ? fields['phase'] : what;
    if (what === 'phase' || what === 'ready') this.#observe(node, String(fields['boot']), String(phase));
  }

  begun(): Sample[] {
    return this.#boards().map((board) => ({ labels: { board }, value: this.#begun.get(board) ?? 0 }));
  }

  /** Of boards that there are, also what has not happened yet: else the first one could not be seen as a change. */
  ended(): Sample[] {
    return this.#boards().flatMap((board) =>
      [...results].map((result) => ({ labels: { board, result }, value: this.#ended.get(`${board} ${result}`) ?? 0 })),
    );
  }

  phases(): HistogramSample[] {
    return [...this.#phases].map(([key, histogram]) => {
      const [board = '', phase = ''] = key.split(' ');
      return { labels: { board, phase }, histogram };
    });
  }

  ready(): HistogramSample[] {
    return [...this.#ready].map(([board, histogram]) => ({ labels: { board }, histogram }));
  }

  /** A phase has lasted until the next one began. */
  #observe(node: string, id: string, phase: string): void {
    const boot = this.#deps.boots().findLast((each) => each.id === id);
    const index = boot?.phases.findIndex((each) => each.phase === phase) ?? -1;
    const [began, before] = [boot?.phases[index], boot?.phases[index - 1]];
    if (boot === undefined || began === undefined) return;
    const board = this.#boardOf(node);
    // Clocks of boards are not ours: a kernel may say that it started before its last file was asked for.
    const seconds = (fromMs: number) => Math.max(0, began.atMs - fromMs) / 1000;
    if (before !== undefined) of(this.#phases, `${board} ${before.phase}`).observe(seconds(before.atMs));
    if (phase === 'ready') of(this.#ready, board).observe(seconds(boot.startedAtMs));
  }

  #boardOf(name: string): string {
    return this.#deps.nodes().find((node) => node.name === name)?.board ?? 'unknown';
  }

  #boards(): string[] {
    const ended = [...this.#ended.keys()].map((key) => key.split(' ')[0] ?? '');
    const all = new Set([...this.#deps.nodes().map(({ board }) => board), ...this.#begun.keys(), ...ended]);
    return [...all].toSorted();
  }
}

function countUp(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function of(histograms: Map<string, Histogram>, key: string): Histogram {
  const known = histograms.get(key) ?? new Histogram(bounds);
  histograms.set(key, known);
  return known;
}
