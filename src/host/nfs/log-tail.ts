/** Waits for a line that another program writes to its log. */
import { open, stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

import { HostError } from '../../model/errors.ts';

interface WaitOptions {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** The program whose log it is: when it ends, nothing more will come. */
  readonly isAlive: () => Promise<boolean>;
}

export type LogTail = (sentence: string, options: WaitOptions) => Promise<string>;

const pollMs = 50;
const shownLines = 5;

/** Everything that is written from now on; an existing log's content is skipped. */
export async function tailLog(file: string): Promise<LogTail> {
  const start = await sizeOf(file);
  return async (sentence, { timeoutMs, signal, isAlive }) => {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const isLast = !(await isAlive());
      const text = await readFrom(file, start);
      if (text.includes(sentence)) return text;
      if (isLast) throw withReason(`it ended before it wrote "${sentence}"`, file, text);
      if (Date.now() >= deadline) throw withReason(`no "${sentence}" within ${timeoutMs / 1000} s`, file, text);
      await sleep(pollMs, undefined, { signal });
    }
  };
}

function withReason(message: string, file: string, text: string): HostError {
  const lines = text.trim().split('\n').slice(-shownLines).join('\n');
  return new HostError(`${message}\n${lines}`, { hint: `Read ${file}.` });
}

async function sizeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size;
  } catch {
    // No log yet: all of it will be new.
    return 0;
  }
}

async function readFrom(file: string, start: number): Promise<string> {
  if ((await sizeOf(file)) <= start) return '';
  const handle = await open(file, 'r');
  try {
    const { size } = await handle.stat();
    const bytes = Buffer.alloc(Math.max(0, size - start));
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, start);
    return bytes.toString('utf8', 0, bytesRead);
  } finally {
    await handle.close();
  }
}
