/** The tables of state.db as queries see them. `migrate.ts` makes them. */
import type { Generated } from 'kysely';

/** Each belongs to one field of one value: `stored-parts.ts` says which. */
export const rowTables = [
  'nodes',
  'learned_macs',
  'unknown_boards',
  'export_ids',
  'counters',
  'eeproms',
  'image_choices',
  'image_pins',
  'operations',
  'operation_nodes',
  'quarantine',
  'operation_holds',
  'power_journal',
  'munge_rotations',
  'image_builds',
  'rollouts',
  'generation_pins',
  'watched_since',
  'boots',
  'tokens',
] as const;
export type RowTable = (typeof rowTables)[number];

/** One node, boot, board …: the schema of its document is the one in model/. */
export interface Row {
  readonly key: string;
  /** Rows are read in this order; there may be gaps. */
  readonly position: number;
  /** JSON. */
  readonly document: string;
}

export interface EventTable {
  id: Generated<number>;
  at_ms: number;
  kind: string;
  node: string | null;
  /** JSON object. */
  fields: string;
}

export interface AnswerTable {
  id: Generated<number>;
  /** Digest of who asked and of the Idempotency-Key. */
  key: string;
  /** Digest of what was asked for. */
  request: string;
  at_ms: number;
  /** JSON; null as long as there is none. */
  answer: string | null;
}

export interface AuditTable {
  id: Generated<number>;
  at_ms: number;
  by_name: string;
  /** JSON object. */
  document: string;
}

export type Tables = Record<RowTable, Row> & { events: EventTable; answers: AnswerTable; audit: AuditTable };
