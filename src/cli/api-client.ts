/** Asks the running service over its Unix socket. */
import { request as httpRequest } from 'node:http';
import path from 'node:path';

import { HostError } from '../model/errors.ts';

export type ApiAnswer =
  | { readonly kind: 'answer'; readonly status: number; readonly body: unknown }
  /** Nobody listens on the socket: the caller works on the files itself, or says so. */
  | { readonly kind: 'no-service' };

export type ApiMethod = 'GET' | 'PUT' | 'POST' | 'DELETE' | 'PATCH';

const answerTimeoutMs = 30_000;

export const apiSocket = (runtimeDir: string) => path.join(runtimeDir, 'api.sock');

/** @param route below /api/v1, for example /nodes */
export function request(socketPath: string, method: ApiMethod, route: string, body?: unknown): Promise<ApiAnswer> {
  const content = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(
      {
        socketPath,
        method,
        path: `/api/v1${route}`,
        headers: content === undefined ? {} : { 'content-type': 'application/json', 'content-length': content.length },
        timeout: answerTimeoutMs,
      },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('error', (error) => reject(noAnswer(socketPath, error)));
        incoming.on('end', () => {
          const answered = parseBody(Buffer.concat(chunks).toString('utf8'));
          resolve({ kind: 'answer', status: incoming.statusCode ?? 0, body: answered });
        });
      },
    );
    outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer within ${answerTimeoutMs / 1000} s`)));
    outgoing.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED') return resolve({ kind: 'no-service' });
      reject(noAnswer(socketPath, error));
    });
    outgoing.end(content);
  });
}

/** The answer's body, or the service's own message and hint as an error. */
export async function requestOk(
  socketPath: string,
  method: ApiMethod,
  route: string,
  body?: unknown,
): Promise<{ readonly kind: 'answer'; readonly body: unknown } | { readonly kind: 'no-service' }> {
  const answer = await request(socketPath, method, route, body);
  if (answer.kind === 'no-service' || answer.status < 400) return answer;
  const problem = answer.body as { title?: string; detail?: string } | undefined;
  throw new HostError(problem?.title ?? `the service answered ${answer.status}`, {
    ...(problem?.detail !== undefined && { hint: problem.detail }),
  });
}

/** Whatever speaks on that socket without JSON is shown as the text it sent. */
function parseBody(text: string): unknown {
  try {
    return text === '' ? undefined : (JSON.parse(text) as unknown);
  } catch {
    return text;
  }
}

function noAnswer(socketPath: string, cause: unknown): HostError {
  const isDenied = (cause as NodeJS.ErrnoException).code === 'EACCES';
  return new HostError(`the service on ${socketPath} did not answer`, {
    cause,
    hint: isDenied ? 'Run this as root or as a member of the group that owns the socket.' : 'Look at its log.',
  });
}
