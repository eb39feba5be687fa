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
  readonly row: Row;
  /** The comparison that met it last. */
  pass: number;
}

/** What the table holds. Compared by reference first, so that a thousand things of which one has changed cost nothing. */
export class RowSet {
  readonly #table: RowTable;
  readonly #kept = new Map<string, Kept>();
  #pass = 0;

  /** @param items in the order of `rows` */
  constructor(table: RowTable, rows: readonly Row[], items: readonly unknown[]) {
    this.#table = table;
    for (const [index, row] of rows.entries()) this.#kept.set(row.key, { item: items[index], row, pass: 0 });
  }

  changes(entries: Iterable<readonly [key: string, item: unknown]>): RowChanges {
    const pass = ++this.#pass;
    const put = new Map<string, PutRow>();
    let last = 0;
    let met = 0;
    for (const [key, item] of entries) {
      const kept = this.#kept.get(key);
      if (kept?.pass === pass || put.has(key)) throw new Error(`${this.#table}: two rows with the key ${key}`);
      // Keeps its place as long as it comes after the one before: an append or a removal moves no other row.
      const position = kept !== undefined && kept.row.position > last ? kept.row.position : last + 1;
      last = position;
      if (kept !== undefined) {
        kept.pass = pass;
        met += 1;
      }
      const document = kept?.item === item && kept !== undefined ? kept.row.document : JSON.stringify(item);
      if (kept?.row.document === document && kept.row.position === position) kept.item = item;
      else put.set(key, { row: { key, position, document }, item });
    }
    return { table: this.#table, put: [...put.values()], remove: met === this.#kept.size ? [] : this.#notMet(pass) };
  }

  /** The changes are on the disk. */
  accept({ put, remove }: RowChanges): void {
    for (const key of remove) this.#kept.delete(key);
    for (const { row, item } of put) this.#kept.set(row.key, { item, row, pass: 0 });
  }

  #notMet(pass: number): string[] {
    return [...this.#kept].flatMap(([key, kept]) => (kept.pass === pass ? [] : [key]));
  }
}
