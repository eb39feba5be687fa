/** JSON files of the state directory, checked like any input. */
import { readFile } from 'node:fs/promises';

import { ConfigError, HostError } from '../model/errors.ts';

/** What zod's schemas offer. */
export interface Schema<T> {
  safeParse(
    input: unknown,
  ):
    | { success: true; data: T }
    | { success: false; error: { issues: readonly { path: readonly PropertyKey[]; message: string }[] } };
}

export interface JsonFileOptions<T> {
  readonly file: string;
  readonly schema: Schema<T>;
  /** The value when there is no file yet. */
  readonly empty: T;
}

/** @throws ConfigError that names the file when it is damaged; the file is left as it is. */
export async function readJsonFile<T>(options: JsonFileOptions<T>): Promise<T> {
  const { file } = options;
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return options.empty;
    throw new HostError(`cannot read ${file}`, { cause: error, hint: 'Run pi-image as root.' });
  }
  return parseJson(text, options.schema, ({ at = '', message }) =>
    damaged(file, at === '' ? message : `${at}: ${message}`),
  );
}

/** Why a text is not what it should be. */
export interface JsonProblem {
  /** Where in it; undefined: it is no JSON at all. */
  readonly at: string | undefined;
  readonly message: string;
  readonly cause?: unknown;
}

/** @param explain makes the error that is thrown */
export function parseJson<T>(text: string, schema: Schema<T>, explain: (problem: JsonProblem) => Error): T {
  const result = schema.safeParse(parseText(text, explain));
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw explain({ at: issue?.path.map(String).join('.') ?? '', message: issue?.message ?? 'not as expected' });
}

function parseText(text: string, explain: (problem: JsonProblem) => Error): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw explain({ at: undefined, message: (error as Error).message, cause: error });
  }
}

function damaged(file: string, reason: string): ConfigError {
  return new ConfigError(`${file} is damaged: ${reason}`, {
    hint: `Restore it from a backup, or move it away ("mv ${file} ${file}.damaged") to start with an empty one. Nothing was overwritten.`,
  });
}
