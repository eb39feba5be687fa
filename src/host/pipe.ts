/** Programs that bytes flow through: no file in between, and nothing of them kept in memory. */
import { spawn, type ChildProcess } from 'node:child_process';
import type { FileHandle } from 'node:fs/promises';
import type { Writable } from 'node:stream';

import { HostError } from '../model/errors.ts';
import { cannotStart, type Argv } from './process.ts';

export interface PipeOptions {
  /** A file is given to the program as it is. */
  readonly from: FileHandle | AsyncIterable<Uint8Array>;
  readonly to: FileHandle;
  readonly signal: AbortSignal;
  /** Said when the program fails. */
  readonly hint: string;
}

/** @throws what the source throws, else HostError when the program fails */
export async function pipeThrough(argv: Argv, { from, to, signal, hint }: PipeOptions): Promise<void> {
  const [program, ...args] = argv;
  const child = spawn(program, args, { stdio: ['fd' in from ? from.fd : 'pipe', to.fd, 'pipe'], signal });
  const ended = ending(child, argv, { signal, hint });
  const fed = feed(child, from, ended);
  throwFirst(await Promise.allSettled([fed, ended]));
}

/** What a program writes. @throws what the source throws, else HostError at the end when the program fails */
export async function* readThrough(
  argv: Argv,
  { from, signal, hint }: Omit<PipeOptions, 'from' | 'to'> & { readonly from?: PipeOptions['from'] },
): AsyncGenerator<Uint8Array> {
  const [program, ...args] = argv;
  const stdin = from === undefined ? 'ignore' : 'fd' in from ? from.fd : 'pipe';
  const child = spawn(program, args, { stdio: [stdin, 'pipe', 'pipe'], signal });
  const ended = ending(child, argv, { signal, hint });
  const fed = from === undefined ? Promise.resolve() : feed(child, from, ended);
  // They are waited for below; until then nobody listens.
  const both = Promise.allSettled([fed, ended]);
  try {
    if (child.stdout !== null) for await (const chunk of child.stdout) yield chunk as Buffer;
    throwFirst(await both);
  } finally {
    child.kill();
  }
}

/**
 * A program that has had enough, as tar has at the end of an archive, is judged by how it ends; what is left of the
 * source is read all the same, since somebody counts or sums it.
 */
async function feed({ stdin }: ChildProcess, from: PipeOptions['from'], ended: Promise<void>): Promise<void> {
  if ('fd' in from || stdin === null) return;
  let hasFailed = false;
  ended.catch(() => {
    hasFailed = true;
  });
  stdin.on('error', () => undefined);
  try {
    for await (const chunk of from) {
      if (hasFailed) return;
      if (!stdin.destroyed && !stdin.write(chunk)) await drained(stdin);
    }
  } finally {
    stdin.end();
  }
}

function drained(stdin: Writable): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      stdin.off('drain', done).off('close', done);
      resolve();
    };
    stdin.on('drain', done).on('close', done);
  });
}

/** A source that fails cuts the input short, so both fail; it is the reason. */
function throwFirst([feeding, end]: readonly [PromiseSettledResult<void>, PromiseSettledResult<void>]): void {
  if (feeding.status === 'rejected') throw feeding.reason;
  if (end.status === 'rejected') throw end.reason;
}

function ending(
  child: ChildProcess,
  argv: Argv,
  { signal, hint }: Pick<PipeOptions, 'signal' | 'hint'>,
): Promise<void> {
  const stderr: Buffer[] = [];
  child.stderr?.on('data', (chunk: Buffer) => stderr.push(chunk));
  return new Promise<void>((resolve, reject) => {
    child.on('error', (error: NodeJS.ErrnoException) => {
      reject(signal.aborted ? (signal.reason as Error) : cannotStart(argv[0], error));
    });
    child.on('close', (code) => {
      if (code === 0) return resolve();
      reject(new HostError(`"${argv.join(' ')}" failed: ${Buffer.concat(stderr).toString('utf8').trim()}`, { hint }));
    });
  });
}
