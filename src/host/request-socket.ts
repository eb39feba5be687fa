/** One line asked per connection on a Unix socket, and one answered, with others before it as the work goes on. What the lines mean is not known here. */
import { chmod, chown, mkdir } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';

import { HostError } from '../model/errors.ts';
import { clearStaleSocket } from './unix-socket.ts';

/** A socket that systemd has opened, or a file that its maker and one group may connect to. */
export type RequestListen = { readonly fd: number } | { readonly file: string; readonly gid: number };

/**
 * Its signal aborts when whoever asked has gone, or wants no more than the end. Must not throw: then the connection is closed
 * without an answer.
 *
 * @param say a line before the answer
 */
export type AnswerLine = (line: string, signal: AbortSignal, say: (line: string) => void) => Promise<string>;

export interface RequestServer {
  readonly listen: RequestListen;
  readonly answer: AnswerLine;
  readonly longestBytes: number;
  readonly signal: AbortSignal;
  readonly ready: () => void;
}

const mostConnections = 64;
/** How long somebody may take to write a line. */
const lineTimeoutMs = 10_000;

/** Resolves when the signal has aborted. @throws HostError when it cannot listen */
export async function answerRequests({ listen, ready, signal, ...how }: RequestServer): Promise<void> {
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    serveOne(socket, how);
  });
  server.maxConnections = mostConnections;
  try {
    await listenOn(server, listen);
    ready();
    if (!signal.aborted) await once(signal, 'abort');
  } finally {
    for (const socket of open) socket.destroy();
    server.close();
  }
}

async function listenOn(server: Server, listen: RequestListen): Promise<void> {
  try {
    if ('file' in listen) {
      await mkdir(path.dirname(listen.file), { recursive: true });
      await clearStaleSocket(listen.file);
    }
    server.listen('fd' in listen ? { fd: listen.fd } : { path: listen.file });
    await once(server, 'listening');
    if (!('file' in listen)) return;
    // Made with the umask's rights: until here only its owner can connect.
    await chown(listen.file, process.getuid?.() ?? 0, listen.gid);
    await chmod(listen.file, 0o660);
  } catch (error) {
    if (error instanceof HostError) throw error;
    const place = 'fd' in listen ? 'the socket of systemd' : listen.file;
    throw new HostError(`cannot listen on ${place}`, { cause: error, hint: 'Run it as root.' });
  }
}

/** The end of the other side's stream means that nobody wants what was asked for any more; the answer is still told. */
function serveOne(socket: Socket, { answer, longestBytes }: Pick<RequestServer, 'answer' | 'longestBytes'>): void {
  const gone = new AbortController();
  const stop = () => gone.abort(new Error('whoever asked has gone'));
  const end = () => {
    stop();
    socket.destroy();
  };
  socket.on('error', end);
  socket.on('end', stop);
  socket.on('close', end);
  socket.setTimeout(lineTimeoutMs, end);
  const line = firstLine(socket, longestBytes);
  const reply = async () => {
    const asked = await line;
    socket.setTimeout(0);
    socket.end(await answer(asked, gone.signal, (said) => void socket.write(said)));
  };
  reply().catch(end);
}

/** @returns without its line end; rejects when the stream ends before there is one, or it is too long */
function firstLine(socket: Socket, longestBytes: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const take = (chunk: Buffer) => {
      const end = chunk.indexOf('\n');
      chunks.push(end === -1 ? chunk : chunk.subarray(0, end));
      bytes += chunk.length;
      if (bytes > longestBytes) reject(new Error('the line is too long'));
      if (end === -1) return;
      socket.off('data', take);
      // What comes after it is read and thrown away: else the end of the stream would not be seen.
      socket.resume();
      resolve(Buffer.concat(chunks).toString('utf8'));
    };
    socket.on('data', take);
    for (const event of ['end', 'close'] as const) {
      socket.once(event, () => reject(new Error('the connection was closed before a line came')));
    }
  });
}

/** @param line with its line end @returns the answer without one. @throws HostError when nobody answers */
export async function requestOnce(
  file: string,
  line: string,
  options: { readonly longestBytes: number; readonly signal: AbortSignal },
): Promise<string> {
  options.signal.throwIfAborted();
  const socket = connect({ path: file });
  const stop = () => socket.destroy(options.signal.reason as Error);
  options.signal.addEventListener('abort', stop, { once: true });
  try {
    await once(socket, 'connect');
    const answer = firstLine(socket, options.longestBytes);
    // It rejects below, and also when writing has failed already.
    answer.catch(() => undefined);
    const failed = new Promise<never>((_, reject) => socket.once('error', reject));
    failed.catch(() => undefined);
    socket.write(line);
    return await Promise.race([answer, failed]);
  } catch (error) {
    options.signal.throwIfAborted();
    throw noAnswer(file, error);
  } finally {
    options.signal.removeEventListener('abort', stop);
    socket.destroy();
  }
}

/**
 * @param options.signal no more is wanted: the rest is waited for all the same
 * @throws HostError when nobody answers
 */
export async function requestLines(
  file: string,
  line: string,
  options: { readonly signal: AbortSignal; readonly onLine: (line: string) => void },
): Promise<void> {
  const socket = connect({ path: file, allowHalfOpen: true });
  try {
    await once(socket, 'connect');
    const lines = createInterface(socket);
    socket.write(line);
    const stop = () => socket.end();
    if (options.signal.aborted) stop();
    else options.signal.addEventListener('abort', stop, { once: true });
    for await (const said of lines) options.onLine(said);
    options.signal.removeEventListener('abort', stop);
  } catch (error) {
    throw noAnswer(file, error);
  } finally {
    socket.destroy();
  }
}

function noAnswer(file: string, cause: unknown): HostError {
  return new HostError(`nobody answers on ${file}`, {
    cause,
    hint: 'Look at the helper: "systemctl status pi-image-helper".',
  });
}
