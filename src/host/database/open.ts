/** state.db: nodes, boards, export ids, boots, tokens and events. In memory to read, on the disk before an answer leaves. */
import { existsSync } from 'node:fs';
import path from 'node:path';

import { Kysely, SqliteDialect } from 'kysely';

import { TokenList } from '../../model/api-token.ts';
import type { AuditLog } from '../../model/audit.ts';
import type { AnswerMemory } from '../../model/kept-answer.ts';
import { BootLog, State } from '../../model/state.ts';
import { storedAuditLog } from './audit-log.ts';
import { GroupCommits } from './commits.ts';
import { connectToRead, connectToWrite, databaseError, type Connection } from './connection.ts';
import { storedEvents, type Events } from './events.ts';
import { importJson, readJsonState } from './import-json.ts';
import { storedAnswers } from './kept-answers.ts';
import { isNew, migrate, requireKnownSchema } from './migrate.ts';
import { bootParts, stateParts, tokenParts } from './stored-parts.ts';
import { readValue, storedValue, type StoredValue, type ValueKind } from './stored-value.ts';
import type { Tables } from './tables.ts';
import { storedTokens, type Tokens } from './tokens.ts';
import { batchWriter } from './writer.ts';

export interface Database {
  readonly state: StoredValue<State>;
  readonly boots: StoredValue<BootLog>;
  readonly events: Events;
  readonly tokens: Tokens;
  /** To requests that came with a key. */
  readonly answers: AnswerMemory;
  readonly audit: AuditLog;
  /** Writes what is amended. */
  readonly flush: () => Promise<void>;
  readonly close: () => Promise<void>;
}

export const databaseFile = (stateDir: string) => path.join(stateDir, 'state.db');

const kinds = {
  state: { parts: stateParts, schema: State },
  boots: { parts: bootParts, schema: BootLog },
  tokens: { parts: tokenParts, schema: TokenList },
};

/**
 * For whoever holds the lock of the state directory.
 * @throws ConfigError when the file is damaged or of a newer pi-image: it is left as it is
 */
export async function openDatabase(stateDir: string, now: () => number = Date.now): Promise<Database> {
  const file = databaseFile(stateDir);
  const connection = connectToWrite(file);
  try {
    migrate(connection, file);
    const database = await openStored(connection, file, now);
    await importJson(stateDir, database);
    return database;
  } catch (error) {
    connection.close();
    throw databaseError(file, error);
  }
}

/** On a connection whose schema is this version's. */
export async function openStored(connection: Connection, file: string, now: () => number): Promise<Database> {
  const queries = queriesOf(connection);
  const write = batchWriter(queries);
  const explain = (error: unknown) => databaseError(file, error);
  const commits = new GroupCommits({ write, now, explain });
  const state = storedValue(await readValue(queries, kinds.state, file), stateParts, commits);
  const boots = storedValue(await readValue(queries, kinds.boots, file), bootParts, commits);
  const tokens = storedValue(await readValue(queries, kinds.tokens, file), tokenParts, commits);
  const newest = await queries.selectFrom('events').select('id').orderBy('id', 'desc').limit(1).executeTakeFirst();
  return {
    state,
    boots,
    events: storedEvents(queries, commits, newest?.id ?? 0),
    tokens: storedTokens(tokens, now),
    answers: storedAnswers({ queries, now, explain }),
    audit: storedAuditLog({ queries, now, explain }),
    flush: () => commits.flush(),
    close: async () => {
      await commits.close();
      await queries.destroy();
    },
  };
}

/** Also while a service writes: it is read as of its last commit. */
export function readStoredState(stateDir: string): Promise<State> {
  return readStored(stateDir, kinds.state, () => readJsonState(stateDir));
}

/** As above. */
export function readStoredBoots(stateDir: string): Promise<BootLog> {
  return readStored(stateDir, kinds.boots, () => Promise.resolve({ boots: [] }));
}

async function readStored<T extends object>(
  stateDir: string,
  kind: ValueKind<T>,
  otherwise: () => Promise<T>,
): Promise<T> {
  const file = databaseFile(stateDir);
  if (!existsSync(file)) return otherwise();
  const connection = connectToRead(file);
  try {
    // Its writer died before it wrote anything.
    if (isNew(connection)) return await otherwise();
    requireKnownSchema(connection, file);
    return (await readValue(queriesOf(connection), kind, file)).value;
  } catch (error) {
    throw databaseError(file, error);
  } finally {
    connection.close();
  }
}

function queriesOf(connection: Connection): Kysely<Tables> {
  return new Kysely<Tables>({ dialect: new SqliteDialect({ database: connection }) });
}
