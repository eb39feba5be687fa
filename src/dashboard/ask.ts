/** Asks the service: JSON there and back, with the token, and its refusals as errors with what to do. */
import type { Problem } from '../api/schemas/problem.ts';

/** What the service said no to, or that it said nothing. */
export class AskError extends Error {
  /** 0: there was no answer. */
  readonly status: number;
  readonly hint: string | undefined;
  readonly problems: readonly string[];

  constructor(
    message: string,
    status: number,
    { hint, problems = [] }: { hint?: string | undefined; problems?: readonly string[] } = {},
  ) {
    super(message);
    this.name = 'AskError';
    this.status = status;
    this.hint = hint;
    this.problems = problems;
  }
}

export interface Asked {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'PATCH';
  readonly body?: unknown;
  readonly dryRun?: boolean;
  readonly signal?: AbortSignal;
}

export interface Service {
  /** @param path below /api/v1. @throws AskError */
  readonly ask: <Answer>(path: string, asked?: Asked) => Promise<Answer>;
  /** The body of a stream. @throws AskError */
  readonly stream: (
    path: string,
    lastEventId: number | undefined,
    signal: AbortSignal,
  ) => Promise<ReadableStream<Uint8Array>>;
}

export function serviceOf(token: string): Service {
  const headers = { authorization: `Bearer ${token}` };
  return {
    ask: async <Answer>(path: string, { method = 'GET', body, dryRun, signal }: Asked = {}) => {
      const query = dryRun === true ? '?dryRun=true' : '';
      const response = await send(`/api/v1${path}${query}`, {
        method,
        headers: {
          ...headers,
          accept: 'application/json',
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        ...(signal !== undefined && { signal }),
      });
      return (await response.json()) as Answer;
    },
    stream: async (path, lastEventId, signal) => {
      const after = lastEventId === undefined ? {} : { 'last-event-id': String(lastEventId) };
      const response = await send(`/api/v1${path}`, {
        headers: { ...headers, ...after, accept: 'text/event-stream' },
        signal,
      });
      if (response.body === null) throw new AskError('the service sends no stream', response.status);
      return response.body;
    },
  };
}

async function send(url: string, init: RequestInit): Promise<Response> {
  const response = await fetch(url, { ...init, credentials: 'omit', redirect: 'error' }).catch((error: unknown) => {
    if (init.signal?.aborted === true) throw error;
    throw new AskError('the service does not answer', 0, {
      hint: 'It may start again right now; look at the network.',
    });
  });
  if (response.ok) return response;
  const problem = (await response.json().catch(() => ({}))) as Partial<Problem>;
  throw new AskError(problem.title ?? `the service answered ${response.status}`, response.status, {
    hint: problem.detail,
    ...(problem.problems !== undefined && { problems: problem.problems }),
  });
}
