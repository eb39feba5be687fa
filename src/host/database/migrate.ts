/** Brings state.db to this version's schema, one step after the other, each in a transaction with its number. */
import type Sqlite from 'better-sqlite3';

import { ConfigError } from '../../model/errors.ts';

/** Documents with their schema in model/; the columns beside them are for people who look with sqlite3(1). */
const rowTable = (name: string, columns: Readonly<Record<string, string>> = {}) => `
  CREATE TABLE ${name} (
    key TEXT NOT NULL PRIMARY KEY,
    position INTEGER NOT NULL,
    document TEXT NOT NULL CHECK (json_valid(document))${Object.entries(columns)
      .map(([column, type]) => `,\n    ${column} ${type} AS (document ->> '${column}')`)
      .join('')}
  ) STRICT;`;

/** Never edited once it was released: a change of the schema is a step more. */
export const migrations: readonly string[] = [
  [
    rowTable('nodes', { role: 'TEXT', board: 'TEXT', address: 'TEXT', serial: 'TEXT', mac: 'TEXT' }),
    rowTable('learned_macs'),
    rowTable('unknown_boards', { address: 'TEXT' }),
    rowTable('export_ids'),
    rowTable('counters'),
    rowTable('boots', { node: 'TEXT', address: 'TEXT', generation: 'TEXT', startedAtMs: 'INTEGER' }),
    rowTable('tokens', { name: 'TEXT', scope: 'TEXT' }),
    `CREATE TABLE events (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      at_ms INTEGER NOT NULL,
      kind TEXT NOT NULL,
      node TEXT,
      fields TEXT NOT NULL CHECK (json_valid(fields))
    ) STRICT;`,
  ].join('\n'),
  rowTable('eeproms'),
  [rowTable('image_choices'), rowTable('image_pins')].join('\n'),
  rowTable('power_journal', { node: 'TEXT' }),
  [
    rowTable('operations', { kind: 'TEXT', state: 'TEXT' }),
    rowTable('operation_nodes', { operation: 'TEXT', node: 'TEXT', result: 'TEXT' }),
    rowTable('quarantine', { node: 'TEXT', role: 'TEXT' }),
  ].join('\n'),
  rowTable('munge_rotations', { state: 'TEXT' }),
  [rowTable('rollouts', { state: 'TEXT' }), rowTable('generation_pins', { generation: 'TEXT', role: 'TEXT' })].join(
    '\n',
  ),
  `CREATE TABLE answers (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL UNIQUE,
    request TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    answer TEXT CHECK (json_valid(answer))
  ) STRICT;
  CREATE INDEX answers_by_age ON answers (at_ms);`,
  `CREATE TABLE audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms INTEGER NOT NULL,
    by_name TEXT NOT NULL,
    document TEXT NOT NULL CHECK (json_valid(document))
  ) STRICT;
  CREATE INDEX audit_by_name ON audit (by_name, id);`,
  rowTable('image_builds', { image: 'TEXT', state: 'TEXT' }),
  rowTable('operation_holds'),
  rowTable('watched_since'),
];

/** @throws ConfigError when a newer pi-image has written the file */
export function migrate(connection: Sqlite.Database, file: string, steps: readonly string[] = migrations): void {
  const version = schemaVersion(connection);
  if (version > steps.length) throw newer(file, version, steps.length);
  for (const [index, step] of steps.entries()) {
    if (index < version) continue;
    connection.transaction(() => {
      connection.exec(step);
      connection.pragma(`user_version = ${index + 1}`);
    })();
  }
}

export function isNew(connection: Sqlite.Database): boolean {
  return schemaVersion(connection) === 0;
}

/** For a reader, who changes nothing. */
export function requireKnownSchema(connection: Sqlite.Database, file: string): void {
  const version = schemaVersion(connection);
  if (version > migrations.length) throw newer(file, version, migrations.length);
  if (version < migrations.length) {
    throw new ConfigError(`${file} was written by an older pi-image`, {
      hint: 'Start the service once: "systemctl restart pi-image". It brings the file up to date.',
    });
  }
}

function schemaVersion(connection: Sqlite.Database): number {
  return Number(connection.pragma('user_version', { simple: true }));
}

function newer(file: string, version: number, known: number): ConfigError {
  return new ConfigError(`${file} was written by a newer pi-image (schema ${version}, this one knows ${known})`, {
    hint: 'Install that version again, or restore a backup from before it. Nothing was changed.',
  });
}
