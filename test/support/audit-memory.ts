/** An audit log without a database. */
import type { AuditEntry, AuditLog } from '../../src/model/audit.ts';

export function auditInMemory(): AuditLog {
  const entries: AuditEntry[] = [];
  return {
    append: (entry) => {
      entries.unshift({ id: entries.length + 1, atMs: 0, ...entry });
      return Promise.resolve();
    },
    list: ({ limit, before = Infinity, by }) => {
      const wanted = entries.filter((entry) => entry.id < before && (by === undefined || entry.by === by));
      return Promise.resolve(wanted.slice(0, limit));
    },
  };
}
