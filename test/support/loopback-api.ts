/** The API on a free port of this machine, and a client that may send any header. */
import { once } from 'node:events';
import { createServer, request, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

import { onTestFinished } from 'vitest';

import type { ApiActions } from '../../src/api/actions.ts';
import { apiApp, type ApiAppOptions } from '../../src/api/app.ts';

export interface Sent {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly json: unknown;
}

export interface LoopbackApi {
  readonly port: number;
  /** Ends the service. */
  readonly stop: AbortController;
  readonly warnings: string[];
  /** @param path with /api/v1 */
  readonly ask: (path: string, sent?: Sent) => Promise<Answered>;
}

export async function loopbackApi(actions: ApiActions, options: Partial<ApiAppOptions> = {}): Promise<LoopbackApi> {
  const stop = new AbortController();
  const warnings: string[] = [];
  const log = { info: () => undefined, warn: (event: string) => void warnings.push(event) };
  const common = { actions, log, version: '0.1.0', now: () => Date.now(), signal: stop.signal };
  const server = createServer(apiApp({ ...common, listener: 'loopback', ...options })).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    stop.abort();
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  return { port, stop, warnings, ask: (path, sent = {}) => ask(port, path, sent) };
}

function ask(port: number, path: string, { method = 'GET', headers = {}, body }: Sent): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port, path, method, headers: { ...headers, connection: 'close' } });
    outgoing.on('response', (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        // A stream of events has no end: its begin is enough here.
        if (incoming.headers['content-type']?.startsWith('text/event-stream') === true) incoming.destroy();
      });
      incoming.on('error', () => undefined);
      incoming.on('close', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text, json: parse(text) });
      });
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
