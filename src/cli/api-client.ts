/** Asks the running service: over its Unix socket, or over HTTP with a token (`--server URL --token-file F`). */
import { readFile } from 'node:fs/promises';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import path from 'node:path';
import type { Readable } from 'node:stream';

import type { Problem } from '../api/schemas/problem.ts';
import { HostError, UsageError } from '../model/errors.ts';

/** A text is the path of a Unix socket. */
export type ApiServer = string | { readonly url: URL; readonly token: string };

export type ApiAnswer =
  | { readonly kind: 'answer'; readonly status: number; readonly body: unknown; readonly etag?: string }
  /** Nobody listens on the socket: the caller works on the files itself, or says so. Never for `--server`. */
  | { readonly kind: 'no-service' };

export type ApiMethod = 'GET' | 'PUT' | 'POST' | 'DELETE' | 'PATCH';

const answerTimeoutMs = 30_000;

export const apiSocket = (runtimeDir: string) => path.join(runtimeDir, 'api.sock');

/** The service that this run of the command line is about. @throws UsageError, HostError when there is no token */
export async function apiServer(options: {
  readonly runtime: string;
  readonly server?: string;
  readonly tokenFile?: string;
}): Promise<ApiServer> {
  if (options.server === undefined) return apiSocket(path.resolve(options.runtime));
  return { url: parseServer(options.server), token: await readToken(options.tokenFile) };
}

/** @param route below /api/v1, for example /nodes */
export function request(
  server: ApiServer,
  method: ApiMethod,
  route: string,
  body?: unknown,
  options: { readonly ifMatch?: string | undefined } = {},
): Promise<ApiAnswer> {
  const content = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
  const headers = {
    ...(content !== undefined && { 'content-type': 'application/json', 'content-length': content.length }),
    ...(typeof server !== 'string' && { authorization: `Bearer ${server.token}` }),
    ...(options.ifMatch !== undefined && { 'if-match': options.ifMatch }),
  };
  return new Promise((resolve, reject) => {
    const take = (incoming: IncomingMessage) => {
      readAnswer(incoming).then(resolve, (error: unknown) => reject(noAnswer(server, error)));
    };
    const outgoing = open(server, { method, route: `/api/v1${route}`, headers }, take);
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
  options: { readonly ifMatch?: string | undefined } = {},
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
  const url = new URL(route, server.url);
  return url.protocol === 'https:' ? httpsRequest(url, options, take) : httpRequest(url, options, take);
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

function parseServer(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url;
  throw new UsageError(`"${text}" is not the address of a service`, {
    hint: 'Write it like http://127.0.0.1:8443.',
  });
}

async function readToken(file: string | undefined): Promise<string> {
  if (file === undefined) {
    throw new UsageError('--server needs --token-file', {
      hint: 'Make a token with "pi-image token create NAME --scope operate --out FILE" on the storage node.',
    });
  }
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (error) {
    throw new HostError(`cannot read the token in ${file}`, { cause: error });
  }
}

function noAnswer(server: ApiServer, cause: unknown): HostError {
  if (typeof server !== 'string') {
    const hint = 'Is it the right address, and does "pi-image serve" run there?';
    return new HostError(`the service on ${server.url.origin} did not answer`, { cause, hint });
  }
  const isDenied = (cause as NodeJS.ErrnoException).code === 'EACCES';
  return new HostError(`the service on ${server} did not answer`, {
    cause,
    hint: isDenied ? 'Run this as root or as a member of the group that owns the socket.' : 'Look at its log.',
  });
}
