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
  const result = options.schema.safeParse(parseJson(text, file));
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw damaged(file, `${issue?.path.map(String).join('.') ?? ''}: ${issue?.message ?? 'not as expected'}`);
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw damaged(file, (error as Error).message);
  }
}

function damaged(file: string, reason: string): ConfigError {
  return new ConfigError(`${file} is damaged: ${reason}`, {
    hint: `Restore it from a backup, or move it away ("mv ${file} ${file}.damaged") to start with an empty one. Nothing was overwritten.`,
  });
}
