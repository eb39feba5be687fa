/** One JSON file, kept in memory and written by one writer: changes queue up, and all that wait go out in one write. */
import { readFile } from 'node:fs/promises';

import { ConfigError, HostError } from '../model/errors.ts';
import { writeFileAtomically } from './atomic-file.ts';

/** What zod's schemas offer; files of the state directory are checked like any input. */
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
  readonly mode: number;
}

export interface JsonFile<T> {
  /** With all changes that were asked for, also those still on their way to the disk. */
  readonly current: () => T;
  /** Resolves when the change is on the disk. When it cannot be written it is taken back, and the promise rejects. */
  readonly update: (change: (value: T) => T) => Promise<void>;
  /** Changes the value now; it reaches the disk with the next update or within `amendDelayMs`. */
  readonly amend: (change: (value: T) => T) => void;
  /** Writes what is amended and waits for all writes. */
  readonly flush: () => Promise<void>;
}

const amendDelayMs = 1000;

interface Pending<T> {
  readonly change: (value: T) => T;
  /** Somebody waits for it; else it goes out with the next write, and is tried again when that fails. */
  readonly settle?: { readonly resolve: () => void; readonly reject: (error: unknown) => void };
}

export async function openJsonFile<T>(options: JsonFileOptions<T>): Promise<JsonFile<T>> {
  let committed: T = await readJsonFile(options);
  let current: T = committed;
  let pending: Pending<T>[] = [];
  let writing: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;

  const writeOnce = async () => {
    const batch = pending;
    const value = current;
    pending = [];
    try {
      await writeFileAtomically(options.file, `${JSON.stringify(value, null, 1)}\n`, options.mode);
      committed = value;
      for (const { settle } of batch) settle?.resolve();
    } catch (error) {
      // What nobody waits for is kept, and later changes stand on their own: both are applied again.
      pending = [...batch.filter(({ settle }) => settle === undefined), ...pending];
      current = pending.reduce((sum, { change }) => change(sum), committed);
      for (const { settle } of batch) settle?.reject(error);
    }
  };
  const writeAll = async () => {
    // One turn of the event loop: all requests that arrived together share the write.
    await new Promise<void>((resolve) => setImmediate(resolve));
    do await writeOnce();
    while (pending.some(({ settle }) => settle !== undefined));
    writing = undefined;
    if (pending.length > 0) writeSoon();
  };
  const writeSoon = () => {
    timer ??= setTimeout(() => {
      timer = undefined;
      writing ??= writeAll();
    }, amendDelayMs).unref();
  };
  const push = (entry: Pending<T>) => {
    current = entry.change(current);
    pending.push(entry);
  };
  const update = (change: (value: T) => T) =>
    new Promise<void>((resolve, reject) => {
      push({ change, settle: { resolve, reject } });
      writing ??= writeAll();
    });
  const amend = (change: (value: T) => T) => {
    push({ change });
    writeSoon();
  };
  const flush = async () => {
    clearTimeout(timer);
    timer = undefined;
    await writing;
    if (pending.length > 0) await writeOnce();
  };
  return { current: () => current, update, amend, flush };
}

/** @throws ConfigError that names the file when it is damaged; the file is left as it is. */
export async function readJsonFile<T>(options: Omit<JsonFileOptions<T>, 'mode'>): Promise<T> {
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
