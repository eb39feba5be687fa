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

  /** @param items what was read from the rows, by key */
  constructor(table: RowTable, rows: readonly Row[], items: ReadonlyMap<string, unknown>) {
    this.#table = table;
    for (const row of rows) this.#kept.set(row.key, { item: items.get(row.key), row, pass: 0 });
  }

  changes(entries: Iterable<readonly [key: string, item: unknown]>): RowChanges {
    const pass = ++this.#pass;
    const put = new Map<string, PutRow>();
    let position = 0;
    let met = 0;
    for (const [key, item] of entries) {
      const kept = this.#kept.get(key);
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

  /** The changes are on the disk. */
  accept({ put, remove }: RowChanges): void {
    for (const key of remove) this.#kept.delete(key);
    for (const { row, item } of put) this.#kept.set(row.key, { item, row, pass: 0 });
  }

  #notMet(pass: number): string[] {
    return [...this.#kept].flatMap(([key, kept]) => (kept.pass === pass ? [] : [key]));
  }
}

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
