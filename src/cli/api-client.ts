/** Asks the running service: over its Unix socket, or with a token over HTTP (`--server URL --token-file F`). */
import { randomUUID } from 'node:crypto';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import path from 'node:path';
import type { Readable } from 'node:stream';

import type { Problem } from '../api/schemas/problem.ts';
import { HostError } from '../model/errors.ts';
import { openRemote, remoteServer, type RemoteFlags, type RemoteServer } from './remote-server.ts';
import { BrokenConnection, NoConnection, repeated } from './repeat-request.ts';

/** A text is the path of a Unix socket. */
export type ApiServer = string | RemoteServer;

export type ApiAnswer =
  | { readonly kind: 'answer'; readonly status: number; readonly body: unknown; readonly etag?: string }
  /** Nobody listens on the socket: the caller works on the files itself, or says so. Never for `--server`. */
  | { readonly kind: 'no-service' };

export type ApiMethod = 'GET' | 'PUT' | 'POST' | 'DELETE' | 'PATCH';

const answerTimeoutMs = 30_000;

export const apiSocket = (runtimeDir: string) => path.join(runtimeDir, 'api.sock');

/** The service that this run of the command line is about. @throws UsageError, HostError when there is no token */
export async function apiServer(options: RemoteFlags & { readonly runtime: string }): Promise<ApiServer> {
  return (await remoteServer(options)) ?? apiSocket(path.resolve(options.runtime));
}

interface RequestOptions {
  readonly ifMatch?: string | undefined;
  /** Between attempts, when the connection breaks. */
  readonly pausesMs?: readonly number[];
}

/** Asked twice, they do what they do once; a POST by its key. */
const mayRepeat: ReadonlySet<ApiMethod> = new Set(['GET', 'POST']);

/** @param route below /api/v1, for example /nodes */
export function request(
  server: ApiServer,
  method: ApiMethod,
  route: string,
  body?: unknown,
  { ifMatch, pausesMs }: RequestOptions = {},
): Promise<ApiAnswer> {
  const content = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
  const headers = {
    ...(content !== undefined && { 'content-type': 'application/json', 'content-length': content.length }),
    ...(typeof server !== 'string' && { authorization: `Bearer ${server.token}` }),
    ...(ifMatch !== undefined && { 'if-match': ifMatch }),
    // The same in each attempt: the service carries it out once.
    ...(method === 'POST' && { 'idempotency-key': randomUUID() }),
  };
  const ask = () => askOnce(server, { method, route: `/api/v1${route}`, headers }, content);
  return mayRepeat.has(method) ? repeated({ ask, isAway: ({ kind }) => kind === 'no-service', pausesMs }) : ask();
}

function askOnce(server: ApiServer, asked: Outgoing, content: Buffer | undefined): Promise<ApiAnswer> {
  return new Promise((resolve, reject) => {
    const take = (incoming: IncomingMessage) => {
      readAnswer(incoming).then(resolve, (error: unknown) => reject(noAnswer(server, error)));
    };
    const outgoing = open(server, asked, take);
    outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer within ${answerTimeoutMs / 1000} s`)));
    outgoing.on('error', (error: NodeJS.ErrnoException) => {
      const isNobody = error.code === 'ENOENT' || error.code === 'ECONNREFUSED';
      if (isNobody && typeof server === 'string') return resolve({ kind: 'no-service' });
      reject(noAnswer(server, error));
    });
    outgoing.end(content);
  });
}

/** The answer's body, or the service's own message and hint as an error. */
export async function requestOk(
  server: ApiServer,
  method: ApiMethod,
  route: string,
  body?: unknown,
  options: RequestOptions = {},
): Promise<ApiAnswer> {
  return requireOk(await request(server, method, route, body, options));
}

export function requireOk(answer: ApiAnswer): ApiAnswer {
  if (answer.kind === 'no-service' || answer.status < 400) return answer;
  const { title, detail, problems = [] } = (answer.body ?? {}) as Partial<Problem>;
  const message = problems.length > 1 ? `${problems.length} problems\n${problems.join('\n')}` : title;
  throw new HostError(message ?? `the service answered ${answer.status}`, {
    ...(detail !== undefined && { hint: detail }),
  });
}

/** An answer that goes on for as long as `signal` lets it; undefined when there is none of that kind. */
export function requestStream(server: ApiServer, route: string, signal: AbortSignal): Promise<Readable | undefined> {
  const headers = typeof server === 'string' ? {} : { authorization: `Bearer ${server.token}` };
  return new Promise((resolve) => {
    const outgoing = open(server, { method: 'GET', route: `/api/v1${route}`, headers }, (incoming) => {
      if (incoming.statusCode === 200) return resolve(incoming);
      incoming.destroy();
      resolve(undefined);
    });
    const stop = () => outgoing.destroy();
    outgoing.on('timeout', stop);
    outgoing.on('error', () => resolve(undefined));
    outgoing.on('close', () => signal.removeEventListener('abort', stop));
    signal.addEventListener('abort', stop, { once: true });
    outgoing.end();
  });
}

interface Outgoing {
  readonly method: ApiMethod;
  readonly route: string;
  readonly headers: Readonly<Record<string, string | number>>;
}

function open(server: ApiServer, { method, route, headers }: Outgoing, take: (incoming: IncomingMessage) => void) {
  const options = { method, headers, timeout: answerTimeoutMs };
  if (typeof server === 'string') return httpRequest({ ...options, socketPath: server, path: route }, take);
  return openRemote(server, route, options, take);
}

async function readAnswer(incoming: IncomingMessage): Promise<ApiAnswer> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const body = parseBody(Buffer.concat(chunks).toString('utf8'));
  const { etag } = incoming.headers;
  return { kind: 'answer', status: incoming.statusCode ?? 0, body, ...(etag !== undefined && { etag }) };
}

/** Whatever speaks on that socket without JSON is shown as the text it sent. */
function parseBody(text: string): unknown {
  try {
    return text === '' ? undefined : (JSON.parse(text) as unknown);
  } catch {
    return text;
  }
}

/** It was open, and then it was not. */
const broken: ReadonlySet<string | undefined> = new Set(['ECONNRESET', 'EPIPE']);

function noAnswer(server: ApiServer, cause: unknown): HostError {
  if (cause instanceof HostError) return cause;
  const { code } = cause as NodeJS.ErrnoException;
  const where = typeof server === 'string' ? server : server.url.origin;
  const message = `the service on ${where} did not answer`;
  const told = { cause, hint: hintFor(server, code) };
  if (broken.has(code)) return new BrokenConnection(message, told);
  return code === 'ECONNREFUSED' ? new NoConnection(message, told) : new HostError(message, told);
}

function hintFor(server: ApiServer, code: string | undefined): string {
  if (typeof server !== 'string') return 'Is it the right address, and does "pi-image serve" run there?';
  const isDenied = code === 'EACCES';
  return isDenied ? 'Run this as root or as a member of the group that owns the socket.' : 'Look at its log.';
}
