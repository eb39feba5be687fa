/** A list of things against the rows of its table: which have changed? */
import type { Row, RowTable } from './tables.ts';

export interface RowChanges {
  readonly table: RowTable;
  readonly put: readonly PutRow[];
  readonly remove: readonly string[];
}

interface PutRow {
  readonly row: Row;
  readonly item: unknown;
}

interface Kept {
  item: unknown;
  row: Row;
  /** The comparison that met it last. */
  pass: number;
}

/**
 * What the table holds. Compared by reference first, and with what comes next in the table before anything is looked up,
 * so that ten thousand things of which thirty are new cost next to nothing.
 */
export class RowSet {
  readonly #table: RowTable;
  readonly #kept = new Map<string, Kept>();
  /** By position. */
  #order: Kept[] = [];
  #pass = 0;

  /** @param items what was read from the rows, by key */
  constructor(table: RowTable, rows: readonly Row[], items: ReadonlyMap<string, unknown>) {
    this.#table = table;
    for (const row of rows) this.#kept.set(row.key, { item: items.get(row.key), row, pass: 0 });
    this.#order = [...this.#kept.values()].toSorted(byPosition);
  }

  changes(entries: Iterable<readonly [key: string, item: unknown]>): RowChanges {
    const pass = ++this.#pass;
    const put = new Map<string, PutRow>();
    let position = 0;
    let met = 0;
    let next = 0;
    for (const [key, item] of entries) {
      const kept = this.#find(key, item, next);
      next = kept === undefined ? next : this.#placeBehind(kept, next);
      if (kept?.pass === pass || put.has(key)) throw new Error(`${this.#table}: two rows with the key ${key}`);
      if (kept !== undefined) {
        kept.pass = pass;
        met += 1;
      }
      // A row keeps its place as long as it comes after the one before: an append or a removal moves no other.
      position = Math.max(position + 1, kept?.row.position ?? 0);
      const row = changedRow(kept, { key, position, item });
      if (row !== undefined) put.set(key, { row, item });
    }
    return { table: this.#table, put: [...put.values()], remove: met === this.#kept.size ? [] : this.#notMet(pass) };
  }

  #find(key: string, item: unknown, place: number): Kept | undefined {
    const expected = this.#order[place];
    return expected?.item === item && expected?.row.key === key ? expected : this.#kept.get(key);
  }

  /** The changes are on the disk. */
  accept({ put, remove }: RowChanges): void {
    const left = new Set<Kept>();
    const fresh: Kept[] = [];
    for (const key of remove) this.#take(key, left);
    for (const { row, item } of put) {
      const kept = this.#kept.get(row.key);
      if (kept?.row.position === row.position) {
        kept.item = item;
        kept.row = row;
      } else {
        this.#take(row.key, left);
        fresh.push({ item, row, pass: 0 });
      }
    }
    for (const kept of fresh) this.#kept.set(kept.row.key, kept);
    this.#reorder(left, fresh);
  }

  #take(key: string, left: Set<Kept>): void {
    const kept = this.#kept.get(key);
    if (kept === undefined) return;
    left.add(kept);
    this.#kept.delete(key);
  }

  #reorder(left: ReadonlySet<Kept>, fresh: readonly Kept[]): void {
    if (left.size > 0) this.#order = this.#order.filter((kept) => !left.has(kept));
    const [first] = fresh;
    if (first === undefined) return;
    const last = this.#order.at(-1);
    for (const kept of fresh) this.#order.push(kept);
    if (last !== undefined && first.row.position < last.row.position) this.#order.sort(byPosition);
  }

  /** What was removed, or stands elsewhere now, is stepped over. */
  #placeBehind(kept: Kept, from: number): number {
    let place = from;
    while (place < this.#order.length && this.#order[place] !== kept) place += 1;
    return place + 1;
  }

  #notMet(pass: number): string[] {
    return [...this.#kept].flatMap(([key, kept]) => (kept.pass === pass ? [] : [key]));
  }
}

const byPosition = (a: Kept, b: Kept) => a.row.position - b.row.position;

function changedRow(kept: Kept | undefined, now: { key: string; position: number; item: unknown }): Row | undefined {
  const { key, position, item } = now;
  const document = kept !== undefined && kept.item === item ? kept.row.document : JSON.stringify(item);
  if (kept === undefined || kept.row.document !== document || kept.row.position !== position) {
    return { key, position, document };
  }
  // Equal, but another object: the next comparison is by reference again.
  kept.item = item;
  return undefined;
}
