/** Who changed what: a table of its own, so that boots, which are told by the thousand, push nothing out of it. */
import type { Kysely, Selectable } from 'kysely';

import type { AuditEntry, AuditLog } from '../../model/audit.ts';
import type { AuditTable, Tables } from './tables.ts';

/** How many entries are kept. */
const keptEntries = 100_000;

export interface AuditLogOptions {
  readonly queries: Kysely<Tables>;
  readonly now: () => number;
  /** What a failed write is told as. */
  readonly explain: (error: unknown) => unknown;
}

export function storedAuditLog({ queries, now, explain }: AuditLogOptions): AuditLog {
  return {
    append: async ({ by, ...rest }) => {
      try {
        const row = { at_ms: now(), by_name: by, document: JSON.stringify(rest) };
        const { id } = await queries.insertInto('audit').values(row).returning('id').executeTakeFirstOrThrow();
        if (id <= keptEntries) return;
        await queries
          .deleteFrom('audit')
          .where('id', '<=', id - keptEntries)
          .execute();
      } catch (error) {
        throw explain(error);
      }
    },
    list: async ({ limit, before, by }) => {
      let wanted = queries.selectFrom('audit').selectAll();
      if (before !== undefined) wanted = wanted.where('id', '<', before);
      if (by !== undefined) wanted = wanted.where('by_name', '=', by);
      return (await wanted.orderBy('id', 'desc').limit(limit).execute()).map(toEntry);
    },
  };
}

function toEntry({ id, at_ms: atMs, by_name: by, document }: Selectable<AuditTable>): AuditEntry {
  // Written by `append` alone.
  const rest = JSON.parse(document) as Omit<AuditEntry, 'id' | 'atMs' | 'by'>;
  return { id, atMs, by, ...rest };
}
