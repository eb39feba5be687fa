/** Answers to requests with a key, for whoever repeats one: kept for a day, over restarts. */
import type { Kysely, Selectable } from 'kysely';

import type { AnswerMemory, KeptAnswer, KeyedRequest, KeyState } from '../../model/kept-answer.ts';
import type { AnswerTable, Tables } from './tables.ts';

export const keptAnswerMs = 24 * 3_600_000;
/** Beyond it the oldest one goes. */
const mostAnswers = 10_000;

export interface AnswersOptions {
  readonly queries: Kysely<Tables>;
  readonly now: () => number;
  /** What a failed write is told as. */
  readonly explain: (error: unknown) => unknown;
}

export function storedAnswers({ queries, now, explain }: AnswersOptions): AnswerMemory {
  const explained = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      throw explain(error);
    }
  };
  return {
    begin: (request) => explained(begin(queries, request, now())),
    finish: async (key, answer) => {
      const text = JSON.stringify(answer);
      await explained(queries.updateTable('answers').set({ answer: text }).where('key', '=', key).execute());
    },
    forget: async (key) => {
      await explained(queries.deleteFrom('answers').where('key', '=', key).execute());
    },
  };
}

async function begin(queries: Kysely<Tables>, { key, request }: KeyedRequest, nowMs: number): Promise<KeyState> {
  await queries
    .deleteFrom('answers')
    .where('at_ms', '<=', nowMs - keptAnswerMs)
    .execute();
  const taken = await queries
    .insertInto('answers')
    .values({ key, request, at_ms: nowMs, answer: null })
    .onConflict((conflict) => conflict.column('key').doNothing())
    .returning('id')
    .executeTakeFirst();
  if (taken !== undefined) {
    await queries
      .deleteFrom('answers')
      .where('id', '<=', taken.id - mostAnswers)
      .execute();
    return { kind: 'new' };
  }
  const found = await queries.selectFrom('answers').selectAll().where('key', '=', key).executeTakeFirst();
  return found === undefined ? begin(queries, { key, request }, nowMs) : keyState(found, request);
}

function keyState(found: Selectable<AnswerTable>, request: string): KeyState {
  if (found.request !== request) return { kind: 'other-request' };
  if (found.answer === null) return { kind: 'unfinished' };
  // Written by `finish` alone.
  return { kind: 'answered', answer: JSON.parse(found.answer) as KeptAnswer };
}
