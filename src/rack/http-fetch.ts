/** GET as the loader in an EEPROM does it: one connection per file, no redirect, and on from where it broke off. */
import { get, type IncomingMessage } from 'node:http';

export interface HttpAsked {
  readonly url: string;
  readonly agent: string;
  readonly signal: AbortSignal;
}

export type HttpResult =
  { readonly kind: 'loaded'; readonly bytes: Uint8Array } | { readonly kind: 'missing'; readonly reason: string };

const attempts = 5;
/** Longest silence of the server. */
const silenceMs = 30_000;

export async function fetchHttp(asked: HttpAsked): Promise<HttpResult> {
  const parts: Uint8Array[] = [];
  let reason = '';
  for (let attempt = 0; attempt < attempts; attempt++) {
    asked.signal.throwIfAborted();
    const end = await fetchRest(asked, parts);
    if (end.kind === 'complete') return { kind: 'loaded', bytes: Buffer.concat(parts) };
    if (end.kind === 'refused') return { kind: 'missing', reason: end.reason };
    ({ reason } = end);
  }
  return { kind: 'missing', reason };
}

type End =
  | { readonly kind: 'complete' }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'broken'; readonly reason: string };

/** Adds what comes to `parts`, and goes on behind what is there. */
function fetchRest({ url, agent, signal }: HttpAsked, parts: Uint8Array[]): Promise<End> {
  const from = sizeOf(parts);
  const headers = {
    'user-agent': agent,
    connection: 'close',
    ...(from > 0 && { range: `bytes=${from}-` }),
  };
  return new Promise((resolve) => {
    const broken = (error: Error) => resolve({ kind: 'broken', reason: error.message });
    const request = get(url, { headers, signal, timeout: silenceMs, agent: false }, (response) => {
      const refusal = whyRefused(response, from);
      if (refusal !== undefined) {
        response.destroy();
        return resolve({ kind: 'refused', reason: refusal });
      }
      response.on('data', (chunk: Buffer) => parts.push(chunk));
      response.on('end', () => resolve({ kind: 'complete' }));
      response.on('error', broken);
    });
    request.on('timeout', () => request.destroy(new Error(`no byte in ${silenceMs / 1000} s`)));
    request.on('error', broken);
  });
}

/** The loader reads Content-Length and nothing in chunks. */
function whyRefused({ statusCode, headers }: IncomingMessage, from: number): string | undefined {
  const wanted = from > 0 ? 206 : 200;
  if (statusCode !== wanted) return `the server answers ${statusCode}`;
  return headers['content-length'] === undefined ? 'the answer has no Content-Length' : undefined;
}

const sizeOf = (parts: readonly Uint8Array[]) => parts.reduce((sum, part) => sum + part.byteLength, 0);
